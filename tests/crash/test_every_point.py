"""One kill at every named commit and change of a name, before and after it; and what each guard is worth."""

from pathlib import Path

import pytest

from tests import inputs
from tests.crash.scene import Scene

READS = {  # commits that write nothing: a kill there is a kill at the next point
    f"commit-{name}"
    for name in (
        "find",
        "totals",
        "job",
        "events",
        "progress",
        "open_intents",
        "twin",
        "done",
        "lost",
        "records",
    )
}

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """An undisturbed run to compare with."""
    folder = tmp_path_factory.mktemp("calm")
    scene = Scene(inputs.mixed(folder, photos=12, clips=1), folder / "run")
    assert scene.run() == 3  # one file is broken
    scene.whole = set(scene.delivered().values())
    assert len(scene.whole) == 13
    return scene


def killed_at(calm: Scene, folder: Path, point: str, moment: str, guards: str = "-") -> list[str]:
    """Kill at the point, then let the same command finish; gives every fault on the way."""
    scene = Scene(calm.source, folder, guards)
    status = scene.run(point, moment)
    bad = scene.faults_now(calm)
    if status == -9:
        scene.run()
    return bad + scene.faults_at_the_end(calm)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_every_point_loses_and_doubles_nothing(
    calm: Scene, tmp_path: Path, moment: str
) -> None:
    points = [point for point in calm.points() if point.partition(":")[0] not in READS]
    assert len(points) >= 30, points
    faults = {
        point: bad
        for n, point in enumerate(points)
        if (bad := killed_at(calm, tmp_path / str(n), point, moment))
    }
    assert faults == {}


@pytest.mark.parametrize(
    ("guard", "point"),
    [
        ("look_up", "rename-library:13"),
        ("sweep", "link-.transload:5"),
        ("temporary_name", "write-library:5"),
    ],
)
def test_without_a_guard_the_kill_is_noticed(
    calm: Scene, tmp_path: Path, guard: str, point: str
) -> None:
    assert killed_at(calm, tmp_path / "unsafe", point, "after", guard) != []
    safe_point = point.replace("write-library", "rename-library")
    assert killed_at(calm, tmp_path / "safe", safe_point, "after") == []
