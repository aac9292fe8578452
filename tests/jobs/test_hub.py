"""Followers learn what anybody commits, see what runs here from memory, and cost the ledger nearly nothing."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest
from sqlalchemy import Connection, Engine, event

from tests.ledger.conftest import Clock, Desk, desk, entries
from transload.errors import DiskFullError
from transload.jobs.hub import LOOK_S, WRITE_S, Follower, Hub, TaskMeter
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger
from transload.model import Job, JobProgress, JobState, Progress

__all__ = ["desk"]

pytestmark = pytest.mark.anyio


@contextmanager
def transactions() -> Iterator[list[str]]:
    """The transactions that are begun meanwhile, by anybody in this process."""
    begun: list[str] = []

    def count(connection: Connection) -> None:
        begun.append(str(connection.engine.url))

    event.listen(Engine, "begin", count)
    try:
        yield begun
    finally:
        event.remove(Engine, "begin", count)


@asynccontextmanager
async def at_work(desk: Desk, meters: Mapping[str, TaskMeter] | None = None) -> AsyncIterator[Hub]:
    """A hub that watches, and shows the progress of these tasks."""
    hub = Hub(desk.ledger)
    async with anyio.create_task_group() as group:
        group.start_soon(hub.watch)
        if meters is not None:
            group.start_soon(hub.show, meters)
        yield hub
        group.cancel_scope.cancel()


async def shown(follower: Follower, done: int) -> JobProgress:
    """The progress, once so much is done."""
    while follower.progress is None or follower.progress.done != done:
        await follower.changed()
    return follower.progress


async def started(desk: Desk) -> Job:
    job = await desk.submit()
    await (await desk.begin()).admit(entries(2))
    return job


async def test_a_follower_sees_what_another_process_commits(desk: Desk) -> None:
    job = await desk.submit()
    other = Ledger(Database(desk.database.path), Clock())
    async with at_work(desk) as hub, hub.follow(job.id) as follower:
        before = follower.head
        await other.control(job.id, "pause")
        await follower.changed()
        after = follower.head
        assert (before.state, after.state) == (JobState.QUEUED, JobState.WAITING)
        assert after.seq > before.seq
    other.database.close()


async def test_one_that_joins_late_misses_nothing(desk: Desk) -> None:
    job = await desk.submit()
    async with at_work(desk) as hub, hub.follow(job.id) as early:
        for turn in range(20):
            await desk.ledger.control(job.id, "pause" if turn % 2 == 0 else None)
            async with hub.follow(job.id) as late:
                assert late.head.state is (JobState.WAITING, JobState.QUEUED)[turn % 2]
            while early.head != late.head:
                await early.changed()


async def test_progress_of_this_process_comes_without_a_transaction(desk: Desk) -> None:
    job, meter = await started(desk), TaskMeter("convert", item="clip.avi")
    meter.weigh(1, 100)
    async with at_work(desk, {job.id: meter}) as hub, hub.follow(job.id) as follower:
        first = await shown(follower, 0)
        assert (first.stage, first.items) == ("convert", 0)
        since, done = anyio.current_time(), 0
        with transactions() as begun:
            while len(begun) < 4:
                done += 1
                meter.under_way(1, Progress("convert", done, 10**6, "us"))
                assert (await shown(follower, done)).unit == "us"
        # A second of it is one writing and one look at the heads, and no more when the machine is busy.
        seconds = anyio.current_time() - since
        assert len(begun) <= 2 * (1 + seconds / WRITE_S)


async def test_nothing_new_costs_no_transaction_at_all(desk: Desk) -> None:
    job = await desk.submit()
    async with at_work(desk) as hub, hub.follow(job.id) as follower:
        begun = ["the first look, whenever it comes"]
        while begun:
            with transactions() as begun, anyio.move_on_after(5 * LOOK_S):
                await follower.changed()
                raise AssertionError


async def test_what_a_task_that_is_over_has_shown_is_not_shown_of_the_next(desk: Desk) -> None:
    job, old = await started(desk), TaskMeter("convert", item="clip.avi")
    old.weigh(1, 100)
    old.under_way(1, Progress("convert", 9, 10, "us"))
    meters = {job.id: old}
    async with at_work(desk, meters) as hub, hub.follow(job.id) as follower:
        assert (await shown(follower, 9)).stage == "convert"
        del meters[job.id]
        while hub.shows(job.id):
            await anyio.lowlevel.checkpoint()
        meters[job.id] = TaskMeter("fetch")
        while not hub.shows(job.id):
            await anyio.lowlevel.checkpoint()
        assert follower.progress is not None
        assert (follower.progress.stage, follower.progress.done) == ("fetch", 0)


async def test_a_full_disk_stops_no_progress(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = anyio.Event()

    async def full(_self: Ledger, _progress: object) -> None:
        tried.set()
        raise DiskFullError

    job, meter = await started(desk), TaskMeter("convert", item="clip.avi")
    meter.weigh(1, 100)
    monkeypatch.setattr(Ledger, "set_progress", full)
    async with at_work(desk, {job.id: meter}) as hub, hub.follow(job.id) as follower:
        done = 0
        while not tried.is_set() or done < 5:
            done += 1
            meter.under_way(1, Progress("convert", done, 10**6, "us"))
            assert (await shown(follower, done)).unit == "us"
        meter.under_way(1, Progress("convert", done + 1, 10**6, "us"))
        assert (await shown(follower, done + 1)).unit == "us"
    assert "progress_not_written" in caplog.text
