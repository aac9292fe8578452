"""Kept originals: put in as files and rows, listed, put back to work, dropped. Clean-up never removes them."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, delete, insert, or_, select, update

from transload.errors import BugError, UnknownJobError, is_disk_full
from transload.events import OriginalDropped
from transload.faults import Fault, NextStep, Step
from transload.ledger.database import Database
from transload.ledger.moves import Move, apply
from transload.ledger.rows import AnyRow, announce, fault_to_json, quarantine_of
from transload.ledger.schema import items, quarantine
from transload.model import Held, Item, ItemKind, ItemState, QuarantineRecord
from transload.sums import fingerprint_of

DROPPED = Step(NextStep.READ_AGAIN)


class Quarantine:
    """The quarantine folder with its rows."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    async def listed(self, prefix: str = "") -> list[QuarantineRecord]:
        """Kept originals whose id, or whose job's id, begins with `prefix`; oldest first."""
        upper = prefix.upper()

        def act(db: Connection) -> list[QuarantineRecord]:
            query = select(quarantine).where(
                or_(quarantine.c.id.startswith(upper), quarantine.c.job_id.startswith(upper))
            )
            return [
                quarantine_of(row, self.folder)
                for row in db.execute(query.order_by(quarantine.c.created_ms, quarantine.c.item_id))
            ]

        return await self.database.read(act)

    async def one(self, prefix: str) -> QuarantineRecord:
        """The one original whose id begins so. Raises UnknownJobError."""
        found = await self.listed(prefix)
        if len(found) != 1:
            many = (
                "more than one kept original's id begins"
                if found
                else "no kept original's id begins"
            )
            raise UnknownJobError(
                f"{many} with {prefix!r}", suggestion=Step(NextStep.LIST_QUARANTINE)
            )
        return found[0]

    async def items_by_job(self, prefixes: Sequence[str]) -> dict[str, list[int]]:
        """The items of kept originals by their jobs, an original for each prefix. Raises UnknownJobError."""
        found: dict[str, list[int]] = {}
        for record in [await self.one(prefix) for prefix in prefixes]:
            found.setdefault(record.job_id, []).append(record.item_id)
        return found

    async def drop(self, record: QuarantineRecord, now_ms: int) -> None:
        """Delete a kept original: first the row, so that no row names a file that is gone, then the file.

        Its item is then one that failed: nothing of it is kept any more.
        """

        def act(db: Connection) -> None:
            db.execute(delete(quarantine).where(quarantine.c.id == record.id))
            fault = replace(record.reason, suggestion=DROPPED)
            old, new = ItemState.QUARANTINED, ItemState.FAILED
            if apply(db, [Move(record.item_id, old, new, {"fault": fault_to_json(fault)})]):
                announce(db, record.job_id, now_ms, OriginalDropped(record.name))

        await self.database.run(act, durable=True)
        if record.path is not None:
            record.path.unlink(missing_ok=True)

    async def strays(self) -> list[Path]:
        """Files in the folder that no row refers to (a crash between the move and the row)."""
        known = {record.path for record in await self.listed()}
        if not self.folder.exists():
            return []
        return sorted(path for path in self.folder.iterdir() if path not in known)


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
    if held.content is None and not held.path.is_file():
        raise BugError(f"there is nothing at {held.path} that could be kept")
    try:
        if held.content is not None:
            (folder / name).write_bytes(held.content)
        else:
            shutil.move(held.path, folder / name)
    except OSError as error:
        if not is_disk_full(error):
            raise
        (folder / name).unlink(missing_ok=True)
        return False
    return True


def write_kept(  # noqa: PLR0913  a row of the table
    db: Connection, item: Item, held: Held, fault: Fault, file: str | None, new_id: str, now_ms: int
) -> None:
    """The row of a kept original; one kept before has its id and time still, and the new reason."""
    values = {
        "reason": fault_to_json(fault),
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
    try:
        found = fingerprint_of(path)
    except OSError:
        return None
    return Held(path, found.size_bytes, found.crc32, found.sha256)
