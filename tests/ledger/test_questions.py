"""What the ledger is asked about jobs."""

import pytest

from tests.ledger.conftest import Desk, entries
from transload.errors import UnknownJobError
from transload.model import FinishedPart, ItemState, JobProgress, Outcome

pytestmark = pytest.mark.anyio


async def test_a_job_is_found_by_what_is_unique(desk: Desk) -> None:
    job = await desk.submit()
    assert (await desk.ledger.find(job.id[:6].lower())).id == job.id
    with pytest.raises(UnknownJobError, match="no job"):
        await desk.ledger.find("zzz")
    await desk.submit("/other.zip")
    with pytest.raises(UnknownJobError, match="more than one"):
        await desk.ledger.find(job.id[:4])


async def test_progress_never_goes_back(desk: Desk) -> None:
    job = await desk.submit()
    for overall in (0.2, 0.7, 0.4, None):
        now = JobProgress("fetch", None, 1, 2, "bytes", None, None, overall, 0, None)
        assert await desk.ledger.set_progress({job.id: now}) == {job.id: FinishedPart()}
    told = (await desk.ledger.heads([job.id]))[job.id].progress
    assert told is not None
    assert told.overall == 0.7


async def test_totals_add_up_and_records_come_in_pages(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    items = await record.admit(entries(1200))
    await record.conclude([Outcome(item, ItemState.SKIPPED, "so") for item in items[:700]])
    job = await desk.ledger.job(items[0].job_id)
    totals = await desk.ledger.totals(job)
    assert (totals.entries, totals.skipped, totals.sent) == (1200, 700, 0)
    assert [one.item.index async for one in desk.ledger.records(job.id)] == list(range(1200))
    done = await desk.ledger.done(job.id)
    assert (done.items, done.total_items) == (700, 1200)
