"""What Telegram asks to wait for: obeyed, kept over a restart, nobody else's business; nothing is sent again for it."""

import random
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.crash.telegram_chat import chat, scene_to
from tests.inputs import packed, photo
from tests.installation import states, told
from tests.store_desk import names, photos
from tests.telegram_desk import Desk
from tests.telegram_desk import desk as desk_of
from transload.model import ItemState, JobState
from transload.sandbox.faults import Fault, read_fault
from transload.steps import patience

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
START_MS = 1_900_000_000_000  # later than now: media staged in a test's time are old then
HOUR_S = 3600
SENDS = "messages.sendMultiMedia"


class Timed(list[str]):
    """A log that knows when each request came."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[tuple[str, float]] = []

    def append(self, request: str) -> None:
        self.at.append((request, time.monotonic()))
        super().append(request)

    def times(self, request: str) -> list[float]:
        return [at for name, at in self.at if name == request]


class Hands:
    """A clock that the test moves; it goes on by itself, too."""

    def __init__(self) -> None:
        self.moved_ms = 0

    def __call__(self) -> int:
        return int(time.time() * 1000) + self.moved_ms


def other_photos(folder: Path) -> Path:
    return packed(
        folder / "other.zip",
        {name: photo(500 + n) for n, name in enumerate(("a.jpg", "b.jpg", "c.jpg"))},
    )


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def desk(tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(patience, "LOOK_S", 0.05)
    with desk_of(tmp_path, clock=hands) as made:
        yield made


async def test_sends_wait_as_long_as_asked_while_uploads_go_on(desk: Desk, tmp_path: Path) -> None:
    log = desk.faults.log = Timed()
    desk.faults.plan(read_fault(f"{SENDS}:FLOOD_WAIT_7:skip=1"))
    report = await desk.send(photos(tmp_path, 50))
    assert set(states(report).values()) == {ItemState.SENT}
    assert (desk.sizes, desk.posted) == ([10] * 5, names(50))
    sends = log.times(SENDS)
    assert len(sends) == 6
    assert [gap >= 7 for gap in (b - a for a, b in pairwise(sends))] == [False, True] + [False] * 3
    meanwhile = [at for at in log.times("messages.uploadMedia") if sends[1] < at < sends[2]]
    assert len(meanwhile) >= 10
    assert desk.count("upload.saveFilePart") == desk.count("messages.uploadMedia") == 50


async def test_a_wait_of_two_hours_is_kept_over_a_restart_and_frees_the_slot(
    desk: Desk, hands: Hands, tmp_path: Path
) -> None:
    desk.faults.plan(read_fault(f"{SENDS}:FLOOD_WAIT_7200:skip=20"))
    source = photos(tmp_path, 400)
    async with desk.open() as app:
        job = await app.send(source, to=desk.to)
        await told(app, job, "waiting")
    assert len(desk.posted) == 200
    asked = desk.count(SENDS)
    hands.moved_ms += (2 * HOUR_S - 60) * 1000
    async with desk.open() as app:
        again = await app.send(source, to=desk.to)
        assert again.id == job.id
        other = await app.send(other_photos(tmp_path), to=desk.home.to)
        assert (await app.wait(other.id)).state is JobState.SUCCEEDED
        assert desk.count(SENDS) == asked, "before its time"
        hands.moved_ms += 60_000
        ended = await app.wait(job.id)
    assert ended.state is JobState.SUCCEEDED
    assert (desk.sizes, desk.posted) == ([10] * 40, names(400))


async def test_a_premium_wait_goes_on_at_the_same_part(desk: Desk, tmp_path: Path) -> None:
    log = desk.faults.log = Timed()
    desk.faults.plan(read_fault("upload.saveBigFilePart:FLOOD_PREMIUM_WAIT_4:skip=7"))
    body = random.Random(5).randbytes(12 << 20)
    await desk.send(packed(tmp_path / "a.zip", {"a.bin": body}), files="all")
    assert sorted(part for _, part, _ in desk.faults.parts) == list(range(24))
    gaps = [b - a for a, b in pairwise(log.times("upload.saveBigFilePart"))]
    assert max(gaps) >= 4
    assert len(gaps) == 24  # one was refused, and came again; nothing else did


async def test_a_slow_chat_waits_alone(desk: Desk, tmp_path: Path) -> None:
    desk.faults.plan(read_fault(f"{SENDS}:SLOWMODE_WAIT_300"))
    async with desk.open() as app:
        job = await app.send(photos(tmp_path, 10), to=desk.to)
        await told(app, job, "waiting")
        other = await app.send(other_photos(tmp_path), to="telegram:me")
        assert (await app.wait(other.id)).state is JobState.SUCCEEDED
        waiting = await app.job(job.id)
    assert waiting.state is JobState.WAITING
    assert waiting.fault is not None
    assert "SLOW_MODE_WAIT" in waiting.fault.detail


def test_a_server_that_is_down_for_fifteen_seconds_is_waited_for(tmp_path: Path) -> None:
    with chat(tmp_path / "chat") as one:
        posted = threading.Event()
        one.faults.plan(Fault(SENDS, "answer_then_drop", skip=1, then=posted.set))
        scene = scene_to(one, photos(tmp_path, 60), tmp_path / "run")
        process = scene.start()
        assert posted.wait(30)
        one.stop()
        threading.Event().wait(15)
        one.start()
        process.wait(timeout=60)
        assert scene.end_of(process) == 0
        assert (one.sizes, one.posted) == ([10] * 6, names(60))
        assert one.begun == 60
