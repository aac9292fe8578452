"""Taking entries from a source into scratch: one pass in one worker thread, paced by the budget.

The thread reads, hashes and writes; everything that waits (budget, ledger, the next stage) is asked of the event loop.
"""

import errno
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import BinaryIO

import anyio.to_thread
from anyio import from_thread
from anyio.streams.memory import MemoryObjectSendStream

from transload.entry import Entry
from transload.errors import (
    CorruptError,
    DiskFullError,
    LimitError,
    NeverFitsError,
    PasswordNeededError,
    PermanentError,
    StoreError,
    TransloadError,
    TruncatedError,
    WrongPasswordError,
)
from transload.kinds import Fault
from transload.model import MEDIA_KINDS, Held, Item, ItemKind, ItemState
from transload.ports import Bench
from transload.states import LEFT_OUT

HEAD_BYTES = (
    64 << 10
)  # what sniffing looks at; a tar of text files is passed over at this price an entry
CHUNK_BYTES = 256 << 10
PAGE = 500  # entries admitted in one transaction: one by one costs 15 times as much
PREFETCH = 100  # items fetched at most in one pass for conversion, within the budget

NOT_WANTED = {
    ItemKind.JUNK: "a system file of the computer that packed it",
    ItemKind.ARCHIVE: "an archive inside: `--files all` delivers it unopened",
    ItemKind.DOCUMENT: "not a photo, video or sound: `--files all` delivers it",
    ItemKind.UNKNOWN: "not a photo, video or sound: `--files all` delivers it",
}


@dataclass(frozen=True, slots=True)
class Load:
    """An entry taken in: whole in scratch (`held`), or why not (`fault`, with what could be read of it; `skip`)."""

    item: Item
    kind: ItemKind
    held: Held | None = None
    fault: Fault | None = None
    skip: str | None = None


class Pass:
    """One pass over the source of a job; `run` is called in a worker thread."""

    def __init__(self, bench: Bench, put: Callable[[Load], None]) -> None:
        self.bench = bench
        self.put = put
        self.wanted: dict[int, Item] = {}

    def run(self) -> None:
        """Hand over every open item, then what the listing names behind the last body."""
        source = self.bench.source
        listing = source.listing()
        self.bench.meter.expect(listing.entries, listing.size_bytes)
        pages = self._pages() if source.listed else None
        admitted = -1

        def want(entry: Entry) -> bool:
            nonlocal admitted
            while entry.index > admitted:
                page = [entry] if pages is None else next(pages)
                self._admit(page)
                admitted = page[-1].index
            return entry.index in self.wanted

        for entry, body in source.stream(want, 0, self.bench.limits):
            self.put(self._load(self.wanted.pop(entry.index), entry, body))
        self._miss()
        for page in pages or ():
            self._admit(page)
            self._miss()

    def _miss(self) -> None:
        """Close what is wanted and was not given: reading ended before it."""
        ended = (
            self.bench.source.finish().fault or TruncatedError("reading ended before it").fault()
        )
        for item in self.wanted.values():
            self.put(Load(item, ItemKind.UNKNOWN, fault=replace(ended, item=item.name)))
        self.wanted.clear()

    def _pages(self) -> Iterator[Sequence[Entry]]:
        entries = iter(self.bench.source.entries())
        while page := list(islice(entries, PAGE)):
            yield page

    def _admit(self, page: Sequence[Entry]) -> None:
        from_thread.check_cancelled()
        by_index = {entry.index: entry for entry in page}
        for item in from_thread.run(self.bench.record.admit, page):
            entry = by_index[item.index]
            if item.state is not ItemState.PENDING:
                if item.state not in (ItemState.DEFERRED, ItemState.REFUSED):
                    self.bench.meter.closed(1, item.size or 0)
            elif load := self._without_body(item, entry):
                self.put(load)
            else:
                self.wanted[item.index] = item

    def _without_body(self, item: Item, entry: Entry) -> Load | None:
        """What the listing alone decides: filters, links, unreadable entries, junk by name."""
        job = self.bench.job
        if not chosen(item.name, job.include, job.exclude):
            return Load(item, ItemKind.UNKNOWN, skip=LEFT_OUT)
        # An empty head shows nothing but the name: only junk is known by its name alone, and nobody is to be asked for
        # the password of it.
        if job.files == "media" and self.bench.media.sniff(b"", item.name) is ItemKind.JUNK:
            return Load(item, ItemKind.JUNK, skip=NOT_WANTED[ItemKind.JUNK])
        if entry.trouble is not None:
            return Load(item, ItemKind.UNKNOWN, fault=replace(entry.trouble, item=item.name))
        if entry.kind == "link":
            return Load(item, ItemKind.UNKNOWN, skip="a link: links are not followed")
        return None

    def _load(self, item: Item, entry: Entry, body: BinaryIO) -> Load:
        kind = ItemKind.UNKNOWN
        try:
            head = body.read(HEAD_BYTES)
            kind = self.bench.media.sniff(head, item.name)
            if self.bench.job.files == "media" and kind not in MEDIA_KINDS:
                return Load(item, kind, skip=NOT_WANTED[kind])
        except PermanentError as error:
            return Load(item, kind, fault=replace(error.fault(), item=item.name))
        held, fault = take_in(self.bench, item, entry.size, head, body)
        return Load(_seen(item, held), kind, held=held, fault=fault)


