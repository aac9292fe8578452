"""What phones decode, by values of ITU-T H.264, table A-1."""

from dataclasses import replace
from typing import Any

import pytest

from transload.facts import StreamFacts
from transload.media.judge.video import (
    BLOCKS_MAX,
    BLOCKS_S_MAX,
    demands,
    shown_size,
    side_of,
    stated_level,
)

PICTURE = StreamFacts(type="video", codec="h264", width=1920, height=1080, fps=25.0)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        ({}, None),
        ({"level": 52, "width": 3840, "height": 2160, "fps": 60.0}, None),
        ({"level": 60}, "h264 of level 6.0"),
        ({"level": -99}, None),
        ({"level": None}, None),
        ({"profile": "High 4:4:4 Predictive"}, "H.264 High 4:4:4 Predictive"),
        ({"profile": "High"}, None),
        ({"width": 4096}, "4096 x 1080 is too large"),
        ({"width": 3840, "height": 2880}, "3840 x 2880 is too large"),
        ({"codec": "hevc", "width": 3840, "height": 2880, "level": 156}, None),
        ({"codec": "hevc", "level": 180}, "hevc of level 6.0"),
        ({"codec": "vp9", "level": 62, "profile": "Profile 0"}, None),
    ],
)
def test_demands(picture: dict[str, Any], fault: str | None) -> None:
    found = demands(replace(PICTURE, **picture))
    assert len(found) == (fault is not None)
    assert all(str(fault) in one for one in found)


@pytest.mark.parametrize(
    ("picture", "side"),
    [
        ({}, None),
        ({"width": 3840, "height": 2160, "fps": 60.0}, None),
        ({"width": 3840, "height": 2160, "fps": None}, None),
        ({"width": 5312, "height": 2988}, 3840),
        ({"width": 2160, "height": 5000}, 3840),
        ({"width": 3840, "height": 2160, "fps": 120.0}, 2784),
        ({"width": 3840, "height": 2160, "fps": 90000.0}, 1968),
        ({"width": 1920, "height": 1080, "fps": 240.0}, None),
        ({"width": 5312, "height": 3984}, 3536),
        ({"width": 3840, "height": 3840}, 3072),
        ({"width": 2880, "height": 2160, "sar": "2:1"}, 3840),
        ({"width": 1440, "height": 1080, "sar": "4:3"}, None),
    ],
)
def test_sides(picture: dict[str, Any], side: int | None) -> None:
    shape = replace(PICTURE, **picture)
    found = side_of(shape)
    assert found == side
    if found is not None:
        width, height = shown_size(shape)
        share = found / max(width, height)
        blocks = -(-width * share // 16) * -(-height * share // 16)
        assert blocks <= BLOCKS_MAX
        assert blocks * min(240.0, shape.fps or 0.0) <= BLOCKS_S_MAX


@pytest.mark.parametrize(
    ("picture", "level"),
    [
        ({}, None),
        ({"fps": 240.0, "rate": "240"}, None),
        ({"fps": 1000.0, "rate": "1000"}, "5.2"),
        ({"fps": 30.0, "rate": "90000/1"}, "5.2"),
        ({"width": 320, "height": 180, "fps": 1000.0, "rate": "1000"}, None),
        ({"width": 3840, "height": 2160, "fps": 1000.0, "rate": "1000"}, "5.2"),
        ({"width": 3840, "height": 2160, "fps": 120.0, "rate": "120"}, None),
    ],
)
def test_levels_beyond_phones_are_never_written(picture: dict[str, Any], level: str | None) -> None:
    shape = replace(PICTURE, **picture)
    assert stated_level(shape, side_of(shape)) == level
