"""Jobs as commands see them."""

import pytest

from tests.ledger.conftest import Desk, entries
from transload.errors import BusyError, CorruptError, DiskFullError
from transload.ledger.rows import new_id
from transload.model import ItemState, JobState, Lane, Outcome
from transload.states import LEFT_OUT

pytestmark = pytest.mark.anyio

FAULT = CorruptError("broken").fault()


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_id(1_700_000_000_000 + n // 10) for n in range(1000)]
    assert len(set(ids)) == 1000
    assert [i[:10] for i in ids] == sorted(i[:10] for i in ids)
    assert all(len(i) == 26 for i in ids)


async def test_the_same_want_continues_the_unfinished_job(desk: Desk) -> None:
    first = await desk.submit(caption="one")
    desk.clock.now_ms += 1000
    second = await desk.submit(caption="two")
    assert second.id == first.id
    assert second.caption == "two"


async def test_an_ended_job_is_not_continued(desk: Desk) -> None:
    first = await desk.submit()
    record = await desk.begin()
    await record.end_task()
    await record.end_job()
    assert (await desk.submit()).id != first.id


async def test_cancel_takes_the_lease_and_leaves_one_task_to_settle(desk: Desk) -> None:
    job = await desk.submit()
    task = await desk.take()
    await desk.ledger.control(job.id, "cancel")
    assert (await desk.leases.look([task], ())).lost == [task.id]
    last = await desk.begin()
    _, control = await last.begin()
    assert control == "cancel"
    await last.end_task()
    assert await last.end_job() is JobState.CANCELLED


async def test_a_pause_takes_the_place_of_a_wait_that_would_end_by_itself(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    await record.wait("space", desk.clock.now_ms + 30_000, DiskFullError().fault())
    paused = await desk.ledger.control(job.id, "pause")
    assert (paused.state, paused.wait_reason) == (JobState.WAITING, "paused")
    assert paused.wait_until_ms is None
    again = await desk.ledger.control(job.id, None)
    assert (again.state, again.wait_reason) == (JobState.QUEUED, None)
    await desk.take()


async def test_pause_waits_and_resume_queues(desk: Desk) -> None:
    job = await desk.submit()
    paused = await desk.ledger.control(job.id, "pause")
    assert (paused.state, paused.wait_reason) == (JobState.WAITING, "paused")
    resumed = await desk.ledger.control(job.id, None)
    assert (resumed.state, resumed.wait_reason) == (JobState.QUEUED, None)


async def test_control_of_an_ended_job_changes_nothing(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    await record.end_task()
    await record.end_job()
    assert (await desk.ledger.control(job.id, "cancel")).state is JobState.SUCCEEDED


async def test_retry_opens_only_what_was_lost(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    items = await record.admit(entries(3))
    states = [ItemState.SKIPPED, ItemState.FAILED, ItemState.QUARANTINED]
    await record.conclude(
        [Outcome(i, s, "so", fault=FAULT) for i, s in zip(items, states, strict=True)]
    )
    await record.end_task()
    await record.end_job()
    await desk.ledger.retry(job.id)
    after = [one.item.state async for one in desk.ledger.records(job.id)]
    assert after == [ItemState.SKIPPED, ItemState.PENDING, ItemState.PENDING]


async def test_a_detached_job_runs_though_nobody_asks_again(desk: Desk) -> None:
    job = await desk.submit()
    await desk.ledger.submit(job, "id|other", "local:other", detached=True)
    later = desk.clock.now_ms + 1
    task = await desk.leases.of_jobs_asked_since(later).take(Lane.TRANSFER)
    assert task is not None
    assert task.job_id != job.id


async def test_an_unfinished_job_cannot_be_retried(desk: Desk) -> None:
    job = await desk.submit()
    with pytest.raises(BusyError, match="queued"):
        await desk.ledger.retry(job.id)


@pytest.mark.parametrize("why", [LEFT_OUT, "left out by --include or --exclude"])
async def test_other_filters_open_what_the_first_left_out(desk: Desk, why: str) -> None:
    # the second: as the version before wrote it
    job = await desk.submit(include=("*.png",))
    record = await desk.begin()
    items = await record.admit(entries(2))
    await record.conclude([Outcome(items[0], ItemState.SKIPPED, why)])
    await record.conclude([Outcome(items[1], ItemState.SKIPPED, "junk")])
    await desk.submit()
    after = [one.item.state async for one in desk.ledger.records(job.id)]
    assert after == [ItemState.PENDING, ItemState.SKIPPED]


async def test_nothing_takes_a_cancel_back(desk: Desk) -> None:
    job = await desk.submit()
    await desk.ledger.control(job.id, "cancel")
    await desk.ledger.control(job.id, None)
    await desk.submit()
    _, control = await (await desk.begin()).begin()
    assert control == "cancel"


async def test_an_item_that_no_pass_meets_is_lost_not_forgotten(desk: Desk) -> None:
    job = await desk.submit()
    record = await desk.begin()
    await record.admit(entries(1))
    assert not await record.end_task()
    assert await record.end_job() is JobState.FAILED
    (one,) = [one async for one in desk.ledger.records(job.id)]
    assert one.item.fault is not None
    assert one.item.fault.kind == "input.corrupt"
