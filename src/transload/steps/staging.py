"""Taking bytes in: one body into scratch, counted and hashed while it is written.

Called in a worker thread; everything that waits (budget, disk) is asked of the event loop.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from anyio import from_thread

from transload.errors import (
    LimitError,
    NeverFitsError,
    PasswordNeededError,
    PermanentError,
    WrongPasswordError,
    fetch_error,
)
from transload.faults import Fault
from transload.model import MEDIA_KINDS, Held, Item, ItemKind, Recipe
from transload.ports import ReadContext
from transload.steps.streams import EntryStream
from transload.sums import Fingerprint
from transload.units import KIB

HEAD_BYTES = 8 * KIB
"""What sniffing looks at: the longest mark is that an AAC frame of up to 8,191 bytes is followed by another. On a
server this is fetched of every entry whose name promises no medium: with 64 KiB, a twentieth of an archive of 1 MiB
files."""
CHUNK_BYTES = 256 * KIB
SMALL_BYTES = 64 * KIB
"""What is no larger and is not looked into is held in memory: to write it down here and link it there costs twice what
writing it there does."""

LEAVING_NOTHING = (LimitError, NeverFitsError, PasswordNeededError, WrongPasswordError)
"""Errors after which what was read is worth nothing: a bomb, a locked entry."""


@dataclass(frozen=True, slots=True)
class StagedEntry:
    """An entry taken in: whole, in scratch or in memory (`held`), on its way (`stream`), or why not (`skip`; `fault`,
    with what could be read of it).
    """

    item: Item
    kind: ItemKind
    held: Held | None = None
    fault: Fault | None = None
    skip: str | None = None
    stream: EntryStream | None = None


EntryRun = list[StagedEntry]
"""Entries taken in one after the other, handed on together: small ones cost more on the way than at its ends."""


Taken = tuple[Held | None, Fault | None]
"""What could be read of a body, and why it is not all of it."""


def stage(context: ReadContext, item: Item, size: int | None, head: bytes, body: BinaryIO) -> Taken:
    """Write a body to scratch. A damaged one gives what could be read and the fault; a bomb or a locked one nothing."""
    scratch = context.scratch
    room = _Room(
        scratch.part(item.id),
        size,
        lambda most: from_thread.run(scratch.reserve, item.id, most),
        lambda done: from_thread.run_sync(scratch.resize, item.id, done),
    )
    held, fault = _write(_Copy(context, item, room), head, body)
    if held is None:
        return None, fault
    whole = held.path.replace(scratch.whole(item.id))
    return replace(held, path=whole, complete=fault is None), fault


def may_be_held(context: ReadContext, size: int | None, kind: ItemKind) -> bool:
    """Whether an entry can go from memory: small by its listing, and nobody has to look into it."""
    unseen = kind not in MEDIA_KINDS or context.job.recipe is Recipe.ORIGINAL
    return (
        unseen and size is not None and size <= min(SMALL_BYTES, context.limit_bytes or SMALL_BYTES)
    )


def hold(context: ReadContext, item: Item, size: int, head: bytes, body: BinaryIO) -> Taken:
    """Take a small body into memory. A damaged one, and one larger than listed, is written to scratch as by `stage`."""
    whole, pieces = Fingerprint(), list[bytes]()
    try:
        for chunk in _chunks(head, body):
            pieces.append(chunk)
            whole.add(chunk)
            if whole.size_bytes > size:
                return stage(context, item, None, b"".join(pieces), body)
    except PermanentError as error:
        return stage(context, item, None, b"".join(pieces), cast("BinaryIO", _Broken(error)))
    except OSError as error:
        raise fetch_error(error, f"taking in {context.job.title}") from error
    context.meter.read(whole.size_bytes)
    sums = whole.size_bytes, whole.crc32, whole.sha256
    return Held(Path(), *sums, content=b"".join(pieces)), None


@dataclass(frozen=True, slots=True)
class _Broken:
    """The rest of a body that broke off."""

    error: PermanentError

    def read(self, _size: int) -> bytes:
        raise self.error


def spool(context: ReadContext, item: Item, size: int | None, head: bytes, body: BinaryIO) -> Taken:
    """Write an archive inside to scratch, where it stays while its entries are read. Returns what `stage` gives."""
    scratch = context.scratch

    def hold(most: int) -> None:
        from_thread.run(scratch.hold, item.id, most)

    room = _Room(scratch.archive_file(item.id), size, hold, hold)
    return _write(_Copy(context, item, room), head, body)


def look_at(
    context: ReadContext, item: Item, local: Path, head: bytes, body: BinaryIO
) -> Held | None:
    """Size and sums of the user's own file, of which nothing is written; None when it cannot be read."""
    copy = _Copy(context, item, _Room(local, None, _no_room, _no_room))
    try:
        for chunk in _chunks(head, body):
            copy.count(chunk)
    except PermanentError:
        return None
    return replace(copy.held(), users_own=True)


def head_of(local: Path) -> bytes:
    """What sniffing looks at, of a file on the disk."""
    with local.open("rb") as file:
        return file.read(HEAD_BYTES)


@dataclass(frozen=True, slots=True)
class _Room:
    """The share of the budget that a file needs; `path` is where it is written, `size` what its listing says.

    `wait` waits for room for so many bytes and raises DiskFullError, NeverFitsError; `wrote` says that there are more
    than were listed.
    """

    path: Path
    size: int | None
    wait: Callable[[int], None]
    wrote: Callable[[int], None]

    def claim(self, least: int) -> None:
        self.wait(least if self.size is None else self.size)

    def grow(self, done: int) -> None:
        if self.size is None or done > self.size:
            self.wrote(done)


def _no_room(_size: int) -> None:
    """For a file that lies where it is."""


class _Copy:
    """A file being written: its size and hashes so far, reported to the meter and the budget."""

    def __init__(self, context: ReadContext, item: Item, room: _Room) -> None:
        self.context, self.item, self.room = context, item, room
        self.whole = Fingerprint()

    def count(self, chunk: bytes) -> None:
        self.whole.add(chunk)
        self.context.meter.read(len(chunk))
        from_thread.check_cancelled()
        self.room.grow(self.whole.size_bytes)

    def held(self) -> Held:
        whole = self.whole
        return Held(self.room.path, whole.size_bytes, whole.crc32, whole.sha256)


def _write(copy: _Copy, head: bytes, body: BinaryIO) -> Taken:
    fault = None
    try:
        copy.room.claim(len(head))
        with copy.room.path.open("wb") as out:  # buffered: it writes on where the system wrote less
            for chunk in _chunks(head, body):
                out.write(chunk)
                copy.count(chunk)
    except LEAVING_NOTHING as error:
        from_thread.run(copy.context.scratch.drop, copy.item.id)
        return None, replace(error.fault(), item=copy.item.name)
    except PermanentError as error:
        fault = replace(error.fault(), item=copy.item.name)
    except OSError as error:
        raise fetch_error(error, f"taking in {copy.context.job.title}") from error
    return copy.held(), fault


def _chunks(head: bytes, body: BinaryIO) -> Iterator[bytes]:
    if head:
        yield head
    while chunk := body.read(CHUNK_BYTES):
        yield chunk
