"""Taking entries from a source: one pass in one worker thread, archives inside it opened on the way.

The thread reads, hashes and writes; everything that waits (budget, ledger, the next stage) is asked of the event loop.
"""

import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO

import anyio.to_thread
from anyio import from_thread
from anyio.streams.memory import MemoryObjectSendStream

from transload.entry import Entry, Listing, Place, ReadReport
from transload.errors import PermanentError, TransientError, TruncatedError, WithheldError
from transload.model import MEDIA_KINDS, Held, Item, ItemKind, ItemState
from transload.ports import ArchiveReader, ReadContext
from transload.states import LEFT_OUT, NOT_MEDIA, OPENED, UNOPENED
from transload.steps.handover import Flush
from transload.steps.nested import (
    ArchivePath,
    Asked,
    LimitBudget,
    NestedEntry,
    OpenResult,
    alone_unwanted,
    counted_body,
    is_another_part,
    is_included,
    kind_of,
    may_be_one,
    may_hold,
    open_nested,
    opens,
    promises_archive,
    too_deep,
)
from transload.steps.staging import (
    HEAD_BYTES,
    EntryRun,
    StagedEntry,
    Taken,
    hold,
    look_at,
    may_be_held,
    spool,
    stage,
)
from transload.steps.streams import EntryStream, may_stream
from transload.units import KIB, MIB

COST_TOLD_BYTES = 64 * MIB  # unpacked again: less is a second
PAGE = 250  # entries admitted in one transaction: one by one costs 15 times as much
RUN_MAX, RUN_BYTES, RUN_S = 25, 256 * KIB, 0.1
"""Of entries handed over together: how many at most, what they may hold in memory, how old the first may be."""

NOT_WANTED = {
    ItemKind.JUNK: "a system file of the computer that packed it",
    ItemKind.ARCHIVE: UNOPENED,
    ItemKind.DOCUMENT: NOT_MEDIA,
    ItemKind.UNKNOWN: NOT_MEDIA,
}

ReadRun = EntryRun | Flush
"""What reading hands on."""


@dataclass(slots=True)
class Sums:
    """What a pass expects and has read beside the source's own reader: totals for progress, bytes, warnings."""

    entries: int | None = 0
    size_bytes: int | None = 0
    bytes_read: int = 0
    warnings: list[str] = field(default_factory=list[str])

    def expect(self, listing: Listing) -> None:
        """Add what a listing names; once something is not known, the sums are not."""
        self.entries = _sum(self.entries, listing.entries)
        self.size_bytes = _sum(self.size_bytes, listing.size_bytes)

    def leave_out(self, folders: int) -> None:
        """Take folders out of what is expected: a listing counts them, but they are no items."""
        self.entries = _sum(self.entries, -folders)

    def note(self, name: str, report: ReadReport, *, in_place: bool) -> None:
        """Add how reading an archive inside went; one read `in_place` is bytes taken from the source."""
        self.bytes_read += report.bytes_read if in_place else 0
        self.warnings += [f"{name}: {warning}" for warning in report.warnings]


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


class SourceReader:
    """One pass over the source of a job; `run` is called in a worker thread."""

    def __init__(
        self,
        context: ReadContext,
        hand_over: Callable[[EntryRun], None],
        flush: Callable[[], Coroutine[object, object, None]],
    ) -> None:
        self.context = context
        self._flush = flush
        self.sums = Sums()
        self.half_read: set[Place] = set()
        self._hand_over = hand_over
        self._run = EntryRun()
        self._held_bytes, self._since = 0, time.monotonic()

    def run(self) -> None:
        """Hand over every open item, those of an archive inside in its place; the archive itself after them."""
        if opens(self.context.job):
            self.half_read = from_thread.run(self.context.record.half_read)
        budget = LimitBudget(self.context.limits)
        try:
            ArchiveWalk(self, self.context.source, ArchivePath(), budget).read()
        except (
            TransientError
        ):  # what came before goes first: else the next try begins where this one did
            self.end_run()
            from_thread.run(self._flush)
            raise
        self.end_run()

    def put(self, staged: StagedEntry) -> None:
        """Take the next entry; what takes room, or is on its way, is handed over at once with those before it."""
        if not self._run:
            self._since = time.monotonic()
        self._run.append(staged)
        content = None if staged.held is None else staged.held.content
        self._held_bytes += len(content or b"")
        takes_room = staged.stream is not None or (staged.held is not None and content is None)
        is_full = len(self._run) >= RUN_MAX or self._held_bytes >= RUN_BYTES
        if takes_room or is_full or time.monotonic() - self._since > RUN_S:
            self.end_run()

    def end_run(self) -> None:
        """Hand over what came so far: the next entry may take long."""
        run, self._run, self._held_bytes = self._run, EntryRun(), 0
        if run:
            self._hand_over(run)

    def report(self) -> ReadReport:
        """How the pass went: what the source says, with what archives inside said."""
        own = self.context.source.finish()
        return replace(
            own,
            bytes_read=own.bytes_read + self.sums.bytes_read,
            warnings=(*own.warnings, *self.sums.warnings),
        )


