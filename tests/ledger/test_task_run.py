"""A task that is another's now writes nothing; waits and ends are rows."""

import pytest

from tests.ledger.conftest import LEASE_MS, Desk, entries
from transload.errors import CorruptError, DiskFullError, LostLeaseError
from transload.ledger import task_run
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.model import ItemState, JobState, Lane

pytestmark = pytest.mark.anyio

FULL = DiskFullError("no room").fault()


async def overtaken(desk: Desk) -> TaskRecord:
    """A record whose lease has run out and been taken by another worker."""
    await desk.submit()
    zombie = await desk.begin()
    desk.clock.now_ms += LEASE_MS + 1
    assert await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER, 0)
    return zombie


async def test_a_zombie_cannot_write(desk: Desk) -> None:
    zombie = await overtaken(desk)
    with pytest.raises(LostLeaseError):
        await zombie.admit(entries(1))
    with pytest.raises(LostLeaseError):
        await zombie.wait("space", 0, FULL)
    with pytest.raises(LostLeaseError):
        await zombie.end_job()


async def test_without_the_fence_the_zombie_would_write(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fence(_db: object, _fence: object) -> None:
        return None

    zombie = await overtaken(desk)
    monkeypatch.setattr(task_run, "check_fence", no_fence)
    assert len(await zombie.admit(entries(1))) == 1  # so the test above does see the fence


async def test_a_wait_is_a_row_that_a_restart_keeps(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    await record.wait("space", desk.clock.now_ms + 15_000, FULL)
    waiting = await desk.ledger.job(job.id)
    assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "space")
    assert await desk.leases.take(Lane.TRANSFER, 0) is None
    desk.clock.now_ms += 15_000
    again = await desk.begin()
    running, _ = await again.begin()
    assert (running.state, running.wait_reason, running.fault) == (JobState.RUNNING, None, None)


async def test_the_last_task_must_close_the_job(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    (item,) = await record.admit(entries(1))
    await record.lose_rest(CorruptError("x").fault(), ItemState.FAILED)
    assert not await record.end_task()
    assert await record.end_job() is JobState.FAILED
    with pytest.raises(LostLeaseError):
        await record.end_job()
    assert (await record.item(item.id)).state is ItemState.FAILED
