"""Words for what tools say with numbers and types."""

import signal
from pathlib import Path

import pytest

from transload.media.failures import (
    GAVE_UP,
    DamagedError,
    evidence_of,
    evidence_of_ffmpeg,
    of_ffmpeg,
)
from transload.media.photos.photo import JpegTarget, shrink

STATUSES = [1, 2, 8, 69, 171, 176, 183, 187, 190, 222, 234, 251, 254, -2, -6, -11, -15]


@pytest.mark.parametrize("frames", [None, 0, 7])
@pytest.mark.parametrize("status", STATUSES)
def test_no_number_and_no_tool_is_named_as_a_reason(status: int, frames: int | None) -> None:
    words = of_ffmpeg(status, frames)
    assert words
    assert "status" not in words
    assert not any(sign.isdigit() for sign in words)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (183, "makes no sense"),
        (176, "feature"),
        (8, "not in this ffmpeg"),
        (187, "ends early"),
        (234, "form"),
        (251, "broke off"),
        (-signal.SIGSEGV, "crashed"),
        (-signal.SIGTERM, "from outside"),
        (1, GAVE_UP),
    ],
)
def test_each_known_end_has_its_own_words(status: int, word: str) -> None:
    assert word in of_ffmpeg(status, 5)


def test_that_no_picture_was_made_is_said() -> None:
    assert of_ffmpeg(183, 0).startswith("not one frame could be converted: ")
    assert not of_ffmpeg(183, None).startswith("not one frame")


def test_evidence_has_number_and_text() -> None:
    assert evidence_of_ffmpeg(183, "Invalid data") == "ffmpeg ended with status 183\nInvalid data"
    assert evidence_of_ffmpeg(-11, "") == "ffmpeg ended by signal 11"
    assert evidence_of(ValueError("x" * 999)).startswith("ValueError: xxx")
    lost = FileNotFoundError(2, "No such file or directory", "/scratch/1")
    assert evidence_of(lost) == "FileNotFoundError: No such file or directory"
    assert len(evidence_of(ValueError("x" * 999))) == 400


def test_a_missing_file_is_not_called_damaged(tmp_path: Path) -> None:
    shape = JpegTarget(side=None, quality=87)
    with pytest.raises(FileNotFoundError):
        shrink(tmp_path / "none", "jpeg", shape, tmp_path / "o.jpg")
    (tmp_path / "bad").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DamagedError) as caught:
        shrink(tmp_path / "bad", "jpeg", shape, tmp_path / "o.jpg")
    assert str(tmp_path) not in str(caught.value)
