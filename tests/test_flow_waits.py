"""What a destination asks to wait for: obeyed, kept over a restart, and nobody else's business."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from anyio import to_thread

from tests.inputs import packed, photo
from tests.installation import Home, finished, told
from tests.servers.objects import Asked, Conduct, Store, serving
from tests.store_desk import Desk, names, photos
from transload.app import App
from transload.destinations.library import Library
from transload.errors import ConnectionLostError
from transload.flow import STAGE_AHEAD
from transload.model import ALBUM_MAX, Job, JobState
from transload.ports import Picture, Records
from transload.steps import patience
from transload.steps.uploads import AT_ONCE

pytestmark = pytest.mark.anyio
START_MS = 1_700_000_000_000
HOUR_S = 3600
LIMIT_S = 20
OF_ALBUMS = ("hello", "album", "albums")


@dataclass
class Books:
    """A clock that the test moves, and when each request of the box came."""

    now_ms: int = START_MS
    asked: list[tuple[str, str, float]] = field(default_factory=list[tuple[str, str, float]])
    _awaited: list[tuple[str, int, threading.Event]] = field(default_factory=list)

    def clock(self) -> int:
        return self.now_ms

    def move(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    @property
    def now_s(self) -> float:
        return (self.now_ms - START_MS) / 1000

    def heard(self, asked: Asked) -> None:
        self.asked.append((asked["request"], asked["box"], self.now_s))
        for request, count, event in self._awaited:
            if self.count(request) >= count:
                event.set()

    def count(self, *requests: str, box: str = "box", since_s: float = 0) -> int:
        """How many came since then."""
        return sum(
            one in requests and whose == box and at_s >= since_s for one, whose, at_s in self.asked
        )

    async def until(self, request: str, count: int, limit_s: float = LIMIT_S) -> bool:
        """Wait for the request that makes it so many; False where it does not come in time."""
        event = threading.Event()
        self._awaited.append((request, count, event))
        if self.count(request) >= count:
            return True
        return await to_thread.run_sync(event.wait, limit_s)


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def desk(tmp_path: Path, books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(patience, "LOOK_S", 0.01)
    store = Store()
    store.heard = books.heard
    with serving(store) as address:
        yield Desk(Home(tmp_path), store, address, books.clock)


async def test_a_wait_of_two_hours_is_kept_over_a_restart(
    desk: Desk, books: Books, tmp_path: Path
) -> None:
    desk.store.plan("album", Conduct("wait", 2 * HOUR_S, "albums"), skip=1)
    source = photos(tmp_path, 30)
    async with desk.open() as app:
        job = await app.send(source, to=desk.to)
        await told(app, job, "waiting")
        assert await other_box_works(app, desk, tmp_path)
    asked, staged = books.count(*OF_ALBUMS), desk.store.counts["stage"]
    books.move(HOUR_S)
    async with desk.open() as app:
        again = await app.send(source, to=desk.to)
        assert again.id == job.id
        assert await other_box_works(app, desk, tmp_path)
        assert books.count(*OF_ALBUMS) == asked
        books.move(HOUR_S - 1)
        assert await other_box_works(app, desk, tmp_path)
        assert books.count(*OF_ALBUMS) == asked
        books.move(1)
        ended = await app.wait(job.id)
    assert ended.state is JobState.SUCCEEDED
    assert books.count(*OF_ALBUMS, since_s=1) == books.count(*OF_ALBUMS, since_s=2 * HOUR_S)
    assert (desk.sizes_of(names(30)), desk.posted_of(names(30))) == ([10] * 3, names(30))
    assert desk.store.sent_again == 0
    assert desk.store.counts["stage"] >= staged


def others_posted(desk: Desk) -> int:
    return sum(name.startswith("other") for name in desk.store.posted)


async def other_box_works(app: App, desk: Desk, folder: Path) -> bool:
    """Whether a job to another scope goes through meanwhile."""
    n = others_posted(desk)
    source = packed(folder / f"other{n}.zip", {f"other {n}.jpg": photo(500 + n)})
    report = await finished(app, source, to=f"objects:{desk.address}/other")
    return report.job.state is JobState.SUCCEEDED and f"other {n}.jpg" in desk.store.posted


async def test_an_outage_of_five_minutes_ends_by_itself(
    desk: Desk, books: Books, tmp_path: Path
) -> None:
    desk.store.plan("album", Conduct("drop"), times=10**6)
    async with desk.open() as app:
        job = await app.send(photos(tmp_path, 12), to=desk.to)
        assert await books.until("album", 1)
        with moving(books, 0.5):
            while books.now_s < 300:
                assert await books.until("album", books.count("album") + 1)
        dropped = books.count("album")
        desk.store.plan_nothing()
        with moving(books, 0.5):
            ended = await app.wait(job.id)
    assert ended.state is JobState.SUCCEEDED
    assert dropped <= 12, books.asked  # 2, 4, 8 … seconds apart
    times = [at_s for one, _, at_s in books.asked if one == "album"]
    gaps = [after - before for before, after in pairwise(times[:dropped])]
    assert all(gap >= 0.8 * 2 ** (n + 1) for n, gap in enumerate(gaps[:7])), gaps
    assert (desk.sizes, desk.store.sent_again) == ([10, 2], 0)


@contextmanager
def moving(books: Books, step_s: float) -> Iterator[None]:
    """Let the clock run, so much at each look of a real hundredth."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.01):
            books.move(step_s)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def test_what_was_staged_of_a_cancelled_job_is_posted_once_it_is_retried(
    desk: Desk, books: Books, tmp_path: Path
) -> None:
    desk.store.plan("album", Conduct("wait", 2 * HOUR_S, "albums"), skip=1)
    async with desk.open() as app:
        job = await app.send(photos(tmp_path, 30), to=desk.to)
        await told(app, job, "waiting")
        before = books.count(*OF_ALBUMS)
        await app.cancel(job.id)
        assert (await app.wait(job.id)).state is JobState.CANCELLED  # that waits for nobody
        assert desk.sizes == [10]
        assert books.count(*OF_ALBUMS, since_s=0) == before
        books.move(2 * HOUR_S)
        await app.retry(job.id)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
    assert sorted(desk.store.posted) == names(30)


