"""Where keyframes lie, and which of them need the pictures before."""

from array import array
from pathlib import Path

import pytest

from tests.inputs import clip
from transload.media.encode.keyframes import closed, plan
from transload.media.failures import DamagedError

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac")


def beat() -> None: ...


def test_cuts_lie_between_keyframes(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=6, words=(*H264, "-g", "20"))
    found = plan(film, "mov", film.stat().st_size * 2 // 5, beat)
    assert found.hevc is False
    assert found.cuts
    assert all(round(cut, 3) % 2 == 1 for cut in found.cuts)


def test_a_keyframe_that_needs_what_was_before_is_known() -> None:
    begins = array("q", [0, 4, 2, 10, 8, 6, 20, 22])  # 8 and 6 are shown before the keyframe 10
    assert closed(begins, [(0, 0), (3, 10), (6, 20)]) == [True, False, True]


def test_what_is_no_film_is_damaged(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    with pytest.raises(DamagedError):
        plan(broken, "mov", 1000, beat)
