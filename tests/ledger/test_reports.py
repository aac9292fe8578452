"""Sums, deliveries and pages as reports read them."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from tests.ledger.conftest import Desk, entries
from tests.ledger.test_task_writes import begun, intend, landed, shipment
from transload.ledger.reports import (
    PAGE,
    jobs_of,
    landed_of,
    page_of,
    records_of,
    totals_of,
    untouched,
)
from transload.model import ItemKind, ItemState, Job, Judgement, Outcome, Recipe, Verdict

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
    assert [output.reference for output in first[0].outputs] == ["photos/in/0.jpg"]
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
    assert [[output.reference for output in one.outputs] for one in told] == [
        ["photos/in/0.jpg"],
        [],
    ]


async def seen(home: Home, job: Job) -> list[tuple[str, ItemState]]:
    async with home.open() as app:
        database = app.installation.ledger.database
        return [(one.item.name, one.item.state) async for one in records_of(database, job)]


async def test_of_other_jobs_only_what_they_brought_and_what_no_later_one_met(
    tmp_path: Path,
) -> None:
    home, bad = Home(tmp_path), b"\xff\xd8no picture"
    first = {"a.jpg": inputs.photo(1), "b.jpg": bad, "c.jpg": bad, "d.txt": b"words"}
    source = inputs.packed(tmp_path / "a.zip", first)
    old = (await home.send(source)).job
    inputs.packed(source, {"a.jpg": inputs.photo(1), "b.jpg": inputs.photo(2), "e.txt": b"words"})
    new = (await home.send(source)).job
    assert old.folder == new.folder
    assert await seen(home, new) == [
        ("a.jpg", ItemState.SENT),
        ("c.jpg", ItemState.QUARANTINED),
        ("a.jpg", ItemState.DUPLICATE),
        ("b.jpg", ItemState.SENT),
        ("e.txt", ItemState.SKIPPED),
    ]


async def test_jobs_of_other_folders_do_not_count(tmp_path: Path) -> None:
    home = Home(tmp_path)
    one = await home.send(inputs.packed(tmp_path / "a.zip", {"a.jpg": inputs.photo(1)}))
    other = await home.send(inputs.packed(tmp_path / "b.zip", {"b.jpg": inputs.photo(2)}))
    async with home.open() as app:
        known = await app.installation.ledger.database.run(lambda db: jobs_of(db, one.job))
    assert [job.id for job in known] == [one.job.id] != [other.job.id]


async def test_jobs_that_passed_everything_on_are_known(tmp_path: Path) -> None:
    home = Home(tmp_path)
    source = inputs.packed(tmp_path / "a.zip", {"a.jpg": inputs.photo(1)})
    played = await home.send(source)
    plain = await home.send(source, recipe=Recipe.ORIGINAL)
    async with home.open() as app:
        assert await untouched(app.installation.ledger.database, played.job) == {plain.job.id}