def _seen(item: Item, held: Held | None) -> Item:
    if held is None:
        return item
    return replace(item, size=held.size_bytes, crc32=held.crc32, sha256=held.sha256)


def chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a name passes the globs: any of `include` (none: all) and none of `exclude`; `*` crosses folders."""
    inside = not include or any(fnmatchcase(name, glob) for glob in include)
    return inside and not any(fnmatchcase(name, glob) for glob in exclude)


def take_in(
    bench: Bench, item: Item, size: int | None, head: bytes, body: BinaryIO
) -> tuple[Held | None, Fault | None]:
    """Write a body to scratch. A damaged one gives what could be read and the fault; a bomb or a locked one nothing."""
    scratch = bench.scratch
    copy, fault = _Copy(bench, item, size), None
    try:
        from_thread.run(scratch.reserve, item.id, len(head) if size is None else size)
        with scratch.part(item.id).open("wb", buffering=0) as out:
            for chunk in _chunks(head, body):
                out.write(chunk)
                copy.count(chunk)
    except (LimitError, NeverFitsError, PasswordNeededError, WrongPasswordError) as error:
        from_thread.run(scratch.drop, item.id)
        return None, replace(error.fault(), item=item.name)
    except PermanentError as error:
        fault = replace(error.fault(), item=item.name)
    except OSError as error:
        raise _disk_error(error, bench) from error
    whole = scratch.part(item.id).replace(scratch.whole(item.id))
    return Held(whole, copy.done, copy.crc, copy.digest.hexdigest()), fault


class _Copy:
    """Size and hashes of what has been written; says so to the meter and, where it was not known, to the budget."""

    def __init__(self, bench: Bench, item: Item, size: int | None) -> None:
        self._bench, self._item, self._size = bench, item, size
        self.digest, self.crc, self.done = hashlib.sha256(), 0, 0

    def count(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        self.crc = zlib.crc32(chunk, self.crc)
        self.done += len(chunk)
        self._bench.meter.read(len(chunk))
        from_thread.check_cancelled()
        if self._size is None or self.done > self._size:
            from_thread.run_sync(self._bench.scratch.resize, self._item.id, self.done)


def _chunks(head: bytes, body: BinaryIO) -> Iterator[bytes]:
    if head:
        yield head
    while chunk := body.read(CHUNK_BYTES):
        yield chunk


def _disk_error(error: OSError, bench: Bench) -> TransloadError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"the disk is full while taking in {bench.job.title}", stage="fetch")
    return StoreError(f"the scratch folder cannot be written ({error.strerror})", stage="fetch")


async def read_source(bench: Bench, out: MemoryObjectSendStream[Load]) -> None:
    """Take in every open item of the job, in entry order, one by one into `out`; then say how reading went."""
    async with out:
        one_pass = Pass(bench, lambda load: from_thread.run(out.send, load))
        await anyio.to_thread.run_sync(one_pass.run)
        await bench.record.source_read(bench.source.finish(), bench.scratch.peak)


async def fetch(bench: Bench, item: Item) -> Load:
    """Take one item in again for its conversion.

    A source that can only be read in passes also leaves the next ones in scratch, as many as the budget holds: one
    pass each would cost the square of the archive.
    """
    if whole := _held_already(bench, item):
        return Load(item, item.kind, held=whole)
    near = [item] if bench.source.listed else await bench.record.deferred_near(item.id, PREFETCH)
    targets = {one.index: one for one in near} | {item.index: item}
    found: dict[int, Load] = {}

    def one_pass() -> None:
        def want(entry: Entry) -> bool:
            here = entry.index == item.index
            return here or (entry.index in targets and bench.scratch.has_room(entry.size or 0))

        for entry, body in bench.source.stream(want, item.index, bench.limits):
            one = targets.pop(entry.index)
            held, fault = take_in(bench, one, entry.size, b"", body)
            found[one.id] = Load(one, one.kind, held=held, fault=fault)
            if not targets:
                break

    await anyio.to_thread.run_sync(one_pass)
    await bench.record.source_read(bench.source.finish(), bench.scratch.peak)
    return _unchanged(found.get(item.id), item)


def _held_already(bench: Bench, item: Item) -> Held | None:
    path = bench.scratch.whole(item.id)
    if item.sha256 is None or item.crc32 is None or not path.exists():
        return None
    return Held(path, path.stat().st_size, item.crc32, item.sha256)


def _unchanged(load: Load | None, item: Item) -> Load:
    """The load, with a fault when the source no longer holds what was judged."""
    if load is None:
        gone = CorruptError("the source no longer holds this entry", item=item.name, stage="fetch")
        return Load(item, item.kind, fault=gone.fault())
    changed = load.held is not None and item.sha256 not in (None, load.held.sha256)
    if load.fault is None and changed:
        other = CorruptError(
            "the source changed while the job was running", item=item.name, stage="fetch"
        )
        return replace(load, fault=other.fault())
    return load
