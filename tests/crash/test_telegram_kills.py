"""Kills on the way to a Telegram chat: before and after every commit and request, and at random with a bad network."""

import contextlib
import random
import signal
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests import inputs
from tests.crash.scene import LIMIT_S, MOMENTS, Scene
from tests.crash.telegram_chat import Chat, chat, faults_of, killed_at, scene_to
from transload.sandbox.faults import Act, Fault

pytestmark = pytest.mark.timeout(900)

FILES = 12
LARGE_BYTES = 11 << 20
RUNS_MAX = 60
SOME_POINTS = (
    ("commit-staged:3", "before"),  # it is staged there, the ledger does not know
    ("commit-form_album:1", "after"),  # the ids are known, nothing is sent
    ("commit-receive:1", "before"),  # it is posted, without receipts
)
REQUESTS = (
    "upload.saveFilePart",
    "upload.saveBigFilePart",
    "messages.uploadMedia",
    "messages.sendMultiMedia",
    "messages.sendMedia",
    "messages.getHistory",
    "contacts.resolveUsername",
    "channels.getChannels",
    "help.getAppConfig",
)
SOME_REQUESTS: tuple[tuple[str, Act, int], ...] = (
    ("upload.saveBigFilePart", "answer_then_drop", 9),
    ("messages.uploadMedia", "answer_then_drop", 4),
    ("messages.sendMultiMedia", "drop", 0),
    ("messages.sendMultiMedia", "answer_then_drop", 0),
    ("messages.sendMedia", "answer_then_drop", 0),
)


def source_in(folder: Path) -> Path:
    """Photos, a file of many parts among them."""
    large = random.Random(1).randbytes(LARGE_BYTES)
    entries = {f"{n:02}.jpg": inputs.photo(n) for n in range(FILES)} | {"large.bin": large}
    return inputs.packed(folder / "a.zip", dict(sorted(entries.items())))


def calm_run(source: Path, folder: Path) -> tuple[Scene, list[str]]:
    """An undisturbed run into a chat of its own, and what was posted."""
    with chat(folder / "calm chat") as one:
        calm = scene_to(one, source, folder / "calm")
        calm.more = (*calm.more, "--files", "all")
        assert calm.run() == 0
        assert one.in_vain == 0
        return calm, one.posted


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, list[str]]:
    folder = tmp_path_factory.mktemp("calm")
    return calm_run(source_in(folder), folder)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Chat]:
    with chat(tmp_path / "chat") as made:
        yield made


def scene_of(one: Chat, source: Path, folder: Path) -> Scene:
    scene = scene_to(one, source, folder)
    scene.more = (*scene.more, "--files", "all")
    return scene


@pytest.mark.parametrize("kill", SOME_POINTS, ids=" ".join)
def test_a_kill_there_loses_and_doubles_nothing(
    calm: tuple[Scene, list[str]], there: Chat, tmp_path: Path, kill: tuple[str, str]
) -> None:
    scene = scene_of(there, calm[0].source, tmp_path / "run")
    assert scene.run(kill) < 0, "that point was not reached"
    assert scene.run() == 0
    assert faults_of(there, scene, *calm, deaths=1) == []


@pytest.mark.parametrize("kill", SOME_REQUESTS, ids=str)
def test_a_kill_at_a_request_is_continued(
    calm: tuple[Scene, list[str]], there: Chat, tmp_path: Path, kill: tuple[str, Act, int]
) -> None:
    scene = scene_of(there, calm[0].source, tmp_path / "run")
    assert killed_at(scene, there, *kill), "that request was not made"
    assert scene.run() == 0
    assert faults_of(there, scene, *calm, deaths=1) == []


@pytest.mark.kills
@pytest.mark.parametrize("act", ["drop", "answer_then_drop"])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_kill_at_every_request_is_continued(
    calm: tuple[Scene, list[str]], tmp_path: Path, request_name: str, act: Act
) -> None:
    skip, reached = 0, True
    while reached:
        with chat(tmp_path / f"chat{skip}") as one:
            scene = scene_of(one, calm[0].source, tmp_path / f"run{skip}")
            reached = killed_at(scene, one, request_name, act, skip)
            if reached:
                assert scene.run() == 0
            assert faults_of(one, scene, *calm, deaths=1) == [], f"{request_name} {skip}"
        skip += 1 if skip < 3 else 4  # parts are many and alike
    assert skip > 0


@pytest.mark.kills
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_every_commit_loses_and_doubles_nothing(
    calm: tuple[Scene, list[str]], tmp_path: Path, moment: str
) -> None:
    reached = calm[0].reached()
    points = [
        f"{name}:{n}" for name, often in reached.items() for n in sorted({1, 2, often // 2, often})
    ]
    assert len(points) > 30, points
    faults: dict[str, list[str]] = {}
    for at, point in enumerate(points):
        if point.endswith(":0"):
            continue
        with chat(tmp_path / f"chat{at}") as one:
            scene = scene_of(one, calm[0].source, tmp_path / f"run{at}")
            if scene.run((point, moment)) < 0:
                assert scene.run() == 0
            if bad := faults_of(one, scene, *calm, deaths=1):
                faults[point] = bad
    assert faults == {}


def test_five_random_kills_with_a_bad_network(tmp_path: Path) -> None:
    disturbed(tmp_path, faults=8, photos=40)


@pytest.mark.kills
@pytest.mark.timeout(1800)
def test_two_hundred_faults_over_thirty_albums(tmp_path: Path) -> None:
    disturbed(tmp_path, faults=200, photos=300)


def disturbed(folder: Path, faults: int, photos: int) -> None:
    """Drop connections, lose answers, kill the command and restart the server, until there were so many faults.

    The moments hang on the run's random seed, which is told with a fault.
    """
    seed = random.randrange(1 << 32)
    chance, done = random.Random(seed), 0
    source = inputs.packed(
        folder / "a.zip", {f"{n:03}.jpg": inputs.photo(n) for n in range(photos)}
    )
    calm, wanted = calm_run(source, folder)
    for job in count():
        if done >= faults:
            break
        with chat(folder / f"chat{job}") as one:
            scene = scene_of(one, source, folder / f"job{job}")
            done += disturbed_job(scene, one, chance, most=faults - done)
            assert faults_of(one, scene, calm, wanted, deaths=1) == [], f"seed {seed}"
            assert one.sizes == [10] * (photos // 10), f"seed {seed}: {one.sizes}"


def disturbed_job(scene: Scene, one: Chat, chance: random.Random, most: int) -> int:
    """Run again until it ends by itself; gives the faults that happened."""
    happened = 0
    for run in range(RUNS_MAX):
        is_last = run == RUNS_MAX - 1 or happened >= most
        planned: list[Fault] = []
        if not is_last:
            for _ in range(chance.randrange(1, 4)):
                act: Act = chance.choice(("drop", "answer_then_drop"))
                request = chance.choice(REQUESTS[:6])
                planned.append(Fault(request, act, skip=chance.randrange(40)))
        one.faults.clear()
        one.faults.plan(*planned)
        process = scene.start()
        kill_after = LIMIT_S if is_last else chance.choice((chance.uniform(0.5, 4), LIMIT_S))
        if not is_last and chance.random() < 0.2:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(0.5, 2))
            one.stop()
            one.start()
            happened += 1
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=kill_after)
        happened += sum(fault.happened for fault in planned)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            happened += 1
            continue
        assert process.returncode == 0, (scene.folder / "stderr.txt").read_text()[-2000:]
        return happened
    raise AssertionError("the job does not move")