class ArchiveWalk:
    """Reading one archive of a pass: the source, or one inside it."""

    def __init__(
        self, whole: SourceReader, reader: ArchiveReader, archive: ArchivePath, budget: LimitBudget
    ) -> None:
        self.whole, self.context = whole, whole.context
        self.reader, self.archive, self.budget = reader, archive, budget
        self.wanted: dict[int, tuple[Item, Entry]] = {}
        self.decided = deque[tuple[int, StagedEntry]]()  # by their listing alone, in entry order
        self.costs_counted = self.alone = False

    def read(self) -> None:
        """Hand over what is open of it, then what the listing names after the last body."""
        listing = self.reader.listing()
        self.alone = listing.one_file and not self.archive.depth
        self.whole.sums.expect(listing)
        self._expect()
        pages = self._pages() if self.reader.listed else None
        admitted = -1

        def want(entry: Entry) -> bool:
            nonlocal admitted
            while entry.index > admitted:
                page = [entry] if pages is None else next(pages)
                self._admit(page)
                admitted = page[-1].index
            if entry.index not in self.wanted:
                return False
            self._tell_cost(entry)
            return True

        for entry, body in self.reader.stream(want, 0, self.budget.left()):
            self._put_decided(before=entry.index)
            item, named = self.wanted.pop(entry.index)
            own = body if named.blob else counted_body(body, self.budget, self.archive.depth)
            try:
                self._take(item, named, own)
            except WithheldError as error:
                error.index = named.index
                raise
            if self.budget.spent is not None:
                break
        self._miss()
        for page in pages or ():
            self._admit(page)
            self._miss()
        first = self.reader.finish().unvouched
        if first is not None:
            from_thread.run(self.context.record.doubt, self.archive.place(first))

    def _expect(self) -> None:
        sums = self.whole.sums
        self.context.meter.expect(sums.entries, sums.size_bytes)

    def _tell_cost(self, first: Entry) -> None:
        """Say beforehand what it costs to reach the first wanted entry of a solid archive."""
        cost, self.costs_counted = (
            0 if self.costs_counted else self.reader.cost_to(first.index),
            True,
        )
        if cost >= COST_TOLD_BYTES:
            warning = (
                f"{cost / MIB:,.0f} MiB must be unpacked again to reach {self.archive.named(first).name}:"
                " the archive is solid"
            )
            read = self.context.record.source_read
            from_thread.run(read, ReadReport(0, None, (warning,)), self.context.scratch.peak)

    def _put_decided(self, before: int | None = None) -> None:
        """Hand over what the listing alone decided, in its place among the others; None: all that is left of it."""
        while self.decided and (before is None or self.decided[0][0] < before):
            self.whole.put(self.decided.popleft()[1])

    def _miss(self) -> None:
        """Close what is wanted and was not given: reading ended before it."""
        ended = self.budget.spent or self.reader.finish().fault
        ended = ended or TruncatedError("reading ended before it").fault()
        for index, (item, _) in self.wanted.items():
            self._put_decided(before=index)
            if item.state is ItemState.PENDING:
                fault = replace(ended, item=item.name)
                self.whole.put(StagedEntry(item, ItemKind.UNKNOWN, fault=fault))
        self.wanted.clear()
        self._put_decided()

    def _pages(self) -> Iterator[Sequence[Entry]]:
        entries = iter(self.reader.entries())
        while page := list(islice(entries, PAGE)):
            yield page

    def _admit(self, page: Sequence[Entry]) -> None:
        from_thread.check_cancelled()
        self.budget.name(sum(entry.path is None for entry in page))
        own = {entry.index: self.archive.named(entry) for entry in page}
        self.whole.sums.leave_out(sum(entry.kind == "dir" for entry in page))
        self._expect()
        for item in from_thread.run(self.context.record.admit, list(own.values())):
            index = self.archive.own_index(item.place)
            entry = own[index]
            if item.state is not ItemState.PENDING:
                if item.place in self.whole.half_read:
                    self.wanted[index] = item, entry
            elif staged := self._without_body(item, entry):
                self.decided.append((index, staged))
            else:
                self.wanted[index] = item, entry
        # Only what stands behind an entry with a body is held: of 100,000 unwanted ones it would be 60 MB.
        self._put_decided(before=next(iter(self.wanted), None))

    def _without_body(self, item: Item, entry: Entry) -> StagedEntry | None:
        """What the listing alone decides: filters, links, unreadable entries, junk by name."""
        job = self.context.job
        if not self._chooses(item) and not may_hold(entry, job):
            return StagedEntry(item, ItemKind.UNKNOWN, skip=LEFT_OUT)
        # An empty head shows nothing but the name: only junk is known by its name alone, and nobody is to be asked for
        # the password of it.
        if job.files == "media" and self.context.media.sniff(b"", item.name) is ItemKind.JUNK:
            return StagedEntry(item, ItemKind.JUNK, skip=NOT_WANTED[ItemKind.JUNK])
        if opens(job) and is_another_part(entry):
            return StagedEntry(
                item, ItemKind.ARCHIVE, skip=f"part of {entry.part_of}, read with it"
            )
        if entry.trouble is not None:
            return StagedEntry(item, ItemKind.UNKNOWN, fault=replace(entry.trouble, item=item.name))
        if entry.kind == "link":
            return StagedEntry(item, ItemKind.UNKNOWN, skip="a link: links are not followed")
        return None

    def _take(self, item: Item, entry: Entry, body: BinaryIO) -> None:
        """Take in an entry, or open it; one that was closed before has only its own entries left to be read."""
        before = self.context.source.finish().bytes_read
        try:
            head = body.read(HEAD_BYTES)
        except PermanentError as error:
            broken = replace(error.fault(), item=item.name)
            self._put(StagedEntry(item, ItemKind.UNKNOWN, fault=broken))
            return
        kind = ItemKind.ARCHIVE if entry.part_of else kind_of(self.context.media, head, item.name)
        found = NestedEntry(item, entry, head, body)
        if opens(self.context.job) and (kind is ItemKind.ARCHIVE or may_be_one(entry, kind)):
            self._look_into(found, kind, before)
        else:
            self._take_unopened(found, kind)

    def _take_unopened(self, found: NestedEntry, kind: ItemKind) -> None:
        item, job = found.item, self.context.job
        if not self._chooses(item):
            self._put(StagedEntry(item, kind, skip=LEFT_OUT))
        elif is_wanted(kind, job) and may_stream(self.context, found.entry, kind):
            stream = EntryStream(item.name, found.entry.size or 0)
            self._put(StagedEntry(item, kind, stream=stream))
            stream.feed(self.context, found.head, found.body)
        elif is_wanted(kind, job):
            held, fault = self._bytes_of(found, kind)
            self._put(StagedEntry(_seen(item, held), kind, held=held, fault=fault))
        elif self.alone:
            self._put(StagedEntry(item, kind, fault=replace(alone_unwanted(), item=item.name)))
        else:
            self._put(StagedEntry(item, kind, skip=NOT_WANTED[kind]))

    def _bytes_of(self, found: NestedEntry, kind: ItemKind) -> Taken:
        context, item, size = self.context, found.item, found.entry.size
        if size is not None and may_be_held(context, size, kind):
            return hold(context, item, size, found.head, found.body)
        self.whole.end_run()
        return stage(context, item, size, found.head, found.body)

    def _look_into(self, found: NestedEntry, kind: ItemKind, before: int) -> None:
        """Hand over the entries of an archive inside, then what becomes of itself."""
        item, entry, opened = found.item, found.entry, OpenResult()
        self.whole.end_run()
        if self.archive.depth >= self.context.limits.max_depth:
            deep = replace(too_deep(self.context.limits), item=item.name)
            self._put(StagedEntry(item, ItemKind.ARCHIVE, fault=deep))
            return
        with open_nested(self.context, found, opened) as reader:
            if reader is not None:
                budget = self._budget_for(entry, opened.held, reader, before)
                ArchiveWalk(self.whole, reader, self.archive.inside(entry), budget).read()
                opened.fault = opened.fault or budget.spent
        if opened.held is None and not opened.in_place:
            self._put(StagedEntry(item, ItemKind.ARCHIVE, fault=opened.fault))
            return
        if opened.is_none and kind is not ItemKind.ARCHIVE:
            if not promises_archive(entry.name):
                self._take_unopened(found, kind)
                return
            if not self._chooses(item):
                opened.skip = LEFT_OUT
        self.whole.sums.note(item.name, opened.report, in_place=opened.in_place)
        self._close(found, opened)

    def _budget_for(
        self, archive: Entry, held: Held | None, reader: ArchiveReader, before: int
    ) -> LimitBudget:
        """What counts an archive inside: one in a folder as if it came alone, one in an archive as a part of it."""
        if held is None or archive.blob is not None:
            budget, least = LimitBudget(self.context.limits), archive.size or 0
            budget.enter(lambda: max(reader.finish().bytes_read, least))
            return budget
        if not self.archive.depth:
            packed = self.context.source.finish().bytes_read - before
            self.budget.enter(lambda: packed or held.size_bytes)
        return self.budget

    def _close(self, found: NestedEntry, opened: OpenResult) -> None:
        """What becomes of an archive inside once it was read: opened, refused, kept with what is wrong with it."""
        item, held = found.item, opened.held
        staged = StagedEntry(item, ItemKind.ARCHIVE, skip=opened.skip or OPENED)
        if opened.fault is not None and not opened.skip:
            staged = replace(staged, skip=None, fault=replace(opened.fault, item=item.name))
            if opened.keeps and item.state is ItemState.PENDING:
                held = held or self._original(found)
                staged = replace(staged, item=_seen(item, held), held=held)
        if staged.held is None:
            from_thread.run(self.context.scratch.drop, item.id)
        self._put(staged)

    def _original(self, found: NestedEntry) -> Held | None:
        """An archive that was read where it lies: the user's own file by its sums alone, one on a server whole."""
        item, entry = found.item, found.entry
        if entry.path is not None:
            return look_at(self.context, item, entry.path, found.head, found.body)
        held, fault = spool(self.context, item, entry.size, found.head, found.body)
        return held if fault is None else None

    def _chooses(self, item: Item) -> bool:
        return is_included(item.name, self.context.job.include, self.context.job.exclude)

    def _put(self, staged: StagedEntry) -> None:
        if staged.item.state is ItemState.PENDING:
            self.whole.put(staged)


def _seen(item: Item, held: Held | None) -> Item:
    if held is None:
        return item
    return replace(item, size=held.size_bytes, crc32=held.crc32, sha256=held.sha256)


def is_wanted(kind: ItemKind, job: Asked) -> bool:
    """Whether a job delivers entries of this kind: archives only where they are not opened."""
    whole = kind is ItemKind.ARCHIVE and not opens(job)
    return whole or job.files == "all" or kind in MEDIA_KINDS


async def read_source(context: ReadContext, out: MemoryObjectSendStream[ReadRun]) -> None:
    """Take in every open item of the job, in entry order, run by run into `out`; then say how reading went.

    Before it waits for room it sends a `Flush`: what waits for company may hold that room.
    """
    context.scratch.before_waiting(lambda: out.send(Flush()))

    async def flush() -> None:
        token = Flush()
        await out.send(token)
        await token.done.wait()

    async with out:
        one_pass = SourceReader(context, lambda run: from_thread.run(out.send, run), flush)
        await anyio.to_thread.run_sync(one_pass.run)
        await context.record.source_read(one_pass.report(), context.scratch.peak)
