"""`gallery.html`: one page about what lies in a job's folder, whichever job brought it. No script, no network.

Small pictures lie beside it (`gallery_page.py`); those of a small page are in the page itself, so that it is one
file. Everything is streamed: neither tiles nor pictures of a large folder are held at once.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from transload.destinations import delivery
from transload.destinations import gallery_page as page
from transload.destinations.gallery_page import (
    SHOWN_KINDS,
    Album,
    Counts,
    Pictures,
    key_of,
    path_of,
)
from transload.errors import RejectedError
from transload.files.disk import sync_written
from transload.model import Item, ItemKind, ItemRecord, ItemState, Job
from transload.ports import Picture, Records
from transload.units import KIB, MIB

FILE_NAME = "gallery.html"
INSIDE_MAX_BYTES = 2 * MIB
"""Pictures of a page that carries them in itself: some two hundred. Larger pages open faster with them beside."""
ROWS_MAX = 1000  # names in a folded list
HELD_MAX_CHARS = 24 * MIB
_WRITE_CHARS = 256 * KIB
_LOOKED_AT = 200  # files looked for in one thread hop


@dataclass(slots=True)
class _Found:
    """What a first look at the folder found: sums, and which files have a picture of how many bytes in all."""

    counts: Counts
    folded: "_Folded"
    keys: set[str] = field(default_factory=set[str])
    size_bytes: int = 0

    @property
    def inside(self) -> bool:
        """Whether the page carries its pictures itself."""
        return self.size_bytes <= INSIDE_MAX_BYTES


async def write(root: Path, job: Job, records: Records, picture: Picture) -> None:
    """Write or replace the page of a job's folder: temporary name, fsync, rename. Raises OSError.

    A folder in which nothing lies gets none. `records` is called up to four times and must give the same items in the
    same order, those of one job together. Memory: `HELD_MAX_CHARS` of tiles whose album is not complete yet, at worst
    plus the open albums' own; a name for each picture.
    """
    folder = job.folder or ""
    pictures = Pictures(root, folder, job.id)
    there = partial(_there, root, folder, job.id, records)
    found = await _look(root, folder, there, pictures, picture)
    if not found.counts.arrived and not await anyio.Path(root, folder, FILE_NAME).is_file():
        return
    temp = await to_thread.run_sync(delivery.new_temp, root, job.id)
    try:
        async with await anyio.open_file(temp, "w", encoding="utf-8") as file:
            async for text in _gathered(_pieces(job, found, there, pictures)):
                await file.write(text)
            await to_thread.run_sync(sync_written, file.wrapped)
        if not found.inside:
            await to_thread.run_sync(pictures.sweep, found.keys)
        await to_thread.run_sync(partial(_give_name, root, f"{folder}/{FILE_NAME}", temp))
        if found.inside:
            await to_thread.run_sync(pictures.sweep, ())
    finally:
        _clear(root, temp)


async def _there(
    root: Path, folder: str, job_id: str, records: Records
) -> AsyncIterator[ItemRecord]:
    """The records without what was delivered and is gone since, and without duplicates of what lies here."""
    batch: list[ItemRecord] = []
    async for record in records():
        batch.append(record)
        if len(batch) >= _LOOKED_AT:
            for one in await to_thread.run_sync(_told, root, folder, job_id, batch):
                yield one
            batch = []
    for one in await to_thread.run_sync(_told, root, folder, job_id, batch):
        yield one


def _told(root: Path, folder: str, job_id: str, batch: Sequence[ItemRecord]) -> list[ItemRecord]:
    return [record for record in batch if _is_told(root, folder, job_id, record)]


def _is_told(root: Path, folder: str, job_id: str, record: ItemRecord) -> bool:
    match record.item.state:
        case ItemState.SENT:
            return not record.outputs or delivery.holds(root, record.outputs[0])
        case ItemState.DUPLICATE:
            here = record.outputs and record.outputs[0].reference.startswith(f"{folder}/")
            return record.item.job_id == job_id and not here
        case _:
            return True


async def _look(
    root: Path, folder: str, there: Records, pictures: Pictures, picture: Picture
) -> _Found:
    """The sums of the page; pictures that are missing are made again."""
    found = _Found(Counts(), _Folded(folder))
    batch: list[ItemRecord] = []
    async for record in there():
        found.counts.add(record)
        found.folded.add(record)
        if _is_tile(record) and record.outputs:
            batch.append(record)
        if len(batch) >= _LOOKED_AT:
            await _look_for(root, batch, found, pictures, picture)
            batch = []
    await _look_for(root, batch, found, pictures, picture)
    return found


async def _look_for(
    root: Path, batch: Sequence[ItemRecord], found: _Found, pictures: Pictures, picture: Picture
) -> None:
    """Add the pictures of some tiles to what was found."""
    wanted = {key_of(record.outputs[0].sha256): record for record in batch}
    sizes = await to_thread.run_sync(lambda: {key: pictures.size(key) for key in wanted})
    for key, record in wanted.items():
        if key in found.keys:
            continue
        size = sizes[key]
        if not size and (jpeg := await picture(record, root / record.outputs[0].reference)):
            size = await to_thread.run_sync(_kept, pictures, key, jpeg)
        if size:
            found.keys.add(key)
            found.size_bytes += size


def _kept(pictures: Pictures, key: str, jpeg: bytes) -> int:
    try:
        pictures.keep(key, jpeg)
    except RejectedError:  # something of the user's is called `.gallery`: the page has placeholders
        return 0
    return pictures.size(key)


def _is_tile(record: ItemRecord) -> bool:
    return record.item.state is ItemState.SENT and record.item.kind in SHOWN_KINDS


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


async def _pieces(
    job: Job, found: _Found, there: Records, pictures: Pictures
) -> AsyncIterator[str]:
    counts, folder = found.counts, job.folder or ""
    yield page.head(job, counts)
    async for piece in _albums(folder, found, there, pictures):
        yield piece
    if counts.listed:
        yield '<section id="files"><h2>Sound and documents</h2><ul class="rows">\n'
        async for row in _rows(there, partial(page.file_row, folder=folder)):
            yield row
        yield "</ul></section>\n"
    if counts.lost:
        yield '<section id="lost"><h2>Not delivered</h2><ul class="rows lost">\n'
        async for row in _rows(there, page.lost_row):
            yield row
        yield "</ul></section>\n"
    for section in found.folded.sections(counts):
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


async def _albums(
    folder: str, found: _Found, there: Records, pictures: Pictures
) -> AsyncIterator[str]:
    """Album after album, job after job; the members of several arrive interleaved, in entry order."""
    if not found.counts.members:
        return
    shelf = _Shelf(found.counts)
    async for record in there():
        if not _is_tile(record):
            continue
        shown = await _source_of(record, found, pictures)
        item = record.item
        shelf.add((item.job_id, item.album or 0), item, page.tile(record, folder, shown))
        for section in shelf.ready():
            yield section
    for section in shelf.rest():
        yield section


async def _source_of(record: ItemRecord, found: _Found, pictures: Pictures) -> str | None:
    """Where the browser finds the picture of a tile: in the page, or beside it."""
    key = key_of(record.outputs[0].sha256) if record.outputs else ""
    if key not in found.keys:
        return None
    if found.inside:
        return page.data_uri(await to_thread.run_sync(pictures.read, key))
    return path_of(key)


class _Shelf:
    """Tiles waiting for the rest of their album and for the albums before it."""

    def __init__(self, counts: Counts) -> None:
        self._missing = dict(counts.members)
        ages = {job: age for age, job in enumerate(counts.jobs)}
        order = sorted(counts.members, key=lambda album: (ages[album[0]], not album[1], album[1]))
        self._order = iter(order)
        self._next = next(self._order, None)
        self._tiles: dict[Album, list[str]] = {}
        self._kinds: dict[Album, Counter[ItemKind]] = {}
        self._days: dict[Album, int | None] = {}
        self._dated = len(ages) > 1
        self._held = 0
        self._jump = ' id="albums"'

    def add(self, album: Album, item: Item, tile: str) -> None:
        """Take the next tile of an album."""
        self._tiles.setdefault(album, []).append(tile)
        self._kinds.setdefault(album, Counter())[item.kind] += 1
        self._days.setdefault(album, item.sent_ms if self._dated else None)
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

    def _take(self, album: Album) -> str:
        tiles, kinds, jump = self._tiles.pop(album), self._kinds.pop(album), self._jump
        self._held -= sum(map(len, tiles))
        self._jump = ""
        return page.album(page.album_title(album[1], self._days.pop(album)), kinds, tiles, jump)


def _give_name(root: Path, path: str, temp: Path) -> None:
    delivery.make_parents(root, path, set())
    temp.replace(root / path)
    delivery.sync_way(root, path)


def _clear(root: Path, temp: Path) -> None:
    delivery.discard(temp)
    delivery.remove_temp_folder(root)
