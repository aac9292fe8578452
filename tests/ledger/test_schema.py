"""The tables keep by themselves what no code may break."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from tests.ledger.conftest import Desk, entries
from transload.ledger.schema import items, jobs, outputs, tasks

pytestmark = pytest.mark.anyio


async def test_two_open_jobs_of_one_identity_are_impossible(desk: Desk) -> None:
    await desk.submit()
    row = {
        "id": "other", "identity": "id|/photos.zip", "source": "s", "source_identity": "s", "destination": "d",
        "recipe": "telegram", "title": "t", "options": {}, "state": "queued", "wanted_ms": 0, "warnings": [],
        "created_ms": 0,
    }  # fmt: skip
    with pytest.raises(IntegrityError), desk.database._quick.begin() as db:
        db.execute(insert(jobs).values(row))
    with desk.database.begin() as db:
        db.execute(insert(jobs).values(row | {"state": "succeeded"}))


async def test_two_files_at_one_path_are_impossible(desk: Desk) -> None:
    await desk.submit()
    record = await desk.begin()
    first, second = await record.admit(entries(2))
    row = {
        "n": 0,
        "destination": "d",
        "reference": "a",
        "claim": "a",
        "size_bytes": 1,
        "sha256": "s",
        "landed": False,
    }
    with desk.database.begin() as db:
        db.execute(insert(outputs).values(row | {"item_id": first.id}))
    with pytest.raises(IntegrityError), desk.database._quick.begin() as db:
        db.execute(insert(outputs).values(row | {"item_id": second.id, "reference": "A"}))


async def test_an_item_without_its_job_is_impossible(desk: Desk) -> None:
    row = {"job_id": "nobody", "idx": 0, "name": "a", "state": "pending", "kind": "photo"}
    with pytest.raises(IntegrityError), desk.database._quick.begin() as db:
        db.execute(insert(items).values(row))


async def test_the_number_of_a_task_is_never_used_again(desk: Desk) -> None:
    await desk.submit()
    first = await desk.take()
    with desk.database.begin() as db:
        db.execute(tasks.delete())
    await desk.submit("/other.zip")
    assert (await desk.take()).id > first.id
