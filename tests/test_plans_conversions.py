"""The shapes of a conversion are values: equal when what they say is equal, and never changed."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from transload.plans import Converted, Segment

PART = Segment(0, 0, 250, 0, 9960, 1000, "aa", "bb")


def test_parts_that_say_the_same_are_the_same() -> None:
    assert replace(PART) == PART
    assert replace(PART, guard="cc") != PART


def test_a_result_is_never_changed() -> None:
    made = Converted(Path("/s/made.mp4"), 7, "aa")
    assert made.looks is None
    with pytest.raises(FrozenInstanceError):
        made.size_bytes = 8  # type: ignore[misc]


def test_the_name_of_a_part_is_its_number() -> None:
    assert [replace(PART, n=n).file for n in (-1, 0, 12)] == ["sound.mp4", "00000.nut", "00012.nut"]
