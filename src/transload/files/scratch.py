"""Bytes on their way: one folder a job, under a budget of bytes and above a reserve of free disk space.

`<folder>/<item>.<task>.part` is being written by a task, `<folder>/<item>.in` is whole, `<folder>/<item>.out/` holds
what is made of it, `<folder>/<item>.<task>.archive` is an archive that a task reads from here. Nothing here is
remembered: a killed run's files are swept by the next run of its task, or found whole by the conversion that needs
them.
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread

from transload.files.disk import SLACK_BYTES, check_room, reserve_of
from transload.model import ALBUM_MAX
from transload.ports import Source
from transload.units import MIB

SPOOL = "spool"  # in a job's folder: a remote archive that cannot be read where it lies, kept from run to run
ALBUM_WINDOW_MAX = 256 * MIB  # what is ready is sent: ten large videos are never held together


def budget_for(source: Source) -> int:
    """Scratch bytes for a source: its largest run of ten entries or largest entry, and 16 MiB.

    Sources without a listing get the largest album window: their sizes are known only while reading.
    """
    if not source.listed:
        return ALBUM_WINDOW_MAX + SLACK_BYTES
    window: list[int] = []
    album = largest = 0
    for entry in source.entries():
        size = entry.size or 0
        window = [*window[-(ALBUM_MAX - 1) :], size]
        album, largest = max(album, sum(window)), max(largest, size)
    return max(largest, min(album, ALBUM_WINDOW_MAX)) + SLACK_BYTES


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    """The size of a file, None when another task has just removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


class JobScratch:
    """The scratch folder of one job. `budget` bytes may be held at once; one larger entry goes alone.

    Several conversions of a job may have it open: each writes under the number of its `task`.
    """

    def __init__(self, root: Path, job_id: str, budget: int, min_free: int, task: int = 0) -> None:
        self.root = root / job_id
        self.task = task
        self.budget = budget
        self.peak = 0
        self._min_free = min_free
        self._held: dict[int, int] = {}
        self._archives: dict[int, int] = {}
        self._given = set[int]()  # items whose paths somebody asked for: others have nothing here
        self._alone = False
        self._changed = anyio.Event()
        self._before_waiting: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint

    def before_waiting(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do this once before each wait for room: what is ready must go, or the room never comes."""
        self._before_waiting = act

    async def open(self, *, item_id: int | None) -> None:
        """Make the folder and sweep what an earlier run left: all of it, or what the conversion of one item did.

        A conversion keeps whole entries, and what others write. It never waits for room: nobody works beside it who
        could be relied on to make any.
        """

        def sweep() -> list[tuple[int, int]]:
            self.root.mkdir(parents=True, exist_ok=True)
            paths = [path for path in self.root.iterdir() if path.name != SPOOL]
            for path in paths:
                if item_id is None or self._is_own(path, item_id):
                    _remove(path)
            whole = self.root.glob("*.in")
            return [(int(path.stem), size) for path in whole if (size := _size(path)) is not None]

        self._held = dict(await anyio.to_thread.run_sync(sweep))
        self._alone = item_id is not None
        self._note()

    def _is_own(self, path: Path, item_id: int) -> bool:
        """Whether an earlier run of this conversion has left a path behind that is of no use any more."""
        mine = path.name.endswith((f".{self.task}.part", f".{self.task}.archive"))
        return mine or path.name == f"{item_id}.out"

    @property
    def used(self) -> int:
        """Bytes counted now."""
        return sum(self._held.values()) + sum(self._archives.values())

    def _note(self) -> None:
        self.peak = max(self.peak, self.used)
        self._changed.set()
        self._changed = anyio.Event()

    def _room(self, size: int) -> bool:
        """Whether an entry fits beside the others; what opened archives take leaves it SLACK_BYTES at least."""
        entries = sum(self._held.values())
        left = max(self.budget - sum(self._archives.values()), min(SLACK_BYTES, self.budget))
        return not self._held or entries + size <= left

    def check_disk(self, size: int) -> None:
        """Raise DiskFullError when `size` more bytes would go below the reserve of free space, NeverFitsError when
        even an empty disk could not take them."""
        need = f"{size / MIB:.1f} MiB needed in {self.root.parent}"
        check_room(self.root, size, reserve_of(self.root, self._min_free), need)

    async def reserve(self, item_id: int, size: int) -> None:
        """Wait until `size` more bytes fit the budget, then count them for the item."""
        await self._wait_until(lambda: self._alone or self._room(size))
        self.check_disk(size)
        self._held[item_id] = size
        self._note()

    async def hold(self, item_id: int, size: int) -> None:
        """Wait as `reserve` does, then count `size` bytes for an archive that stays while its entries come and go.

        Called again with a larger size while it grows. Its entries are not starved by it: they have the rest of the
        budget, and SLACK_BYTES at least.
        """
        more = size - self._archives.get(item_id, 0)
        await self._wait_until(
            lambda: not self._held or self._alone or self.used + more <= self.budget
        )
        self.check_disk(more)
        self._archives[item_id] = size
        self._note()

    async def _wait_until(self, fits: Callable[[], bool]) -> None:
        if not fits():
            await self._before_waiting()
        while not fits():
            await self._changed.wait()

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes fit the budget right now."""
        return self._room(size)

    def resize(self, item_id: int, size: int) -> None:
        """Correct what an item counts for, without waiting. Raises as `check_disk` does where it grows."""
        grown = size - self._held.get(item_id, 0)
        if grown > 0:
            self.check_disk(grown)
        self._held[item_id] = size
        self._note()

    def part(self, item_id: int) -> Path:
        """Where the bytes of an item are written."""
        self._given.add(item_id)
        return self.root / f"{item_id}.{self.task}.part"

    def whole(self, item_id: int) -> Path:
        """Where they are once complete: a file of this name is good."""
        self._given.add(item_id)
        return self.root / f"{item_id}.in"

    def archive_file(self, item_id: int) -> Path:
        """Where an archive lies while its entries are read."""
        self._given.add(item_id)
        return self.root / f"{item_id}.{self.task}.archive"

    def folder(self, item_id: int) -> Path:
        """A folder for what is made of an item; made if missing."""
        self._given.add(item_id)
        path = self.root / f"{item_id}.out"
        path.mkdir(exist_ok=True)
        return path

    def _remove(self, item_id: int) -> None:
        self.part(item_id).unlink(missing_ok=True)
        self.whole(item_id).unlink(missing_ok=True)
        self.archive_file(item_id).unlink(missing_ok=True)
        made = self.root / f"{item_id}.out"
        if made.exists():
            shutil.rmtree(made)

    async def drop(self, *item_ids: int) -> None:
        """Remove all files of the items and free their share."""

        known = self._given | self._held.keys() | self._archives.keys()
        there = [one for one in item_ids if one in known]

        def remove() -> None:
            for item_id in there:
                self._remove(item_id)

        if not there:  # what was held in memory has nothing here
            return
        await anyio.to_thread.run_sync(remove)
        self._given.difference_update(there)
        for item_id in there:
            self._held.pop(item_id, None)
            self._archives.pop(item_id, None)
        self._note()

    async def close(self) -> None:
        """Remove the job's folder and all in it."""
        await anyio.to_thread.run_sync(lambda: shutil.rmtree(self.root, ignore_errors=True))
        self._held.clear()
        self._archives.clear()
        self._note()
