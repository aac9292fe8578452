"""Who may work on what, also with several workers and dead ones."""

import anyio
import pytest
from sqlalchemy import Connection, update

from tests.ledger.conftest import LEASE_MS, Desk, entries
from transload.errors import LostLeaseError
from transload.ledger.schema import items, tasks
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import DUE_MS, Leases
from transload.model import (
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Lane,
    Outcome,
    Task,
    Verdict,
)
from transload.states import TURN

pytestmark = pytest.mark.anyio


async def test_a_task_is_taken_once(desk: Desk) -> None:
    await desk.submit()
    others = [Leases(desk.database, desk.clock, f"worker-{n}", LEASE_MS) for n in range(20)]
    taken: list[int] = []

    async def grab(leases: Leases) -> None:
        if (task := await leases.take(Lane.TRANSFER)) is not None:
            taken.append(task.id)

    async with anyio.create_task_group() as group:
        for leases in others:
            group.start_soon(grab, leases)
    assert len(taken) == 1


async def test_an_expired_lease_goes_to_another_and_fences_the_first(desk: Desk) -> None:
    await desk.submit()
    zombie = await desk.begin()
    desk.clock.now_ms += LEASE_MS + 1
    second = await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER)
    assert second is not None
    assert second.epoch == 2
    with pytest.raises(LostLeaseError):
        await zombie.end_task()
    with pytest.raises(LostLeaseError):
        await zombie.tried()


async def test_a_kept_lease_does_not_expire(desk: Desk) -> None:
    await desk.submit()
    task = await desk.take()
    desk.clock.now_ms += LEASE_MS - 1
    assert await desk.leases.keep([task]) == []
    desk.clock.now_ms += LEASE_MS - 1
    assert await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER) is None


async def test_void_dead_frees_at_once_and_counts_deaths_without_progress(desk: Desk) -> None:
    await desk.submit()
    for deaths in range(3):
        task = await desk.take()
        assert task.deaths == deaths
        await TaskRecord(
            desk.database, desk.clock, task, desk.kept
        ).begin()  # runs again: no progress
        await desk.leases.release_dead()
    record = await desk.begin()
    (item,) = await record.admit(entries(1))
    await record.conclude([Outcome(item, ItemState.SKIPPED, "not media")])
    await desk.leases.release_dead()
    assert (await desk.take()).deaths == 1


async def test_only_jobs_asked_for_are_run(desk: Desk) -> None:
    await desk.submit()
    now = desk.clock.now_ms
    assert await desk.leases.of_jobs_asked_since(now + 1).take(Lane.TRANSFER) is None
    assert await desk.leases.of_jobs_asked_since(now).take(Lane.TRANSFER) is not None


async def test_a_paused_job_rests_and_its_worker_is_told(desk: Desk) -> None:
    job = await desk.submit()
    task = await desk.take()
    await desk.ledger.control(job.id, "pause")
    assert (await desk.leases.look([task], ())).lost == [task.id]
    assert await desk.leases.take(Lane.TRANSFER) is None
    await desk.ledger.control(job.id, None)
    assert await desk.leases.take(Lane.TRANSFER) is not None


async def test_a_worker_hears_of_what_it_may_take(desk: Desk) -> None:
    assert not (await desk.leases.look([], list(Lane))).due
    await desk.submit()
    assert (await desk.leases.look([], list(Lane))).due
    assert not (await desk.leases.look([], list(Lane))).due  # nothing was committed since
    task = await desk.take()
    assert not (await desk.leases.look([task], list(Lane))).due
    await desk.leases.release(task, desk.clock.now_ms + 60_000)
    assert not (await desk.leases.look([], list(Lane))).due
    desk.clock.now_ms += 60_000  # and nothing is committed
    assert not (await desk.leases.look([], [Lane.CONVERT])).due
    desk.clock.now_ms += DUE_MS
    assert (await desk.leases.look([], list(Lane))).due


async def test_a_task_given_back_waits_for_its_due_time(desk: Desk) -> None:
    await desk.submit()
    task = await desk.take()
    await desk.leases.release(task, desk.clock.now_ms + 500)
    assert await desk.leases.take(Lane.TRANSFER) is None
    assert not await desk.leases.transfer_waits()
    desk.clock.now_ms += 500
    assert await desk.leases.transfer_waits()
    assert (await desk.take()).id == task.id


