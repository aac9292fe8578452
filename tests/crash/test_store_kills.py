"""Kills on the way to a destination that takes files in parts, before albums that are one act each."""

import contextlib
import io
import random
import signal
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from tests import inputs
from tests.crash.scene import LIMIT_S, Scene
from tests.crash.stories import Story
from tests.crash.test_random_kills import RUNS_MAX
from tests.destinations.objects import ADD_EVERY, PART_BYTES, SHAPES
from tests.servers.objects import Conduct, Store, serving

pytestmark = pytest.mark.timeout(900)

SHARES = 4
PLANNED = 3  # things that go wrong in one run at most
REQUESTS = ("hello", "begin", "part", "stage", "album", "albums")
ALBUMS = Story(lambda folder: inputs.mixed(folder, photos=12, clips=1), 3, 13, 30)
SOME_POINTS = (
    ("commit-staged:3", "before"),  # it is staged there, the ledger does not know
    ("commit-form_album:1", "after"),  # the album's key is known, it is not sent
    ("commit-receive:1", "before"),  # it is posted, without receipts
    ("commit-end_task:1", "after"),  # the film is still to be converted
)
Moment = Literal["kill before", "kill after"]
SOME_REQUESTS: tuple[tuple[str, Moment, int], ...] = (
    ("part", "kill after", 6),
    ("stage", "kill after", 0),
    ("album", "kill before", 0),
    ("album", "kill after", 0),
)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def to(store: Store) -> Iterator[str]:
    with serving(store) as address:
        yield f"objects:{address}/box"


def noise(n: int, width: int = 400) -> bytes:
    """A photo of several parts."""
    pixels = random.Random(n).randbytes(width * 300 * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (width, 300), pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


def faults_of(store: Store, scene: Scene, calm: Scene, wanted: list[str]) -> list[str]:
    """Lost, twice, left over, or staged bytes that were sent again."""
    bad = [f"posted: {store.posted}"] if sorted(store.posted) != sorted(wanted) else []
    if store.sent_again:
        bad.append(f"{store.sent_again} staged bytes again")
    return bad + scene.faults_at_the_end(calm)


def calm_run(source: Path, folder: Path, shape: str = "objects") -> tuple[Scene, list[str]]:
    """An undisturbed run into a store of its own, and what was posted."""
    with serving(store := Store()) as address:
        calm = Scene(source, folder / "calm", to=f"{shape}:{address}/box")
        assert calm.run() in (0, 3)
    return calm, store.posted


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, list[str]]:
    folder = tmp_path_factory.mktemp("calm")
    return calm_run(ALBUMS.make(folder), folder)


@pytest.mark.parametrize("kill", SOME_POINTS, ids=" ".join)
def test_a_kill_there_loses_and_doubles_nothing(
    mixed: tuple[Scene, list[str]], store: Store, to: str, tmp_path: Path, kill: tuple[str, str]
) -> None:
    calm, wanted = mixed
    scene = Scene(calm.source, tmp_path / "run", to=to)
    assert scene.run(kill) < 0, "that point was not reached"
    scene.run()
    assert faults_of(store, scene, calm, wanted) == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, list[str]]:
    folder = tmp_path_factory.mktemp("large")
    entries = {"small.jpg": inputs.photo(1), "a.jpg": noise(1), "b.jpg": noise(2)}
    return calm_run(inputs.packed(folder / "large.zip", entries), folder)


@pytest.mark.parametrize("kill", SOME_REQUESTS, ids=str)
def test_a_kill_at_a_request_is_continued(
    large: tuple[Scene, list[str]],
    store: Store,
    to: str,
    tmp_path: Path,
    kill: tuple[str, Moment, int],
) -> None:
    calm, wanted = large
    request_name, moment, skip = kill
    scene = Scene(calm.source, tmp_path / "run", to=to)
    store.plan(request_name, Conduct(moment), skip=skip)
    assert scene.run() < 0, "that request was not made"
    assert scene.run() == 0
    assert faults_of(store, scene, calm, wanted) == []
    assert in_vain(store) <= ADD_EVERY * PART_BYTES


