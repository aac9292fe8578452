"""`gallery.html`: one self-contained page about what a job brought. Streamed; no script, no network."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from transload.destinations import delivery
from transload.destinations import gallery_page as page
from transload.destinations.gallery_words import SHOWN_KINDS, Counts
from transload.model import ItemKind, ItemRecord, ItemState, Job

FILE_NAME = "gallery.html"
THUMBS_MAX_BYTES = (
    16 << 20
)  # of page text; what comes after has placeholders, so a page stays openable on a phone
ROWS_MAX = 1000  # names in a folded list
HELD_MAX_CHARS = 24 << 20
_WRITE_CHARS = 256 << 10

Records = Callable[[], AsyncIterator[ItemRecord]]


async def write(root: Path, folder: str, job: Job, records: Records) -> None:
    """Write or replace the page of a job's folder: temporary name, fsync, rename. Raises OSError.

    `records` is called up to four times and must give the same items in entry order. Memory: `HELD_MAX_CHARS` of
    tiles whose album is not complete yet, at worst plus the open albums' own.
    """
    temp = await to_thread.run_sync(delivery.new_temp, root, job.id)
    try:
        async with await anyio.open_file(temp, "w", encoding="utf-8") as file:
            async for text in _gathered(_pieces(folder, job, records)):
                await file.write(text)
            await file.flush()
            await to_thread.run_sync(os.fsync, file.wrapped.fileno())
        await to_thread.run_sync(partial(_give_name, root, f"{folder}/{FILE_NAME}", temp))
    finally:
        _clear(root, temp)


async def _gathered(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same text in pieces worth a thread hop each."""
    buffer: list[str] = []
    held = 0
    async for piece in pieces:
        buffer.append(piece)
        held += len(piece)
        if held >= _WRITE_CHARS:
            yield "".join(buffer)
            buffer, held = [], 0
    yield "".join(buffer)


async def _pieces(folder: str, job: Job, records: Records) -> AsyncIterator[str]:
    counts = Counts()
    folded = _Folded(folder)
    async for record in records():
        counts.add(record)
        folded.add(record)
    yield page.head(job, counts)
    async for piece in _albums(folder, counts, records):
        yield piece
    if counts.listed:
        yield '<section id="files"><h2>Sound and documents</h2><ul class="rows">\n'
        async for row in _rows(records, partial(page.file_row, folder=folder)):
            yield row
        yield "</ul></section>\n"
    if counts.lost:
        yield '<section id="lost"><h2>Not delivered</h2><ul class="rows lost">\n'
        async for row in _rows(records, page.lost_row):
            yield row
        yield "</ul></section>\n"
    for section in folded.sections(counts):
        yield section
    yield page.tail(counts)


async def _rows(records: Records, row: Callable[[ItemRecord], str]) -> AsyncIterator[str]:
    """One pass over all records; a row is "" for those that belong elsewhere."""
    async for record in records():
        if line := row(record):
            yield line


class _Folded:
    """Names of duplicates and skipped items, `ROWS_MAX` each, kept from the first pass."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._duplicates: list[str] = []
        self._skipped: list[str] = []

    def add(self, record: ItemRecord) -> None:
        """Keep the record's row if it belongs here and there is room."""
        state = record.item.state
        if state is ItemState.DUPLICATE and len(self._duplicates) < ROWS_MAX:
            self._duplicates.append(page.duplicate_row(record, self._folder))
        if state is ItemState.SKIPPED and len(self._skipped) < ROWS_MAX:
            self._skipped.append(page.skipped_row(record))

    def sections(self, counts: Counts) -> Iterator[str]:
        """The closed lists that have something in them."""
        if self._duplicates:
            count = counts.states[ItemState.DUPLICATE]
            about = f"{count:,} delivered before"
            yield page.folded("duplicates", "Here already", count, about, self._duplicates)
        if self._skipped:
            count = counts.states[ItemState.SKIPPED]
            yield page.folded("skipped", "Skipped", count, page.reasons(counts), self._skipped)


async def _albums(folder: str, counts: Counts, records: Records) -> AsyncIterator[str]:
    """Album after album by number; the members of several arrive interleaved, in entry order."""
    if not counts.members:
        return
    shelf = _Shelf(counts.members)
    room = THUMBS_MAX_BYTES
    async for record in records():
        item = record.item
        if item.state is not ItemState.SENT or item.kind not in SHOWN_KINDS:
            continue
        picture = page.data_uri(record.thumb) if record.thumb else None
        if picture is not None and len(picture) > room:
            picture = None
        room -= len(picture or "")
        shelf.add(item.album or 0, item.kind, page.tile(record, folder, picture))
        for section in shelf.ready():
            yield section
    for section in shelf.rest():
        yield section


class _Shelf:
    """Tiles waiting for the rest of their album and for the albums before it."""

    def __init__(self, members: Counter[int]) -> None:
        self._missing = dict(members)
        self._order = iter(sorted(members, key=lambda album: (not album, album)))
        self._next = next(self._order, None)
        self._tiles: dict[int, list[str]] = {}
        self._kinds: dict[int, Counter[ItemKind]] = {}
        self._held = 0
        self._jump = ' id="albums"'

    def add(self, album: int, kind: ItemKind, tile: str) -> None:
        """Take the next tile of an album."""
        self._tiles.setdefault(album, []).append(tile)
        self._kinds.setdefault(album, Counter())[kind] += 1
        self._missing[album] = self._missing.get(album, 1) - 1
        self._held += len(tile)

    def ready(self) -> Iterator[str]:
        """Complete albums in order of number; out of order only when too much waits for a straggler."""
        while self._next is not None and not self._missing.get(self._next):
            if self._next in self._tiles:
                yield self._take(self._next)
            self._next = next(self._order, None)
        if self._held > HELD_MAX_CHARS:
            for album in [album for album in self._tiles if not self._missing[album]]:
                yield self._take(album)

    def rest(self) -> Iterator[str]:
        """What is left when the records are at their end: they changed while they were read."""
        for album in list(self._tiles):
            yield self._take(album)

    def _take(self, album: int) -> str:
        tiles, kinds, jump = self._tiles.pop(album), self._kinds.pop(album), self._jump
        self._held -= sum(map(len, tiles))
        self._jump = ""
        return page.album(album, kinds, tiles, jump)


def _give_name(root: Path, path: str, temp: Path) -> None:
    delivery.make_parents(root, path, set())
    temp.replace(root / path)
    delivery.sync_way(root, path)


def _clear(root: Path, temp: Path) -> None:
    delivery.discard(temp)
    delivery.remove_temp_folder(root)
