"""The first part that is measured decides, once, and what it decides is remembered."""

from pathlib import Path

import pytest

from tests.media.parts import Shelf
from transload.conversions import Choice
from transload.media.ladder import Step, steps
from transload.media.pace import Pace, TooSlowError

pytestmark = pytest.mark.anyio

LADDER = steps("medium", 1080)


class Hand:
    """A clock that is moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_film_in_time_stays_as_it_is_for_good(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = Pace(LADDER, 100.0, shelf, "film", clock)
    pace.begin()
    clock.now_s = 1.0
    await pace.made(10, 1000)
    clock.now_s = 1e6
    await pace.made(10, 1000)
    assert shelf.choices == {"film": Choice("medium", 1080, "")}
    assert (pace.step, pace.note) == (LADDER[0], "")


async def test_a_slow_film_begins_anew_and_the_next_run_knows(tmp_path: Path) -> None:
    shelf, clock = Shelf(tmp_path), Hand()
    pace = Pace(LADDER, 100.0, shelf, "film", clock)
    assert await pace.known() is None
    clock.now_s = 5.0  # spent before: it counts
    pace.begin()
    clock.now_s = 6.2
    with pytest.raises(TooSlowError):
        await pace.made(10, 1000)
    assert pace.step == Step("fast", 1080)
    later = Pace(LADDER, 100.0, shelf, "film", clock)
    assert await later.known() == pace.step
    assert later.note == pace.note == "1080 lines, fast: medium would have taken 125 s of 100"
    assert await Pace(LADDER, 100.0, shelf, "another", clock).known() is None