async def test_what_may_have_been_sent_is_asked_again_after_a_cancel(
    desk: Desk, books: Books, tmp_path: Path
) -> None:
    """The answer to an album was lost, the store is away, and somebody cancels: a retry must not post it twice."""
    desk.store.plan("album", Conduct("lose"))
    desk.store.plan("albums", Conduct("drop"), times=100)
    async with desk.open() as app:
        job = await app.send(photos(tmp_path, 12), to=desk.to)
        assert await books.until("album", 1)
        await app.cancel(job.id)
        assert (await app.wait(job.id)).state is JobState.CANCELLED
        desk.store.plan_nothing()
        books.move(HOUR_S)
        await app.retry(job.id)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
    assert sorted(desk.store.posted) == names(12)


class FarLibrary(Library):
    """A library that cannot be reached when the job is closed, once."""

    closings = 0

    async def close_job(self, job: Job, records: Records, picture: Picture) -> None:
        self.closings += 1
        if self.closings == 1:
            raise ConnectionLostError().within("far")
        await super().close_job(job, records, picture)


async def test_an_outage_at_the_very_end_is_waited_for(tmp_path: Path) -> None:
    far, home, books = FarLibrary(tmp_path / "library"), Home(tmp_path), Books()
    async with home.open(far, books.clock) as app:
        job = await app.send(photos(tmp_path, 3), to="picky:")
        await told(app, job, "waiting")
        books.move(10)
        ended = await app.wait(job.id)
    assert (ended.state, far.closings) == (JobState.SUCCEEDED, 2)
    assert list(home.library.rglob("gallery.html"))


async def test_a_short_wait_is_sat_out_while_two_albums_are_staged(
    desk: Desk, books: Books, tmp_path: Path
) -> None:
    desk.store.plan("album", Conduct("wait", 30, "albums"))
    async with desk.open() as app:
        job = await app.send(photos(tmp_path, 60), to=desk.to)
        ahead = (
            ALBUM_MAX + STAGE_AHEAD + AT_ONCE
        )  # what is being sent, what lies ready, two that wait to
        assert await books.until("stage", ahead)
        assert not await books.until("stage", ahead + 1, limit_s=0.5)
        assert books.count("album") == 1
        assert (await app.job(job.id)).state is JobState.RUNNING
        books.move(30)
        ended = await app.wait(job.id)
    assert ended.state is JobState.SUCCEEDED
    assert desk.sizes == [10] * 6
    assert books.count("album") == 7
