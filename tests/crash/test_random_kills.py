"""Kills at random moments, again and again until the job is done; also while archives inside are read."""

import contextlib
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import inputs
from tests.crash.scene import LIMIT_S, Scene
from tests.crash.stories import boxes

pytestmark = pytest.mark.timeout(900)

RUNS_MAX = 30  # of one job: more would mean that it does not move


def kill_at_random(source: Path, folder: Path, kills: int, files: int) -> int:
    """The same for a source of which one file, or one archive inside, is broken."""
    return kill_often(Scene(source, folder / "calm"), folder, kills, files, status=3)


def kill_often(calm: Scene, folder: Path, kills: int, files: int, status: int) -> int:
    """Kill so often, over as many jobs as that takes; gives the kills that found some of the files delivered.

    The moments hang on the run's random seed, which is told with a fault.
    """
    seed = random.randrange(1 << 32)
    began = time.monotonic()
    assert calm.run() == status
    whole_s = time.monotonic() - began
    calm.whole = set(calm.delivered().values())
    assert len(calm.delivered()) == files
    chance, done, inside = random.Random(seed), 0, 0
    while done < kills:
        scene = Scene(calm.source, folder / f"job after {done}", more=calm.more)
        for run in range(RUNS_MAX):
            process = scene.start()
            # Later in each run: it was measured while the machine may have had less to do than it has now.
            longest = (0.8 + run / 10) * whole_s
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(0.3, longest) if done < kills else LIMIT_S)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
            inside += 0 < len(scene.delivered()) < files
            assert scene.faults_now(calm) == [], f"seed {seed}"
        assert process.returncode == status, f"seed {seed}"
        assert scene.faults_at_the_end(calm) == [], f"seed {seed}"
    return inside


def test_five_random_kills(tmp_path: Path) -> None:
    kill_at_random(inputs.mixed(tmp_path, photos=24, clips=1), tmp_path, kills=5, files=25)


@pytest.mark.kills
def test_fifty_random_kills_over_sixty_files(tmp_path: Path) -> None:
    source = inputs.mixed(tmp_path, photos=55, clips=5)
    inside = kill_at_random(source, tmp_path, kills=50, files=60)
    assert inside >= 50 // 4, "too few kills fell inside the work"


def small_and_photos(folder: Path, small: int, photos: int) -> Path:
    """A zip in which a photo, one of a camera's size now and then, comes after each run of small files."""
    every = small // photos
    entries = {f"d{n % 7}/{n:04}.txt": f"{n} ".encode() * 400 for n in range(small)}
    between = {f"d{n * every % 7}/{n * every:04}.jpg": photo_of(n) for n in range(photos)}
    return inputs.packed(folder / "small.zip", dict(sorted((entries | between).items())))


def photo_of(n: int) -> bytes:
    return inputs.photo(n, (2400, 1800) if n % 4 == 0 else (160, 120))


def test_five_random_kills_over_small_files_and_photos(tmp_path: Path) -> None:
    source = small_and_photos(tmp_path, small=300, photos=12)
    calm = Scene(source, tmp_path / "calm", more=("--files", "all"))
    kill_often(calm, tmp_path, kills=5, files=312, status=0)


@pytest.mark.kills
@pytest.mark.timeout(1800)
def test_two_hundred_random_kills_over_small_files_and_photos(tmp_path: Path) -> None:
    source = small_and_photos(tmp_path, small=1500, photos=30)
    calm = Scene(source, tmp_path / "calm", more=("--files", "all"))
    inside = kill_often(calm, tmp_path, kills=200, files=1530, status=0)
    assert inside >= 200 // 6, "too few kills fell inside the work"


@pytest.mark.kills
def test_random_kills_while_archives_inside_are_read(tmp_path: Path) -> None:
    inside = kill_at_random(boxes(tmp_path, 12), tmp_path, kills=24, files=50)
    assert inside >= 24 // 6, "too few kills fell inside the work"
