"""A kill at every named commit and change of a name, before it and after it, and what the next run makes of it."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.scene import Scene
from tests.crash.stories import STORIES, Story

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]

SHARES = 8
"""Tests that share out the points of a story, so that several workers have some each."""


@dataclass(frozen=True)
class Photographed:
    """A run that ended, the one it is compared with, and what kills on its way would have left."""

    story: Story
    calm: Scene
    scene: Scene
    points: list[str]
    shots: dict[str, Path]


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Photographed:
    told = STORIES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    calm = told.told(folder)
    points = told.points_of(calm)
    scene = Scene(calm.source, folder / "run", calm.guards)
    return Photographed(told, calm, scene, points, scene.photographed(points))


def test_each_point_leaves_something_else(story: Photographed) -> None:
    assert len(story.points) >= story.story.least, story.points
    assert len(story.shots) >= len(story.points), story.shots
    if not story.story.points:
        ends = [where for where in story.shots if where.startswith("commit-end_job")]
        assert ends, "the last act of a job has no state of its own"


@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_every_point_loses_and_doubles_nothing(story: Photographed, share: int) -> None:
    faults: dict[str, list[str]] = {}
    # By name: each worker has photographed a run of its own, whose states may be others in number.
    mine = [where for where in story.shots if zlib.crc32(where.encode()) % SHARES == share]
    for where in mine:
        story.scene.put_back(story.shots[where])
        bad = story.scene.faults_now(story.calm)
        status = story.scene.run()
        if status not in (story.story.status, 0):
            bad.append(f"exit status {status}")
        if bad := bad + story.scene.faults_at_the_end(story.calm):
            faults[where] = bad
    assert faults == {}
