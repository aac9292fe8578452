"""Kept originals as files and rows: put in, found again, given back. Row functions run in a transaction."""

import errno
import hashlib
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from transload.kinds import Fault
from transload.ledger.rows import AnyRow
from transload.ledger.schema import items, quarantine
from transload.model import Held, Item, ItemKind

CHUNK_BYTES = 1 << 20
HasRoom = Callable[[Path], bool]
"""Whether the disk of a folder has room for what is only kept."""


def put_in(folder: Path, name: str, held: Held, has_room: HasRoom) -> bool:
    """Move the bytes to `name` in the folder; False where only a reference can be kept. May be repeated."""
    if held.users_own:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    if held.path == folder / name:
        return True
    if not has_room(folder):
        return False
    try:
        shutil.move(held.path, folder / name)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        (folder / name).unlink(missing_ok=True)
        return False
    return True


def write_kept(  # noqa: PLR0913  a row of the table
    db: Connection, item: Item, held: Held, fault: Fault, file: str | None, new_id: str, now_ms: int
) -> None:
    """The row of a kept original; one kept before has its id and time still, and the new reason."""
    values = {
        "reason": fault.as_dict(),
        "file": file,
        "size_bytes": held.size_bytes,
        "sha256": held.sha256,
        "complete": held.complete,
    }
    mine = quarantine.c.item_id == item.id
    if db.execute(update(quarantine).where(mine).values(**values)).rowcount:
        return
    own = {"id": new_id, "job_id": item.job_id, "item_id": item.id, "name": item.name}
    db.execute(insert(quarantine).values(**own, **values, created_ms=now_ms))


def usable_of(db: Connection, item_id: int) -> AnyRow | None:
    """The row of an original from which its item can be sent without its source, or None.

    What is not all of its entry is read from the source again; an archive is read where it lies.
    """
    query = (
        select(quarantine)
        .join(items, items.c.id == quarantine.c.item_id)
        .where(quarantine.c.item_id == item_id, quarantine.c.file.is_not(None))
        .where(quarantine.c.complete, items.c.kind != ItemKind.ARCHIVE.value)
    )
    return db.execute(query).first()


def is_kept(db: Connection, item_id: int) -> bool:
    """Whether the quarantine has anything of the item, a reference too."""
    query = select(quarantine.c.id).where(quarantine.c.item_id == item_id)
    return db.execute(query).first() is not None


def fingerprint(path: Path) -> Held | None:
    """Size and sums of a file, read through; None when it is not there."""
    digest, crc, size = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
    except OSError:
        return None
    return Held(path, size, crc, digest.hexdigest())
