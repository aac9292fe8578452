"""Uploads in parts: what arrived before a kill is known after it."""

import pytest

from tests.ledger.conftest import Desk
from tests.ledger.test_task_writes import begun, intend, shipment
from transload.errors import LostLeaseError
from transload.ledger.moves import revoke
from transload.ledger.schema import tasks
from transload.ledger.task_writes import TaskRecord
from transload.ledger.uploads import ItemUploads
from transload.model import ItemState, Outcome

pytestmark = pytest.mark.anyio

MIB, PART = 1 << 20, 1 << 19


def uploads(desk: Desk, record: TaskRecord, item_id: int) -> ItemUploads:
    return ItemUploads(desk.database, desk.clock, record, item_id)


async def test_parts_are_known_by_their_sums_after_a_kill(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    mine = uploads(desk, record, items[0].id)
    begun_now = await mine.begin(0, "first", 10 * MIB + 1, PART)
    assert (begun_now.file_id, dict(begun_now.done), begun_now.first_part_ms) == ("first", {}, None)
    await mine.add(0, {0: 7, 20: 0xFFFFFFFF})
    started = desk.clock.now_ms
    desk.clock.now_ms += 1000
    await mine.add(0, {3: 0})
    again = await uploads(desk, record, items[0].id).begin(0, "second", 10 * MIB + 1, PART)
    assert (again.file_id, again.first_part_ms) == ("first", started)
    assert dict(again.done) == {0: 7, 20: 0xFFFFFFFF, 3: 0}


@pytest.mark.parametrize(("size", "part"), [(MIB + 1, PART), (MIB, PART // 2)])
async def test_other_sizes_are_another_upload(desk: Desk, size: int, part: int) -> None:
    record, items = await begun(desk, 1)
    mine = uploads(desk, record, items[0].id)
    await mine.begin(0, "first", MIB, PART)
    await mine.add(0, {0: 1})
    other = await mine.begin(0, "second", size, part)
    assert (other.file_id, dict(other.done)) == ("second", {})


async def test_files_of_an_item_have_uploads_of_their_own(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    mine = uploads(desk, record, items[0].id)
    for n in (0, 1):
        await mine.begin(n, f"file {n}", MIB, PART)
    await mine.add(1, {1: 5})
    await mine.forget(0)
    assert (await mine.begin(0, "anew", MIB, PART)).file_id == "anew"
    assert dict((await mine.begin(1, "anew", MIB, PART)).done) == {1: 5}


async def test_what_comes_to_nothing_takes_its_uploads_along(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await intend(record, [shipment(items[0])])
    mine = uploads(desk, record, items[0].id)
    await mine.begin(0, "first", MIB, PART)
    await record.conclude([Outcome(items[0], ItemState.SKIPPED, "not wanted after all")])
    assert (await mine.begin(0, "second", MIB, PART)).file_id == "second"


async def test_a_task_that_was_taken_away_remembers_nothing(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    mine = uploads(desk, record, items[0].id)
    await mine.begin(0, "first", MIB, PART)
    with desk.database.begin() as db:
        revoke(db, tasks.c.job_id == items[0].job_id)
    with pytest.raises(LostLeaseError):
        await mine.add(0, {0: 1})
