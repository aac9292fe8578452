"""How an attempt can end, and what the ledger holds afterwards."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import anyio
import pytest
from sqlalchemy import select, update

from tests import inputs
from tests.inputs import clip, packed, photo
from tests.installation import SMALL, Home, Picky
from transload.conversions import never_yield
from transload.destinations import gallery
from transload.entry import Opening, Secret
from transload.errors import (
    DiskFullError,
    LostLeaseError,
    PasswordNeededError,
    RemoteBusyError,
    UnreadableError,
    WrongPasswordError,
)
from transload.files.scratch import SLACK_BYTES
from transload.jobs.worker import (
    ALBUM_WINDOW_MAX,
    DEATHS_MAX,
    Dependencies,
    TaskHandler,
    budget_for,
    first_of,
)
from transload.ledger.schema import tasks
from transload.ledger.task_writes import TaskRecord
from transload.model import ItemState, Job, JobState, Lane, Recipe, Task
from transload.ports import Media, Source, SourceRef, Sources
from transload.sources.folder import FolderReader
from transload.sources.registry import SourceRegistry
from transload.states import needs_password
from transload.wiring import Installation, build

pytestmark = pytest.mark.anyio


@dataclass
class Site:
    """An installation whose tasks a test takes and runs itself, with a clock that it moves."""

    parts: Installation
    picky: Picky
    now_ms: int = 1_700_000_000_000

    async def submit(self, source: Path) -> Job:
        ref = self.parts.sources.resolve(str(source))
        to = self.parts.destinations.parse("picky:", self.parts.library_dir)
        job = replace(_JOB, source=ref.ref, destination=to, title=ref.title)
        return await self.parts.ledger.submit(job, "identity", ref.identity, detached=False)

    async def take(self, lane: Lane = Lane.TRANSFER) -> Task:
        task = await self.parts.leases.take(lane, 0)
        assert task is not None
        return task

    async def run(self, lane: Lane = Lane.TRANSFER) -> None:
        await self.parts.handler()(await self.take(lane), never_yield)

    async def states(self, job: Job) -> list[ItemState]:
        return [one.item.state async for one in self.parts.ledger.records(job.id)]


_JOB = Job("", "", "", Recipe.PLAYABLE, "", JobState.QUEUED)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    home = Home(folder)
    home.data.root.mkdir()
    made = Site(build(SMALL, home.data), Picky(home.library))

    def clock() -> int:
        return made.now_ms

    ledger, leases = made.parts.ledger, made.parts.leases
    ledger.clock = leases.clock = clock
    made.parts = replace(made.parts, clock=clock)
    made.parts.destinations.add("picky", lambda _: made.picky)
    ledger.database.open()
    try:
        yield made
    finally:
        await made.parts.media.aclose()
        ledger.database.close()


def pictures(folder: Path, count: int = 3) -> Path:
    return packed(folder / "a.zip", {f"{n}.jpg": photo(n) for n in range(count)})


async def test_an_unforeseen_error_ends_the_job_as_our_bug_with_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        here.picky.fault = ZeroDivisionError("cannot happen")
        with caplog.at_level(logging.ERROR):
            await here.run()
        ended = await here.parts.ledger.job(job.id)
        assert ended.state is JobState.FAILED
        assert ended.fault is not None
        assert ended.fault.kind == "internal.bug"
        assert set(await here.states(job)) == {ItemState.FAILED}
    (crash,) = [record for record in caplog.records if record.message == "task_crashed"]
    assert crash.exc_info is not None
    assert crash.exc_info[0] is ZeroDivisionError


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


async def test_a_full_disk_is_a_wait_that_ends_by_itself(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        here.picky.fault = DiskFullError()
        await here.run()
        waiting = await here.parts.ledger.job(job.id)
        assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "space")
        assert waiting.wait_until_ms == here.now_ms + 30_000
        assert await here.parts.leases.take(Lane.TRANSFER, 0) is None
        here.picky.fault = None
        here.now_ms += 30_000
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED
        assert await here.states(job) == [ItemState.SENT] * 3


async def test_a_server_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        busy = RemoteBusyError()
        busy.retry_after_s = 90
        here.picky.fault = busy
        for _ in range(9):  # more than there are tries: being asked to wait is none
            await here.run()
            waiting = await here.parts.ledger.job(job.id)
            assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "retry")
            assert waiting.wait_until_ms is not None
            assert 90_000 <= waiting.wait_until_ms - here.now_ms <= 110_000
            here.now_ms = waiting.wait_until_ms
        here.picky.fault = None
        await here.run()
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
        handler = TaskHandler(Careless(here.parts.media, moving["1.avi"]).among(here.parts), float)
        for lane in (Lane.TRANSFER, *3 * (Lane.CONVERT,)):
            await handler(await here.take(lane), never_yield)
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


async def test_a_source_that_is_gone_fails_the_job_with_its_reason(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        source = pictures(tmp_path)
        job = await here.submit(source)
        source.unlink()
        await here.run()
        ended = await here.parts.ledger.job(job.id)
        assert ended.fault is not None
        assert (ended.state, ended.fault.kind) == (JobState.FAILED, "input.not_found")


def test_the_budget_is_the_largest_album_and_some_slack(tmp_path: Path) -> None:
    for n in range(25):
        (tmp_path / f"{n:02}").write_bytes(bytes(1000 + n))
    assert budget_for(FolderReader(tmp_path)) == sum(range(1015, 1025)) + SLACK_BYTES


def test_the_budget_is_the_largest_entry_where_that_is_more(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 * ALBUM_WINDOW_MAX)
    for n in range(12):
        (tmp_path / f"{n}").write_bytes(b"1")
    assert budget_for(FolderReader(tmp_path)) == 2 * ALBUM_WINDOW_MAX + SLACK_BYTES


def test_a_lost_lease_decides_over_a_full_disk_over_the_rest() -> None:
    disk, lease, bad = DiskFullError(), LostLeaseError(), UnreadableError()
    inner = ExceptionGroup("inner", [disk])
    assert first_of(ExceptionGroup("all", [bad, inner, lease])) is lease
    assert first_of(ExceptionGroup("all", [bad, inner])) is disk
    assert first_of(bad) is bad


@dataclass
class Sealed:
    """Sources under the scheme `sealed:`, whose names nobody reads without the right password."""

    inner: Sources

    def resolve(self, text: str) -> SourceRef:
        ref = self.inner.resolve(text.removeprefix("sealed:"))
        return replace(ref, ref=f"sealed:{ref.ref}")

    def open(self, ref: str, opening: Opening) -> Source:
        if not opening.passwords:
            raise PasswordNeededError("the names are encrypted")
        if Secret("right") not in opening.passwords:
            raise WrongPasswordError("the names are encrypted")
        return self.inner.open(ref.removeprefix("sealed:"), opening)


class Careless:
    """The media port with a bug that one file meets."""

    def __init__(self, inner: Media, unlucky: bytes) -> None:
        self._inner, self._unlucky = inner, unlucky

    def among(self, parts: Installation) -> Dependencies:
        """What a handler works with, this in the place of the real one."""
        real = parts.handler()._deps
        return replace(real, media=cast("Media", self))

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def convert(self, local: Path, *rest: object) -> object:
        if await anyio.Path(local).read_bytes() == self._unlucky:
            raise ZeroDivisionError
        return await self._inner.convert(local, *rest)  # type: ignore[arg-type]


async def test_hidden_names_wait_for_the_right_password(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ledger = here.parts.ledger
        sources = here.parts.sources
        assert isinstance(sources, SourceRegistry)
        sources.add("sealed", lambda: Sealed(sources))
        job = await here.submit(Path(f"sealed:{pictures(tmp_path)}"))
        for kind, word in (
            ("input.password_needed", "wrong"),
            ("input.wrong_password", "right"),
        ):
            await here.run()
            waiting = await ledger.job(job.id)
            assert needs_password(waiting)
            assert waiting.fault is not None
            assert waiting.fault.kind == kind
            here.now_ms += 10**9
            assert await here.parts.leases.take(Lane.TRANSFER, 0) is None
            await ledger.give_password(job.id, word)
        await here.run()
        assert (await ledger.job(job.id)).state is JobState.SUCCEEDED
        assert set(await here.states(job)) == {ItemState.SENT}


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
