"""PyAV's facts of single files."""

import shutil
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from transload.media.probe.video import measure, probe_video


def nothing() -> None:
    """No sign of life is wanted."""


def test_two_frames_are_enough(samples: Samples) -> None:
    raw, frame = probe_video(samples("plain.mp4"), "mov", nothing)
    assert (raw["frames_decoded"], raw["duration_s"]) == (2, 1.0)
    assert frame is not None
    assert (frame.width, frame.height) == (64, 48)


@pytest.mark.parametrize(
    ("name", "word", "key", "value"),
    [
        ("interlaced.mp4", "mov", "interlaced", True),
        ("turned.mp4", "mov", "rotation", 90),
        ("reordered.avi", "avi", "order", "lost"),
        ("baseline.avi", "avi", "order", "kept"),
        ("fragments.mp4", "mov", "fragmented", True),
    ],
)
def test_what_only_frames_and_boxes_tell(
    samples: Samples, name: str, word: str, key: str, value: object
) -> None:
    raw, _ = probe_video(samples(name), word, nothing)
    assert raw[key] == value


def test_colour_of_hdr_and_cover_pictures_are_seen(samples: Samples) -> None:
    raw, _ = probe_video(samples("hlg.mp4"), "mov", nothing)
    assert raw["streams"][0]["transfer"] == 18
    covered, _ = probe_video(samples("cover.mp4"), "mov", nothing)
    assert [stream["cover"] for stream in covered["streams"]] == [False, False, True]


def test_the_readable_part_of_a_cut_file_is_measured(samples: Samples) -> None:
    raw, _ = probe_video(samples("cut.mkv"), "matroska", nothing)
    assert raw["missing_bytes"] > 0
    assert 0 < raw["readable_s"] < 1.0


def test_a_beginning_that_does_not_decode_is_measured(samples: Samples) -> None:
    raw, _ = probe_video(samples("begun.ts"), "mpegts", nothing)
    assert raw["lost_s"] == pytest.approx(1.2, abs=0.2)
    assert raw["readable_s"] == pytest.approx(raw["duration_s"] - raw["lost_s"], abs=0.01)
    for name, word in (("plain.mp4", "mov"), ("reordered.avi", "avi"), ("fields.ts", "mpegts")):
        whole, _ = probe_video(samples(name), word, nothing)
        assert (whole.get("lost_s", 0.0), "readable_s" in whole) == (0.0, False)


def test_no_content_is_opened_by_another_demuxer(samples: Samples, tmp_path: Path) -> None:
    raw, frame = probe_video(samples("titles.mp4"), "mov", nothing)
    assert ("error" in raw, frame) == (True, None)
    shutil.copy(samples("moving.gif"), tmp_path / "a")
    assert "error" in probe_video(tmp_path / "a", "matroska", nothing)[0]


def test_measures_count_every_packet(samples: Samples) -> None:
    found = measure(samples("matroska.mkv"), "matroska", nothing)
    assert (found.frames, found.span_s) == (10, 0.9)
    assert found.audio_span_s == pytest.approx(1.0, abs=0.05)
    assert measure(samples("noise.mp4"), "mov", nothing).error


def test_sound_is_looked_through_before_it_is_given_up(samples: Samples, tmp_path: Path) -> None:
    heard = samples("silence.m4a").read_bytes()
    begin = heard.index(b"mdat") + 4
    late = tmp_path / "late.m4a"
    late.write_bytes(heard[:begin] + bytes(60_000) + heard[begin + 60_000 :])
    raw, _ = probe_video(late, "mov", nothing)
    assert raw["frames_decoded"] == 1


@pytest.mark.parametrize(
    ("word", "content", "said"),
    [
        ("ogg", b"OggS", "it ends inside its header"),
        ("yuv4mpegpipe", b"YUV4MPEG2 nonsense\n", "its header makes no sense"),
    ],
)
def test_a_reason_is_in_words_for_people(
    tmp_path: Path, word: str, content: bytes, said: str
) -> None:
    """The library's own words are evidence, never the reason."""
    path = tmp_path / "odd"
    path.write_bytes(content)
    raw, frame = probe_video(path, word, nothing)
    assert (raw["error"], frame) == (said, None)
    assert raw["evidence"] not in ("", said)


@pytest.mark.parametrize("name", ["trimmed.mp4", "trimmed.mov"])
def test_what_an_edit_list_hides_is_not_lost(samples: Samples, name: str) -> None:
    raw, _ = probe_video(samples(name), "mov", nothing)
    assert (raw["lost_s"], "readable_s" in raw) == (0.0, False)
    assert raw["duration_s"] == pytest.approx(2.5, abs=0.1)
    found = measure(samples(name), "mov", nothing)
    assert found.frames == 25
    assert found.span_s == pytest.approx(2.4, abs=0.05)
    assert found.audio_span_s == pytest.approx(2.5, abs=0.1)
