"""What lies in a folder, as several jobs left it."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.ledger.delivered_folder import jobs_of, records_of, untouched
from transload.model import ItemState, Job, Recipe

pytestmark = pytest.mark.anyio


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
