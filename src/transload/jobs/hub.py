"""News of jobs for all who follow one in this process: one question to the ledger, however many they are.

What this process works on itself is shown from memory; its rows are written once a second, for other processes.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import anyio

from transload.errors import DiskFullError
from transload.ledger.jobs import Ledger
from transload.ledger.questions import JobStatus
from transload.model import FinishedPart, JobProgress, Progress
from transload.states import JOB_ENDED

# What a running task reports, and the progress object made of it and of the job's rows.
#
# Items and bytes that are finished are counted by the rows of the ledger alone: a task that begins again, an item that
# was refused and then recovered, an archive that was opened before are counted once, however often they are met.


RATE_WINDOW_S = 5.0  # the rate shown is that of the last seconds, so that it follows a slower disk
BELOW_END = 0.999  # `overall` of a job that has not succeeded yet


class TaskMeter:
    """The `Meter` port: the rate of reading, what is expected, the conversions and uploads under way."""

    def __init__(self, stage: str, *, item: str | None = None) -> None:
        self._stage = stage
        self._item = item  # the name of the one item this task is about
        # What one item is converted for was read through before: its job's rows are all there is.
        self._entries: int | None = None if item is None else 0
        self._size: int | None = None if item is None else 0
        self._read = 0
        self._running: dict[int, Progress] = {}
        self._names: dict[int, str] = {}
        self._sizes: dict[int, int] = {}
        self._marks = [(time.monotonic(), 0)]

    def expect(self, entries: int | None, size: int | None) -> None:
        """Set what the source's listing names, None where it does not say."""
        self._entries, self._size = entries, size

    def read(self, size: int) -> None:
        """Add bytes taken from the source."""
        self._read += size

    def under_way(self, item_id: int, progress: Progress, name: str = "") -> None:
        """The state of a running conversion or upload of an item."""
        self._running.pop(item_id, None)  # the one that moved last is shown
        self._running[item_id] = progress
        self._names[item_id] = name

    def weigh(self, item_id: int, size: int) -> None:
        """Tell how many source bytes a conversion or an upload stands for."""
        self._sizes[item_id] = size

    def leave(self, *item_ids: int) -> None:
        """Forget the conversions and uploads of items whose rows are about to say what became of them."""
        for item_id in item_ids:
            self._running.pop(item_id, None)
            self._names.pop(item_id, None)
            self._sizes.pop(item_id, None)

    def _partly(self) -> int:
        """Bytes that running conversions and uploads have worked off."""
        return sum(
            int(self._sizes.get(item_id, 0) * min(1.0, one.done / one.total))
            for item_id, one in self._running.items()
            if one.total
        )

    def _rate(self) -> float | None:
        now = time.monotonic()
        self._marks = [m for m in self._marks if now - m[0] <= RATE_WINDOW_S] + [(now, self._read)]
        (first, read), (last, _) = self._marks[0], self._marks[-1]
        return (self._read - read) / (last - first) if last - first > 1 else None

    def progress(self, rows: FinishedPart) -> JobProgress:
        """The progress of the job, of which `rows` is what is finished."""
        moving = [(item_id, one) for item_id, one in self._running.items() if one.done != one.total]
        at, inner = moving[-1] if moving else (None, None)
        # A listing may name less than there are rows: archives inside, opened before, are not opened again.
        entries = None if self._entries is None else max(self._entries, rows.total_items)
        total = None if self._size is None else max(self._size, rows.total_bytes)
        done = rows.size_bytes + self._partly()
        done = done if total is None else min(done, total)
        rate = self._rate()
        shown = inner or Progress(
            self._stage,
            done,
            total,
            "bytes",
            rate,
            (total - done) / rate if total and rate else None,
        )
        return JobProgress(
            stage=shown.stage,
            item=self._item or (self._names.get(at, "") if at is not None else "") or None,
            done=shown.done,
            total=shown.total,
            unit=shown.unit,
            rate=shown.rate,
            eta_s=shown.eta_s,
            overall=min(BELOW_END, done / total) if total else None,
            items=rows.items,
            items_total=entries,
        )


log = logging.getLogger(__name__)

