"""A server that asks to wait for one file: each wait is obeyed, and the file is given up when it never comes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.inputs import clip, packed, photo
from tests.installation import SMALL
from tests.jobs.site import Site, site
from tests.servers.webdav import Dav, webdav
from transload.config import Egress
from transload.jobs.failures import WITHHELD_MAX
from transload.model import ItemState, Job, JobState, Lane

pytestmark = pytest.mark.anyio

OPEN = replace(SMALL, egress=Egress(("127.0.0.0/8",)))
HOUR_S = 3600
LATER = {"Retry-After": str(HOUR_S)}


@pytest.fixture
def dav(tmp_path: Path) -> Iterator[Dav]:
    trip = tmp_path / "served" / "trip"
    trip.mkdir(parents=True)
    for n in range(4):
        (trip / f"{n}.jpg").write_bytes(photo(n))
    with webdav(tmp_path / "served") as dav:
        yield dav


async def waited(here: Site, job: Job, lane: Lane = Lane.TRANSFER) -> Job:
    """Run once and move to the end of the wait that follows, which is what the server asked for."""
    await here.run(lane)
    waiting = await here.parts.ledger.job(job.id)
    assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "retry")
    assert waiting.wait_until_ms == here.now_ms + HOUR_S * 1000
    assert await here.parts.leases.take(lane) is None
    here.now_ms = waiting.wait_until_ms
    return waiting


async def fault_of(here: Site, job: Job, name: str) -> tuple[ItemState, str, int]:
    """State of an item, the kind of its fault, and how often it was met."""
    (item,) = [one.item async for one in here.parts.ledger.records(job.id) if one.item.name == name]
    assert item.fault is not None
    return item.state, item.fault.kind, item.fault.attempts


async def test_a_file_that_never_comes_fails_alone_though_the_program_starts_anew(
    dav: Dav, tmp_path: Path
) -> None:
    dav.says["GET", "/trip/1.jpg"] = (503, b"", LATER)
    async with site(tmp_path, OPEN) as here:
        job, now_ms = await here.submit(dav.url("trip/")), here.now_ms
    for times in range(1, WITHHELD_MAX + 1):
        async with site(tmp_path, OPEN) as here:
            here.now_ms = now_ms
            await waited(here, job)
            now_ms = here.now_ms
            state = ItemState.FAILED if times == WITHHELD_MAX else ItemState.PENDING
            kind = "source.server_error" if times == WITHHELD_MAX else "source.rate_limited"
            assert await fault_of(here, job, "1.jpg") == (state, kind, times)
            assert dav.asked("GET").count("/trip/1.jpg") == times
    async with site(tmp_path, OPEN) as here:
        here.now_ms = now_ms
        await here.run()
        ended = await here.parts.ledger.job(job.id)
        states = await here.states(job)
    assert ended.state is JobState.PARTIAL
    assert states == [ItemState.SENT, ItemState.FAILED, ItemState.SENT, ItemState.SENT]


async def test_a_file_that_comes_after_its_waits_is_delivered(dav: Dav, tmp_path: Path) -> None:
    """Each file has a count of its own: only waits in a row are a fault."""
    async with site(tmp_path, OPEN) as here:
        job = await here.submit(dav.url("trip/"))
        for late in ("1.jpg", "3.jpg"):
            dav.says["GET", f"/trip/{late}"] = (429, b"", LATER)
            for _ in range(WITHHELD_MAX - 1):
                await waited(here, job)
            dav.says.clear()
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED
        assert await here.states(job) == [ItemState.SENT] * 4
        assert {one.item.fault async for one in here.parts.ledger.records(job.id)} == {None}


async def test_after_a_retry_it_is_asked_for_as_often_again(dav: Dav, tmp_path: Path) -> None:
    dav.says["GET", "/trip/1.jpg"] = (503, b"", LATER)
    async with site(tmp_path, OPEN) as here:
        job = await here.submit(dav.url("trip/"))
        for _ in range(WITHHELD_MAX):
            await waited(here, job)
        await here.run()
        await here.parts.ledger.retry(job.id)
        for _ in range(WITHHELD_MAX - 1):
            await waited(here, job)
        assert (await fault_of(here, job, "1.jpg"))[0] is ItemState.PENDING
        dav.says.clear()
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED


async def test_an_archive_that_never_comes_costs_what_is_left_in_it(
    dav: Dav, tmp_path: Path
) -> None:
    inside = {f"{n}.jpg": photo(10 + n) for n in range(3)}
    packed(dav.folder / "trip" / "2.zip", inside)
    async with site(tmp_path, OPEN) as here:
        job = await here.submit(dav.url("trip/"))
        dav.says["GET", "/trip/2.zip"] = (503, b"", LATER)
        for _ in range(WITHHELD_MAX):
            await waited(here, job)
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.PARTIAL
        assert sorted(await here.states(job)) == [ItemState.FAILED, *[ItemState.SENT] * 4]


async def test_a_conversion_whose_original_never_comes_fails_alone(
    dav: Dav, tmp_path: Path
) -> None:
    clip(dav.folder / "trip" / "2.avi")
    async with site(tmp_path, OPEN) as here:
        job = await here.submit(dav.url("trip/"))
        await here.run()
        dav.says["GET", "/trip/2.avi"] = (503, b"", LATER)
        for _ in range(WITHHELD_MAX):
            await waited(here, job, Lane.CONVERT)
        await here.run(Lane.CONVERT)
        assert (await here.parts.ledger.job(job.id)).state is JobState.PARTIAL
        assert await fault_of(here, job, "2.avi") == (
            ItemState.FAILED,
            "source.server_error",
            WITHHELD_MAX,
        )