async def film(desk: Desk, name: str, cost_s: float | None) -> Job:
    """A job whose only item is to be converted."""
    job = await desk.submit(f"/{name}.zip")
    record = await desk.begin()
    (item,) = await record.admit(entries(1))
    judged = Judgement(
        ItemKind.VIDEO, Verdict.TRANSCODE, "later", deferred=True, cost_s=cost_s or 0
    )
    await record.conclude([Outcome(item, ItemState.DEFERRED, "later", judged)])
    if cost_s is None:  # as it is where a recovery judges anew
        own = update(items).where(items.c.id == item.id).values(judgement=None)
        await desk.database.run(lambda db: db.execute(own))
    await record.end_task()
    return job


async def converting(desk: Desk) -> Task:
    task = await desk.leases.take(Lane.CONVERT)
    assert task is not None
    return task


@pytest.mark.parametrize(
    ("own", "left", "other", "heard"),
    [
        (100.0, 0.5, 20.0, True),
        (100.0, 0.5, 50.0, False),
        (100.0, 0.5, 60.0, False),
        (100.0, 1.0, 100.0, False),
        (100.0, 0.5, None, False),
        (None, 0.5, 20.0, False),
    ],
)
async def test_who_converts_hears_of_what_is_shorter_than_its_rest(
    desk: Desk, own: float | None, left: float, other: float | None, heard: bool
) -> None:
    await film(desk, "own", own)
    mine = await converting(desk)
    assert not await desk.leases.shorter_waits(mine, left, [mine])
    await film(desk, "other", other)
    assert await desk.leases.shorter_waits(mine, left, [mine]) is heard


async def test_who_converts_hears_of_what_could_be_taken(desk: Desk) -> None:
    await film(desk, "own", 100.0)
    mine = await converting(desk)

    async def hears(*running: Task, since_ms: int = 0) -> bool:
        leases = desk.leases.of_jobs_asked_since(since_ms)
        return await leases.shorter_waits(mine, 1.0, [mine, *running])

    other = await film(desk, "other", 1.0)
    assert await hears()
    assert not await hears(since_ms=desk.clock.now_ms + 1)
    await desk.ledger.control(other.id, "pause")
    assert not await hears()
    await desk.ledger.control(other.id, None)
    assert await hears()
    beside = await converting(desk)
    assert not await hears(beside)
    await desk.leases.release(beside, desk.clock.now_ms + 500)
    assert not await hears()
    desk.clock.now_ms += 500
    assert await hears()


@pytest.mark.parametrize(("priority", "heard"), [(1, False), (0, True), (-1, True)])
async def test_who_converts_does_not_hear_of_the_less_urgent(
    desk: Desk, priority: int, heard: bool
) -> None:
    await film(desk, "own", 100.0)
    mine = await converting(desk)
    await film(desk, "other", 1.0)

    def rank(db: Connection) -> None:
        own = tasks.c.id == mine.id
        db.execute(update(tasks).where(own).values(priority=0))
        db.execute(update(tasks).where(~own).values(priority=priority))

    await desk.database.run(rank)
    assert await desk.leases.shorter_waits(mine, 1.0, [mine]) is heard


async def test_who_gives_way_waits_for_its_turn(desk: Desk) -> None:
    job = await film(desk, "own", 100.0)
    mine = await converting(desk)
    record = TaskRecord(desk.database, desk.clock, mine, desk.kept)
    await record.begin()
    await record.give_way()
    now = await desk.ledger.job(job.id)
    assert (now.state, now.wait_reason) == (JobState.WAITING, TURN)
    with pytest.raises(LostLeaseError):
        await record.tried()
    again = await converting(desk)
    assert again.id == mine.id
    await TaskRecord(desk.database, desk.clock, again, desk.kept).begin()
    now = await desk.ledger.job(job.id)
    assert (now.state, now.wait_reason) == (JobState.RUNNING, None)


async def gave_way(desk: Desk) -> Job:
    """A job that waits for its turn."""
    job = await film(desk, "own", 100.0)
    record = TaskRecord(desk.database, desk.clock, await converting(desk), desk.kept)
    await record.begin()
    await record.give_way()
    return job


async def test_who_waited_for_its_turn_at_a_kill_is_queued(desk: Desk) -> None:
    job = await gave_way(desk)
    await desk.leases.release_dead()
    now = await desk.ledger.job(job.id)
    assert (now.state, now.wait_reason) == (JobState.QUEUED, None)


async def test_who_waits_for_its_turn_can_be_paused(desk: Desk) -> None:
    job = await gave_way(desk)
    await desk.ledger.control(job.id, "pause")
    assert (await desk.ledger.job(job.id)).wait_reason == "paused"
    assert await desk.leases.take(Lane.CONVERT) is None
    await desk.ledger.control(job.id, None)
    assert (await desk.ledger.job(job.id)).state is JobState.QUEUED
    assert (await converting(desk)).job_id == job.id
