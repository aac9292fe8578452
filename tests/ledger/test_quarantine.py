"""Kept originals are found, dropped on demand, and strays are told apart."""

import pytest

from tests.ledger.conftest import Desk, entries
from tests.ledger.test_task_writes import begun, intend, landed, shipment
from transload.errors import NotMediaError, UnknownJobError
from transload.ledger.quarantine import Quarantine
from transload.model import Held, ItemState, Outcome

pytestmark = pytest.mark.anyio


async def test_a_kept_original_is_listed_and_dropped(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    items = await record.admit(entries(2))
    desk.kept.mkdir()
    for item in items:
        local = desk.kept.parent / f"{item.id}.in"
        local.write_bytes(b"same name, other bytes %d" % item.id)
        await record.keep(item, Held(local, 24, 1, "sha"), NotMediaError("html").fault())
    (desk.kept / "stray").write_bytes(b"")
    quarantine = Quarantine(desk.database, desk.kept)
    first, second = await quarantine.listed()
    assert first.path is not None
    assert first.path.read_bytes() == b"same name, other bytes 1"
    assert [path.name for path in await quarantine.strays()] == ["stray"]
    assert (await quarantine.one(first.id.lower())).reason.kind == "input.not_media"
    assert await quarantine.items_by_job([second.id, first.id]) == {
        first.job_id: [second.item_id, first.item_id]
    }
    await record.conclude(
        [Outcome(items[0], ItemState.QUARANTINED, "html", fault=NotMediaError("html").fault())]
    )
    await quarantine.drop(first, 0)
    left = await record.item(first.item_id)
    assert left.state is ItemState.FAILED
    assert left.fault is not None
    assert "was deleted" in str(left.fault.suggestion)
    assert [one.id for one in await quarantine.listed()] == [second.id]
    assert not first.path.exists()
    with pytest.raises(UnknownJobError):
        await quarantine.one("nothing")


async def test_the_same_bytes_of_the_same_place_are_kept_once(desk: Desk) -> None:
    quarantine = Quarantine(desk.database, desk.kept)
    for _ in range(2):
        await desk.submit()
        record = await desk.begin()
        (item,) = await record.admit(entries(1))
        local = desk.kept.parent / "0.in"
        local.write_bytes(b"the same")
        await record.keep(item, Held(local, 8, 1, "sha"), NotMediaError("html").fault())
        await record.lose_rest(NotMediaError("html").fault(), ItemState.FAILED)
        await record.end_task()
        await record.end_job()
    (kept,) = await quarantine.listed()
    assert kept.item_id == item.id
    assert await quarantine.strays() == []


async def test_a_delivered_item_leaves_the_quarantine(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    local = desk.kept.parent / "0.in"
    local.write_bytes(b"bytes")
    await record.keep(items[0], Held(local, 5, 1, "sha"), NotMediaError("html").fault())
    await record.receive(landed(await intend(record, [shipment(items[0])])))
    assert await Quarantine(desk.database, desk.kept).listed() == []
    assert list(desk.kept.iterdir()) == []
