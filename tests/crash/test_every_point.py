"""A kill at every named commit and change of a name, before it and after it, and what the next run makes of it."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from tests.crash.scene import Scene
from tests.crash.stories import STORIES

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]

SHARES = 8
"""Tests that share out the points of a story, so that several workers have some each."""


@dataclass(frozen=True)
class Photographed:
    """A run that ended, the one it is compared with, and what kills on its way would have left."""

    calm: Scene
    scene: Scene
    points: int
    shots: dict[str, Path]


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Photographed:
    told = STORIES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    calm = told.told(folder)
    points = told.points_of(calm)
    scene = Scene(calm.source, folder / "run", calm.guards)
    return Photographed(calm, scene, len(points), scene.photographed(points))


def test_each_point_leaves_something_else(story: Photographed) -> None:
    assert story.points >= 12
    assert story.points <= len(story.shots) <= 2 * story.points, story.shots


@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_every_point_loses_and_doubles_nothing(story: Photographed, share: int) -> None:
    faults: dict[str, list[str]] = {}
    for where, shot in islice(story.shots.items(), share, None, SHARES):
        story.scene.put_back(shot)
        bad = story.scene.faults_now(story.calm)
        story.scene.run()
        if bad := bad + story.scene.faults_at_the_end(story.calm):
            faults[where] = bad
    assert faults == {}