@pytest.mark.kills
@pytest.mark.parametrize("moment", ["kill before", "kill after"])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_kill_at_every_request_is_continued(
    large: tuple[Scene, list[str]],
    tmp_path: Path,
    request_name: str,
    moment: Moment,
) -> None:
    calm, wanted = large
    for skip in range(30):
        with serving(store := Store()) as address:
            scene = Scene(calm.source, tmp_path / f"run{skip}", to=f"objects:{address}/box")
            store.plan(request_name, Conduct(moment), skip=skip)
            reached = scene.run() < 0
            if reached:
                assert scene.run() == 0
            assert faults_of(store, scene, calm, wanted) == []
            assert in_vain(store) <= ADD_EVERY * PART_BYTES
        if not reached:
            return
    raise AssertionError("there is no end of these requests")


@pytest.mark.kills
@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_every_point_loses_and_doubles_nothing(
    mixed: tuple[Scene, list[str]], store: Store, to: str, tmp_path: Path, share: int
) -> None:
    calm, wanted = mixed
    points = ALBUMS.points_of(calm)
    assert len(points) >= ALBUMS.least, points
    books = {}
    scene = Scene(calm.source, tmp_path / "run", to=to)
    scene.at_shot = lambda where: books.update({where: store.photographed()})
    shots = scene.photographed(points)
    faults: dict[str, list[str]] = {}
    for where in [one for one in shots if zlib.crc32(one.encode()) % SHARES == share]:
        scene.put_back(shots[where])
        store.put_back(books[where])
        status = scene.run()
        bad = faults_of(store, scene, calm, wanted)
        if status not in (ALBUMS.status, 0):
            bad.append(f"exit status {status}")
        if bad:
            faults[where] = bad
    assert faults == {}


@pytest.mark.parametrize("shape", SHAPES)
def test_five_random_kills(tmp_path: Path, shape: str) -> None:
    kill_at_random(tmp_path, kills=5, photos=24, shape=shape)


@pytest.mark.kills
@pytest.mark.timeout(1500)
def test_two_hundred_random_kills(tmp_path: Path) -> None:
    assert kill_at_random(tmp_path, kills=200, photos=30) >= 200 // 4, "too few fell inside"


def kill_at_random(folder: Path, kills: int, photos: int, shape: str = "objects") -> int:
    """Kill at random requests and at random times, with answers lost on the way; gives those that came inside."""
    seed = random.randrange(1 << 32)
    chance, done, inside = random.Random(seed), 0, 0
    entries = {f"{n:02}.jpg": inputs.photo(n) for n in range(photos)} | {"large.jpg": noise(1)}
    calm, wanted = calm_run(inputs.packed(folder / "a.zip", entries), folder, shape)
    while done < kills:
        with serving(store := Store()) as address:
            scene = Scene(calm.source, folder / f"job after {done}", to=f"{shape}:{address}/box")
            deaths = runs = 0
            while (status := one_run(scene, store, chance, is_last=runs == RUNS_MAX)) not in (0, 3):
                assert status == -signal.SIGKILL, f"seed {seed}"
                runs += 1
                deaths += status < 0
                inside += status < 0 and bool(store.files)
            assert faults_of(store, scene, calm, wanted) == [], f"seed {seed}"
            assert in_vain(store) <= ADD_EVERY * PART_BYTES * PLANNED * (runs + 1), f"seed {seed}"
            done += deaths
    return inside


def one_run(scene: Scene, store: Store, chance: random.Random, *, is_last: bool) -> int:
    """One more run, killed by the store or at some time unless it ends before; `is_last`: it is let be."""
    store.plan_nothing()
    if not is_last:
        store.plan(chance.choice(REQUESTS), Conduct("lose"), skip=chance.randrange(6))
        store.plan(chance.choice(REQUESTS), Conduct("drop"), skip=chance.randrange(6))
        if chance.random() < 0.5:
            act: Moment = chance.choice(("kill before", "kill after"))
            store.plan(chance.choice(REQUESTS), Conduct(act), skip=chance.randrange(12))
    process = scene.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=LIMIT_S if is_last else chance.uniform(0.5, 3))
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode


def in_vain(store: Store) -> int:
    """Bytes of parts that came more than once."""
    return store.all_bytes - sum(len(one.content) for one in store.staged.values())
