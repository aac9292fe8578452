"""How a run of a task ends."""

import pytest

from tests.ledger.conftest import Desk, entries
from transload.errors import CorruptError, DiskFullError, LostLeaseError
from transload.model import ItemState, JobState, Lane

pytestmark = pytest.mark.anyio


FULL = DiskFullError("no room").fault()


async def test_a_wait_is_a_row_that_a_restart_keeps(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    await record.wait("space", desk.clock.now_ms + 15_000, FULL)
    waiting = await desk.ledger.job(job.id)
    assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "space")
    assert await desk.leases.take(Lane.TRANSFER) is None
    desk.clock.now_ms += 15_000
    again = await desk.begin()
    running, _ = await again.begin()
    assert (running.state, running.wait_reason, running.fault) == (JobState.RUNNING, None, None)


async def test_the_last_task_must_close_the_job(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    (item,) = await record.admit(entries(1))
    await record.lose_rest(CorruptError("x").fault(), ItemState.FAILED, is_reconciled=True)
    assert not await record.end_task()
    assert await record.end_job() is JobState.FAILED
    with pytest.raises(LostLeaseError):
        await record.end_job()
    assert (await record.item(item.id)).state is ItemState.FAILED
