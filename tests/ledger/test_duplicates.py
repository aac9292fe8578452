"""What makes an item a duplicate, and what it costs to find that."""

import sqlite3
from dataclasses import replace

import pytest

from tests.ledger.conftest import Desk
from tests.ledger.test_task_writes import Shelf, begun, intend, landed, shipment
from transload.ledger.duplicates import earlier, twin_of
from transload.model import Files, Item, Job

pytestmark = pytest.mark.anyio


async def test_the_same_content_is_a_twin_for_media_and_not_for_all_files(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    await record.receive(landed(await intend(record, [shipment(items[0], "equal")])))
    assert await record.duplicates_of([(items[1], "equal")])
    assert await intend(record, [shipment(items[1], "equal")]) == []
    other, rest = await begun(desk, 2, source="/all.zip", files="all")
    await other.receive(landed(await intend(other, [shipment(rest[0], "equal")])))
    assert not await other.duplicates_of([(rest[1], "equal")])


async def test_again_leaves_earlier_jobs_out(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await record.receive(landed(await intend(record, [shipment(items[0], "equal")])))
    assert not await record.end_task()
    await record.end_job()
    once_more, rest = await begun(desk, 1, again=True)
    assert not await once_more.duplicates_of([(rest[0], "equal")])


async def test_many_are_asked_for_at_once(desk: Desk) -> None:
    record, items = await begun(desk, 120)
    sent = [shipment(item) for item in items[::2]]
    await record.receive(landed(await intend(record, sent)))
    assert not await record.end_task()
    await record.end_job()
    for files in ("media", "all"):
        later, new = await begun(desk, 120, files=files)
        wanted = [(item, f"sha-{item.index}") for item in new]
        found = await later.duplicates_of(wanted)
        assert sorted(found) == [item.id for item in new[::2]]
        assert {one.reference for one in found[new[4].id]} == {"photos/in/4.jpg"}
        assert not await later.duplicates_of(
            [(new[1], "sha-0")] if files == "all" else [(new[1], "x")]
        )
        await later.end_job()


def steps_of_a_look_up(desk: Desk, job: Job, item: Item) -> int:
    """What SQLite does, in its own steps, to find an earlier delivery of the item's content and its duplicates."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with desk.database.begin() as db:
        connection = db.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.set_progress_handler(count, 1)
        earlier(db, job, "local:/new.zip", [(item, "equal")])
        twin_of(db, job, "local:/new.zip", item, "equal")
        connection.set_progress_handler(None, 1)
    return steps


@pytest.mark.parametrize("files", ["all", "media"])
async def test_an_equal_content_costs_the_same_however_many_there_are(
    desk: Desk, files: Files
) -> None:
    record, items = await begun(desk, 2000, "/old.zip", files="all")
    job = await record.settle_folder(Shelf())  # type: ignore[arg-type]
    steps: list[int] = []
    for some in (items[:20], items[20:]):
        sent = await intend(record, [shipment(one, "equal") for one in some])
        await record.receive(landed(sent))
        looking = replace(job, id="another", files=files)
        steps.append(steps_of_a_look_up(desk, looking, some[-1]))
    assert steps[1] <= 1.5 * steps[0]


async def test_a_duplicate_costs_the_same_in_a_job_of_many_items(desk: Desk) -> None:
    record, items = await begun(desk, 1, "/old.zip")
    await record.receive(landed(await intend(record, [shipment(items[0], "equal")])))
    steps: list[int] = []
    for count in (20, 2000):
        record, items = await begun(desk, count, f"/{count}.zip")
        job = await record.settle_folder(Shelf())  # type: ignore[arg-type]
        steps.append(steps_of_a_look_up(desk, job, items[-1]))
    assert steps[1] <= 1.5 * steps[0]
