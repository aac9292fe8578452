"""Who may work on what, also with several workers and dead ones."""

import anyio
import pytest
from sqlalchemy import Connection, update

from tests.storage.conftest import LEASE_MS, Desk
from transload.errors import LostLeaseError
from transload.model import Lane, Task
from transload.storage.leases import Leases
from transload.storage.record import TaskRecord
from transload.storage.schema import tasks

pytestmark = pytest.mark.anyio


async def test_a_task_is_taken_once(desk: Desk) -> None:
    await desk.want()
    others = [Leases(desk.database, desk.clock, f"worker-{n}", LEASE_MS) for n in range(20)]
    taken: list[int] = []

    async def grab(leases: Leases) -> None:
        if (task := await leases.take(Lane.TRANSFER, 0)) is not None:
            taken.append(task.id)

    async with anyio.create_task_group() as group:
        for leases in others:
            group.start_soon(grab, leases)
    assert len(taken) == 1


async def test_an_expired_lease_goes_to_another_and_fences_the_first(desk: Desk) -> None:
    await desk.want()
    zombie = await desk.begin()
    desk.clock.now_ms += LEASE_MS + 1
    second = await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER, 0)
    assert second is not None
    assert second.epoch == 2
    with pytest.raises(LostLeaseError):
        await zombie.end_task()
    with pytest.raises(LostLeaseError):
        await zombie.tried()


async def test_a_kept_lease_does_not_expire(desk: Desk) -> None:
    await desk.want()
    task = await desk.take()
    desk.clock.now_ms += LEASE_MS - 1
    assert await desk.leases.keep([task]) == []
    desk.clock.now_ms += LEASE_MS - 1
    assert await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER, 0) is None


async def test_void_dead_frees_at_once_and_counts_deaths_without_progress(desk: Desk) -> None:
    await desk.want()
    for deaths in range(3):
        task = await desk.take()
        assert task.deaths == deaths
        await desk.leases.void_dead()
    record = TaskRecord(desk.database, desk.clock, await desk.take(), desk.kept)
    await record.begin()  # an event: the job moved
    await desk.leases.void_dead()
    assert (await desk.take()).deaths == 1


async def test_only_jobs_asked_for_are_run(desk: Desk) -> None:
    await desk.want()
    assert await desk.leases.take(Lane.TRANSFER, desk.clock.now_ms + 1) is None
    assert await desk.leases.take(Lane.TRANSFER, desk.clock.now_ms) is not None


async def test_a_paused_job_rests_and_its_worker_is_told(desk: Desk) -> None:
    job = await desk.want()
    task = await desk.take()
    await desk.ledger.control(job.id, "pause")
    assert await desk.leases.lost([task]) == [task.id]
    assert await desk.leases.take(Lane.TRANSFER, 0) is None
    await desk.ledger.control(job.id, None)
    assert await desk.leases.take(Lane.TRANSFER, 0) is not None


async def test_a_task_given_back_waits_for_its_due_time(desk: Desk) -> None:
    await desk.want()
    task = await desk.take()
    await desk.leases.give_back(task, desk.clock.now_ms + 500)
    assert await desk.leases.take(Lane.TRANSFER, 0) is None
    assert not await desk.leases.transfer_waits(0)
    desk.clock.now_ms += 500
    assert await desk.leases.transfer_waits(0)
    assert (await desk.take()).id == task.id


async def test_who_runs_hears_of_newcomers_only(desk: Desk) -> None:
    async def waits(task: Task, *others: Task) -> bool:
        return await desk.leases.newcomer_waits(task, 0, [task, *others])

    await desk.want()
    mine = await desk.take()
    assert not await waits(mine)
    other = await desk.want("/other.zip")
    assert await waits(mine)
    assert not await desk.leases.newcomer_waits(mine, desk.clock.now_ms + 1, [mine])
    await desk.ledger.control(other.id, "pause")
    assert not await waits(mine)
    await desk.ledger.control(other.id, None)
    second = await desk.take()
    assert not await waits(mine, second)
    await desk.leases.give_back(second, desk.clock.now_ms)
    assert not await waits(mine)  # it had its turn


@pytest.mark.parametrize(("priority", "heard"), [(1, False), (0, True)])
async def test_who_runs_does_not_hear_of_the_less_urgent(
    desk: Desk, priority: int, heard: bool
) -> None:
    await desk.want()
    mine = await desk.take()
    await desk.want("/other.zip")

    def rank(db: Connection) -> None:
        own = tasks.c.id == mine.id
        db.execute(update(tasks).where(own).values(priority=0))
        db.execute(update(tasks).where(~own).values(priority=priority))

    await desk.database.run(rank)
    assert await desk.leases.newcomer_waits(mine, 0, [mine]) is heard
