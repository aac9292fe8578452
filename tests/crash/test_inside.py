"""Kills while archives inside an archive are read: at random moments, and at every named point of their own."""

import contextlib
import random
import signal
import subprocess
import time
from itertools import count, islice
from pathlib import Path

import pytest

from tests import inputs
from tests.archives.makers import make_tar
from tests.crash.scene import LIMIT_S, Scene

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

KILLS = 24
RUNS_MAX = 30  # of one job: more would mean that it does not move
POINTS = (
    "commit-admit",
    "commit-conclude",
    "unlink-scratch",
    "commit-source_read",
    "commit-end_task",
)


def boxes(folder: Path, photos: int) -> Path:
    """A zip with photos and three archives: a zip, a packed tar with a clip, a zip with a broken zip in it."""
    numbers = count()

    def tree(name: str) -> dict[str, bytes]:
        return {f"{name}/{n}.jpg": inputs.photo(n) for n in islice(numbers, photos)}

    clip = inputs.clip(folder / "c.avi").read_bytes()
    plain = inputs.packed(folder / "box1", tree("one")).read_bytes()
    tar = make_tar(folder / "box2", tree("two") | {"clip.avi": clip}, "gz").read_bytes()
    cut = inputs.packed(folder / "box3", tree("three")).read_bytes()[:-500]
    deep = inputs.packed(folder / "box4", {"cut.zip": cut, "clip.avi": clip + b"\0"}).read_bytes()
    parts = {"plain.zip": plain, "packed.tgz": tar, "deep.zip": deep}
    return inputs.packed(folder / "boxes.zip", tree("zero") | parts | {"z.txt": b"words"})


def undisturbed(source: Path, folder: Path) -> Scene:
    """A run to compare with."""
    scene = Scene(source, folder)
    assert scene.run() == 3  # one archive inside is cut
    scene.whole = set(scene.delivered().values())
    return scene


def test_random_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    source = boxes(tmp_path, 12)
    began = time.monotonic()
    calm = undisturbed(source, tmp_path / "calm")
    whole_s = time.monotonic() - began
    assert len(calm.delivered()) == 50
    rng, kills, jobs, inside = random.Random(71), 0, 0, 0
    while kills < KILLS:
        scene = Scene(source, tmp_path / f"job{jobs}")
        jobs += 1
        for run in range(RUNS_MAX):
            process = scene.start()
            longest = (
                0.9 + run / 10
            ) * whole_s  # it was measured while the machine may have had less to do
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0.3, longest) if kills < KILLS else LIMIT_S)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            inside += 0 < len(scene.delivered()) < 50
            assert scene.faults_now(calm) == []
        assert process.returncode == 3
        assert scene.faults_at_the_end(calm) == []
    assert inside >= KILLS // 6, "too few kills fell inside the work"


@pytest.mark.parametrize(("moment", "first"), [("before", 0), ("after", 1)])
def test_a_kill_at_every_point_of_reading_inside(tmp_path: Path, moment: str, first: int) -> None:
    source = boxes(tmp_path, 2)
    calm = undisturbed(source, tmp_path / "calm")
    reached = [line.split("\t")[0] for line in calm.log.read_text().splitlines()]
    points = [f"{name}:{n + 1}" for name in POINTS for n in range(reached.count(name))]
    assert len(points) >= 12, points
    faults: dict[str, list[str]] = {}
    # Behind one point is hardly another place than before the next: each way takes every second one.
    for n, point in enumerate(points[first::2]):
        scene = Scene(source, tmp_path / str(n))
        status = scene.run(point, moment)
        bad = scene.faults_now(calm)
        if status == -signal.SIGKILL:
            scene.run()
        if bad := bad + scene.faults_at_the_end(calm):
            faults[point] = bad
    assert faults == {}