LOOK_S = 0.1  # how often is asked whether anybody committed anything: one number, no transaction
SHOW_S = 0.25  # progress is shown at most four times a second
WRITE_S = 1.0  # and written once
COUNTING_SHARE = 19
"""The time between two countings is at least so many times that of one: counting 100,000 rows takes 0.1 s."""


class Follower:
    """What is known of one job, for one who follows it."""

    def __init__(
        self, job_id: str, head: JobStatus, shown: Callable[[], JobProgress | None]
    ) -> None:
        self.job_id = job_id
        self.head = head
        self._shown = shown
        self._changed = anyio.Event()

    @property
    def progress(self) -> JobProgress | None:
        """The last progress: of this process's own work where there is some, else what the rows hold."""
        running = None if self.head.state in JOB_ENDED else self._shown()
        return running or self.head.progress

    def see(self, head: JobStatus) -> None:
        """Take in the status of the job now."""
        if head != self.head:
            self.head = head
            self.wake()

    def wake(self) -> None:
        """Say that there is something new."""
        self._changed.set()

    async def changed(self) -> None:
        """Return once there is something new since the last call."""
        await self._changed.wait()
        self._changed = anyio.Event()


class Hub:
    """Followers of jobs, and the progress of the jobs that run in this process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._followers: set[Follower] = set()
        self._followed = anyio.Event()
        self._progress: dict[str, JobProgress] = {}
        self._shown_by: dict[str, TaskMeter] = {}  # of which running task each of them is
        self._version: int | None = None  # of the database when followers were last notified

    @asynccontextmanager
    async def follow(self, job_id: str) -> AsyncGenerator[Follower, None]:
        """A follower of the job, with its status now."""
        version = await self._ledger.database.version()
        head = (await self._ledger.heads([job_id]))[job_id]
        follower = Follower(job_id, head, lambda: self._progress.get(job_id))
        if version != self._version:  # this follower has not seen the last version
            self._version = None
        self._followers.add(follower)
        self._followed.set()
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def shows(self, job_id: str) -> bool:
        """Whether a task of the job runs here and has shown its progress."""
        return job_id in self._progress

    async def watch(self) -> None:
        """Tell followers what was committed, by whomever; until cancelled."""
        while True:
            await self._followed.wait()
            before, self._version = self._version, await self._ledger.database.version()
            if self._version != before:
                heads = await self._ledger.heads({one.job_id for one in self._followers})
                for one in [one for one in self._followers if one.job_id in heads]:
                    one.see(heads[one.job_id])
            if not self._followers:
                self._followed = anyio.Event()
            await anyio.sleep(LOOK_S)

    async def show(self, meters: Mapping[str, TaskMeter]) -> None:
        """Show the progress of the tasks that run here and keep it in their jobs' rows; until cancelled."""
        done: dict[str, FinishedPart] = {}
        due = 0.0
        while True:
            running = dict(meters)
            self._forget_but(running)
            if anyio.current_time() >= due:
                since = anyio.current_time()
                done = await self._write(running.keys())
                took = anyio.current_time() - since
                due = since + max(WRITE_S, COUNTING_SHARE * took)
            for job_id, meter in running.items():
                if job_id in done:
                    self._shown_by[job_id] = meter
                    self._publish(job_id, meter.progress(done[job_id]))
            await anyio.sleep(SHOW_S)

    async def _write(self, running: Iterable[str]) -> dict[str, FinishedPart]:
        """Write what is shown of each job; returns what of those that run is finished by their rows."""
        done: dict[str, FinishedPart] = {}
        try:
            done = await self._ledger.set_progress(self._progress) if self._progress else {}
        except DiskFullError:  # the jobs wait for room and say so; what is shown is still in memory
            log.warning("progress_not_written")
        for job_id in set(running) - done.keys():
            done[job_id] = await self._ledger.done(job_id)
        return done

    def _forget_but(self, running: Mapping[str, TaskMeter]) -> None:
        """Drop what tasks that are over have shown: a job that is taken up again begins anew."""
        over = [job_id for job_id, one in self._shown_by.items() if running.get(job_id) is not one]
        for job_id in over:
            del self._shown_by[job_id], self._progress[job_id]

    def _publish(self, job_id: str, now: JobProgress) -> None:
        if now != self._progress.get(job_id):
            self._progress[job_id] = now
            for follower in self._followers:
                if follower.job_id == job_id:
                    follower.wake()
