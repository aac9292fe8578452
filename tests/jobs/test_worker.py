"""How an attempt can end, and what the ledger holds afterwards."""

import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import anyio
import pytest
from sqlalchemy import select, update

from tests import inputs
from tests.inputs import clip, packed, photo
from tests.installation import Home
from tests.jobs.site import pictures, site
from transload.destinations import gallery
from transload.jobs.worker import (
    DEATHS_MAX,
)
from transload.ledger.schema import tasks
from transload.ledger.task_writes import TaskRecord
from transload.media.toolbox import MediaToolbox
from transload.model import ItemState, JobState, Lane, Recipe
from transload.plans import never_yield
from transload.ports import Media

pytestmark = pytest.mark.anyio


async def test_a_lost_lease_stops_silently_and_writes_nothing_more(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        mine = await here.take()
        here.now_ms += here.parts.leases.lease_ms + 1
        other = await here.take()
        assert other.id == mine.id
        await here.parts.handler()(mine, never_yield)
        assert (await here.parts.ledger.job(job.id)).state is JobState.QUEUED
        assert here.picky.batches == []
        await here.parts.handler()(other, never_yield)
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED


async def test_ten_deaths_give_up_that_item_alone(tmp_path: Path) -> None:
    content = {"c.avi": clip(tmp_path / "c.avi").read_bytes(), "p.jpg": photo(1)}
    async with site(tmp_path) as here:
        job = await here.submit(packed(tmp_path / "a.zip", content))
        await here.run()
        for _ in range(DEATHS_MAX):
            task = await here.take(Lane.CONVERT)
            database = here.parts.ledger.database
            await TaskRecord(database, here.parts.clock, task, tmp_path).begin()
            assert await here.parts.leases.release_dead() == 1
        await here.run(Lane.CONVERT)
        assert await here.states(job) == [ItemState.FAILED, ItemState.SENT]
        stuck = (await anext(here.parts.ledger.records(job.id))).item.fault
        assert stuck is not None
        assert (stuck.kind, stuck.item) == ("job.stuck", "c.avi")
        assert (await here.parts.ledger.job(job.id)).state is JobState.PARTIAL


async def test_nine_deaths_do_not(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"c.avi": clip(tmp_path / "c.avi").read_bytes()})
    async with site(tmp_path) as here:
        job = await here.submit(source)
        await here.run()
        task = await here.take(Lane.CONVERT)
        database = here.parts.ledger.database
        await database.run(
            lambda db: db.execute(
                update(tasks).where(tasks.c.id == task.id).values(deaths=DEATHS_MAX - 1)
            )
        )
        deaths = await database.run(lambda db: db.execute(select(tasks.c.deaths)).scalar_one())
        await here.parts.handler()(replace(task, deaths=deaths), never_yield)
        assert await here.states(job) == [ItemState.SENT]


async def test_a_bug_in_one_conversion_fails_only_that_item(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moving = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(3)}
    source = packed(tmp_path / "a.zip", {"p.jpg": photo(1), **moving})
    async with site(tmp_path) as here:
        job = await here.submit(source)
        careless = Careless(here.parts.media, moving["1.avi"])
        here.parts = replace(here.parts, make_media=lambda: cast("MediaToolbox", careless))
        for lane in (Lane.TRANSFER, *3 * (Lane.CONVERT,)):
            await here.run(lane)
        sent, failed = ItemState.SENT, ItemState.FAILED
        assert await here.states(job) == [sent, sent, failed, sent]
        faults = [one.item.fault async for one in here.parts.ledger.records(job.id)]
        assert [fault.kind if fault else None for fault in faults] == [
            None,
            None,
            "internal.bug",
            None,
        ]
        assert (await here.parts.ledger.job(job.id)).state is JobState.PARTIAL
    assert "ZeroDivisionError" in caplog.text


class Careless:
    """The media port with a bug that one file meets."""

    def __init__(self, inner: Media, unlucky: bytes) -> None:
        self._inner, self._unlucky = inner, unlucky

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def convert(self, local: Path, *rest: object) -> object:
        if await anyio.Path(local).read_bytes() == self._unlucky:
            raise ZeroDivisionError
        return await self._inner.convert(local, *rest)  # type: ignore[arg-type]


PHOTOS = {f"in/{n}.jpg": inputs.photo(n) for n in range(25)}


def page_of(home: Home, folder: str = "a") -> str:
    return (home.library / folder / gallery.FILE_NAME).read_text("utf-8")


def tiles(text: str) -> tuple[list[str], int]:
    """The files that tiles link to, and how many of the tiles have a picture."""
    links = re.findall(r'<a class="shot" href="([^"]+)"', text)
    return sorted(links), text.count("<img")


async def test_the_page_after_a_cut_archive_and_the_whole_one_shows_all(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 3 // 4])
    first = await home.send(source)
    assert 0 < first.totals.sent < 25
    source.write_bytes(whole)
    second = await home.send(source)
    assert (second.totals.sent, second.totals.duplicate) == (
        25 - first.totals.sent,
        first.totals.sent,
    )
    text = page_of(home)
    assert tiles(text) == (sorted(PHOTOS), 25)
    assert "25 photos arrived" in text
    assert "Not delivered" not in text


async def test_a_picture_comes_back_where_it_lay_beside_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 0)
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    await home.send(source)
    first, *_ = (home.library / "a").glob(".gallery/*/*.jpg")
    first.unlink()
    inputs.packed(source, PHOTOS | {"in/new.jpg": inputs.photo(99)})
    await home.send(source)
    assert tiles(page_of(home)) == (sorted([*PHOTOS, "in/new.jpg"]), 26)
    shown = set(re.findall(r'src="([^"]+)"', page_of(home)))
    there = (home.library / "a").glob(".gallery/*/*.jpg")
    assert shown == {str(path.relative_to(home.library / "a")) for path in there}


async def test_what_was_lost_earlier_is_told_until_a_later_job_meets_it(tmp_path: Path) -> None:
    home, bad = Home(tmp_path), b"\xff\xd8no picture"
    source = inputs.packed(tmp_path / "a.zip", {"a.jpg": PHOTOS["in/0.jpg"], "b.jpg": bad})
    await home.send(source)
    inputs.packed(source, {"a.jpg": PHOTOS["in/1.jpg"]})
    await home.send(source)
    assert "b.jpg" in page_of(home).partition("Not delivered")[2]
    inputs.packed(source, {"b.jpg": PHOTOS["in/2.jpg"]})
    await home.send(source)
    assert "Not delivered" not in page_of(home)
    assert len(tiles(page_of(home))[0]) == 3


async def test_all_duplicates_of_another_folder_get_no_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", PHOTOS))
    again = await home.send(inputs.packed(tmp_path / "b.zip", PHOTOS))
    assert (again.job.state, again.totals.duplicate) == (JobState.SUCCEEDED, 25)
    assert not (home.library / "b").exists()
    assert tiles(page_of(home)) == (sorted(PHOTOS), 25)


async def test_a_job_that_delivered_nothing_gets_no_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", {"a.txt": b"words"}))
    await home.send(inputs.packed(tmp_path / "b.zip", {"b.jpg": b"\xff\xd8no picture"}))
    assert not list(home.library.rglob("gallery.html"))


async def test_originals_are_not_read_for_the_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", PHOTOS), recipe=Recipe.ORIGINAL)
    assert tiles(page_of(home)) == (sorted(PHOTOS), 0)
