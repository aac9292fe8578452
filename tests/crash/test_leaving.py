"""Nothing that was started outlives its command by five seconds, and nothing half-made is ever sent."""

import pytest

from tests.crash.leaving import MANNERS, TEMPORARIES, Leaving, killed, struck

pytestmark = [pytest.mark.kills, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Leaving:
    return Leaving(tmp_path_factory.mktemp("leaving"))


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize("manner", MANNERS)
def test_no_program_is_left(scene: Leaving, manner: str, time: int) -> None:
    assert MANNERS[manner](scene, f"{manner} {time}") == set()


def test_what_was_half_made_is_never_sent(scene: Leaving) -> None:
    (whole,) = scene.finish("calm")
    for wait_s in (0.3, 0.8, 1.5):
        assert killed(scene, "kills", wait_s) == set()
        assert scene.delivered("kills") in ([], [whole])
    assert scene.finish("kills") == [whole]


@pytest.mark.parametrize("pattern", TEMPORARIES)
def test_a_kill_beside_a_half_made_file_sends_only_the_whole(scene: Leaving, pattern: str) -> None:
    (whole,) = scene.finish("calm")
    for number in range(10):
        place = f"{TEMPORARIES.index(pattern)} struck {number}"
        was_there = struck(scene, place, pattern)
        assert scene.delivered(place) in ([], [whole])
        assert scene.finish(place) == [whole]
        assert scene.temporaries(place) == []
        if was_there:
            return
    raise AssertionError("ten kills, and none of them found a half-made file")
