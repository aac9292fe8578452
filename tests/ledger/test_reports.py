"""Sums, deliveries and pages as reports read them."""

from dataclasses import replace

import pytest

from tests.ledger.conftest import Desk, entries
from tests.ledger.test_task_writes import begun, intend, landed, shipment
from transload.ledger.reports import PAGE, landed_of, page_of, totals_of
from transload.model import ItemKind, ItemState, Judgement, Outcome, Verdict

pytestmark = pytest.mark.anyio


async def test_a_page_has_deliveries_and_judgements_only_when_asked(desk: Desk) -> None:
    record, items = await begun(desk, PAGE + 1)
    long = Judgement(ItemKind.VIDEO, Verdict.AS_IS, "a film", duration_s=60.0)
    await record.receive(
        landed(await intend(record, [replace(shipment(items[0]), judgement=long)]))
    )
    job = await desk.ledger.job(items[0].job_id)
    with desk.database.begin() as db:
        first = page_of(db, job.id, (-1, ""), judged=True)
        plain = page_of(db, job.id, (-1, ""), judged=False)
        rest = page_of(db, job.id, first[-1].item.place, judged=False)
        assert landed_of(db, [items[1].id]) == {}
        assert totals_of(db, job).sent == 1
    assert (len(first), len(rest)) == (PAGE, 1)
    assert (first[0].item.judgement, plain[0].item.judgement) == (long, None)
    assert [output.path for output in first[0].outputs] == ["photos/in/0.jpg"]
    assert entries(1)[0].name == first[0].item.name


async def test_a_duplicate_names_the_earlier_delivery_once(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await record.receive(landed(await intend(record, [shipment(items[0], "equal")])))
    await record.end_task()
    await record.end_job()
    again, both = await begun(desk, 2)
    equal = [shipment(item, "equal").item for item in both]
    await again.conclude([Outcome(item, ItemState.DUPLICATE, "before") for item in equal])
    with desk.database.begin() as db:
        told = page_of(db, both[0].job_id, (-1, ""), judged=False)
    assert [[output.path for output in one.outputs] for one in told] == [["photos/in/0.jpg"], []]
