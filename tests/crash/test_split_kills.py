"""Kills around a film too large for one file: each of its numbered files arrives once, whatever dies between."""

from pathlib import Path

import pytest

from tests.crash.scene import Scene
from tests.crash.test_every_point import READS
from tests.inputs import clip

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

WORDS = (
    "-c:v",
    "libx264",
    "-pix_fmt",
    "yuv420p",
    "-preset",
    "ultrafast",
    "-g",
    "10",
    "-c:a",
    "aac",
)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """An undisturbed run to compare with: three files."""
    folder = tmp_path_factory.mktemp("calm")
    source = clip(folder / "film.mkv", seconds=9, words=WORDS)
    scene = Scene(source, folder / "run", guards=f"limit={source.stat().st_size * 2 // 5}")
    assert scene.run() == 0
    scene.whole = set(scene.delivered().values())
    names = [Path(path).name for path in scene.delivered()]
    assert names == [f"film ({n} of 3).mp4" for n in (1, 2, 3)]
    return scene


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_every_point_of_a_split_film(calm: Scene, tmp_path: Path, moment: str) -> None:
    points = [point for point in calm.points() if point.partition(":")[0] not in READS]
    assert sum(point.startswith("rename-library") for point in points) >= 2, points
    faults: dict[str, list[str]] = {}
    for n, point in enumerate(points):
        scene = Scene(calm.source, tmp_path / str(n), calm.guards)
        status = scene.run(point, moment)
        bad = scene.faults_now(calm)
        if status < 0:
            assert scene.run() == 0
        if bad := bad + scene.faults_at_the_end(calm):
            faults[point] = bad
    assert faults == {}
