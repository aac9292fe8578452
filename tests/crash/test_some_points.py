"""A real kill at six places where a job changes hands; and what each guard is worth."""

from pathlib import Path

import pytest

from tests.crash.scene import Scene
from tests.crash.stories import STORIES

pytestmark = pytest.mark.timeout(120)

POINTS = (
    ("commit-admit:1", "before"),  # entries are known, none is delivered
    ("commit-intend:1", "after"),  # the first album is meant to be sent
    ("rename-library:5", "after"),  # half of it lies there, without a receipt
    ("commit-receive:2", "before"),  # the second one lies there whole
    ("link-.transload:13", "after"),  # the converted film is about to get its name
    ("rename-library:13", "after"),  # it has it, without a receipt
    ("commit-end_task:1", "after"),  # what is converted is still to do
    ("commit-end_job:1", "before"),  # nothing but the end is missing
)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """An undisturbed run to compare with."""
    return STORIES["mixed"].told(tmp_path_factory.mktemp("calm"))


def faults_after(calm: Scene, folder: Path, kill: tuple[str, str], guards: str = "-") -> list[str]:
    """Kill there, then let the same command finish; gives every fault on the way."""
    scene = Scene(calm.source, folder, guards)
    assert scene.run(kill) < 0, "that point was not reached"
    bad = scene.faults_now(calm)
    scene.run()
    return bad + scene.faults_at_the_end(calm)


@pytest.mark.parametrize("kill", POINTS, ids=" ".join)
def test_a_kill_there_loses_and_doubles_nothing(
    calm: Scene, tmp_path: Path, kill: tuple[str, str]
) -> None:
    assert faults_after(calm, tmp_path / "run", kill) == []


@pytest.mark.parametrize(
    ("guard", "point"),
    [
        ("look_up", "rename-library:13"),
        ("sweep", "link-.transload:13"),
        ("temporary_name", "write-library:5"),
    ],
)
def test_without_a_guard_the_kill_is_noticed(
    calm: Scene, tmp_path: Path, guard: str, point: str
) -> None:
    assert faults_after(calm, tmp_path / "run", (point, "after"), guard) != []
