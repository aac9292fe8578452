"""Fetching an entry once more for its conversion: found by its place, also inside archives inside the source."""

from dataclasses import replace
from itertools import pairwise, takewhile

import anyio.to_thread
from anyio import from_thread

from transload.entry import Entry, Place
from transload.errors import CorruptError
from transload.model import Held, Item
from transload.ports import ArchiveReader, TaskContext
from transload.steps.nested import ArchivePath, NestedEntry, OpenResult, kind_of, open_nested
from transload.steps.staging import StagedEntry, Taken, head_of, stage

PREFETCH = 100  # items fetched at most in one pass for conversion, within the budget


async def refetch(context: TaskContext, item: Item) -> StagedEntry:
    """Take one item in again for its conversion.

    Where that means reading through something (a source without a directory, an archive inside, a solid block), the
    next ones of it are left in scratch, too, as many as the budget holds: one pass each would cost the square of it.
    """
    if whole := _held_already(context, item):
        return StagedEntry(item, item.kind, held=whole)
    if kept := await context.record.kept(item):
        head = await anyio.to_thread.run_sync(head_of, kept.path)
        return StagedEntry(item, kind_of(context.media, head, item.name), held=kept)
    search = _Search(context, item, await _near(context, item))
    await anyio.to_thread.run_sync(search.run)
    report = context.source.finish()
    report = replace(report, bytes_read=report.bytes_read + search.read_in_place)
    await context.record.source_read(report, context.scratch.peak)
    return _unchanged(search.found, item)


async def _near(context: TaskContext, item: Item) -> list[Item]:
    """Items after this one, still to be converted, that are read through on the same way."""
    behind = await context.record.deferred_near(item.id, PREFETCH)
    if not context.source.listed:
        return behind
    if item.inner:
        return [one for one in behind if one.index == item.index]
    costs = [context.source.cost_to(one.index) for one in behind]
    # What must be decoded before an entry grows from one to the next in a block, and begins anew with the next block.
    grows = takewhile(lambda pair: pair[1] > pair[0], pairwise(costs))
    return behind[: 1 + len(list(grows))]


class _Search:
    """One pass over the source for `item`, and for those near it while there is room; called in a worker thread."""

    def __init__(self, context: TaskContext, item: Item, near: list[Item]) -> None:
        self.context, self.item = context, item
        self.found: StagedEntry | None = None
        self.read_in_place = 0
        self._wanted = {one.place: one for one in near}
        self._wanted[item.place] = item
        self._full = False

    def run(self) -> None:
        """Look for them."""
        self._read(self.context.source, ArchivePath())

    def _read(self, reader: ArchiveReader, archive: ArchivePath) -> None:
        here: dict[int, list[Place]] = {}
        for place in sorted(self._wanted):
            if archive.holds(place):
                here.setdefault(archive.own_index(place), []).append(place)

        mine = archive.own_index(self.item.place) if archive.holds(self.item.place) else None

        def want(entry: Entry) -> bool:
            if entry.index not in here:
                return False
            if entry.index == mine:
                return True
            self._full = self._full or not self._has_room(entry.size)
            return not self._full

        for entry, body in reader.stream(want, min(here), self.context.limits):
            places = here.pop(entry.index)
            if archive.is_directly_in(places[0]):
                one = self._wanted[places[0]]
                self._note(one, stage(self.context, one, entry.size, b"", body))
            else:
                inside = archive.named(entry)
                (own,) = from_thread.run(self.context.record.admit, [inside])
                self._look_into(NestedEntry(own, inside, b"", body), archive, entry.index == mine)
            if not here:
                break

    def _has_room(self, size: int | None) -> bool:
        return size is not None and self.context.scratch.has_room(size)

    def _look_into(self, found: NestedEntry, archive: ArchivePath, needed: bool) -> None:
        """Read on in an archive inside; a fault of it is the item's where the item lies in it."""
        opened = OpenResult()
        with open_nested(self.context, found, opened) as reader:
            if reader is not None:
                self._read(reader, archive.inside(found.entry))
        if opened.in_place:
            self.read_in_place += opened.report.bytes_read
        from_thread.run(self.context.scratch.drop, found.item.id)
        if needed and self.found is None and opened.fault is not None:
            fault = replace(opened.fault, item=self.item.name)
            self.found = StagedEntry(self.item, self.item.kind, fault=fault)

    def _note(self, one: Item, taken: Taken) -> None:
        if one.id == self.item.id:
            self.found = StagedEntry(one, one.kind, held=taken[0], fault=taken[1])


def _held_already(context: TaskContext, item: Item) -> Held | None:
    path = context.scratch.whole(item.id)
    if item.sha256 is None or item.crc32 is None or not path.exists():
        return None
    return Held(path, path.stat().st_size, item.crc32, item.sha256)


def _unchanged(staged: StagedEntry | None, item: Item) -> StagedEntry:
    """The staged, with a fault when the source no longer holds what was judged."""
    if staged is None:
        gone = CorruptError("the source no longer holds this entry", item=item.name, stage="fetch")
        return StagedEntry(item, item.kind, fault=gone.fault())
    changed = staged.held is not None and item.sha256 not in (None, staged.held.sha256)
    if staged.fault is None and changed:
        other = CorruptError(
            "the source changed while the job was running", item=item.name, stage="fetch"
        )
        return replace(staged, fault=other.fault())
    return staged
