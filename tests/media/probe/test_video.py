"""PyAV's facts of single files."""

import shutil
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from tests.media.samples import jpeg_bytes
from tests.media.song_makers import song_with_cover, wide_png
from transload.media.probe.video import COVER_PIXELS_MAX, measure, probe_video


def nothing() -> None:
    """No sign of life is wanted."""


def test_two_frames_are_enough(samples: Samples) -> None:
    found, frame = probe_video(samples("plain.mp4"), "mov", nothing)
    assert (found.frames_decoded, found.duration_s) == (2, 1.0)
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
    found, _ = probe_video(samples(name), word, nothing)
    assert getattr(found, key) == value


def test_colour_of_hdr_and_cover_pictures_are_seen(samples: Samples) -> None:
    found, _ = probe_video(samples("hlg.mp4"), "mov", nothing)
    assert found.streams[0].transfer == 18
    covered, _ = probe_video(samples("cover.mp4"), "mov", nothing)
    assert [stream.cover for stream in covered.streams] == [False, False, True]


def test_the_readable_part_of_a_cut_file_is_measured(samples: Samples) -> None:
    found, _ = probe_video(samples("cut.mkv"), "matroska", nothing)
    assert found.missing_bytes > 0
    assert found.readable_s is not None
    assert 0 < found.readable_s < 1.0


def test_a_beginning_that_does_not_decode_is_measured(samples: Samples) -> None:
    found, _ = probe_video(samples("begun.ts"), "mpegts", nothing)
    assert found.lost_s == pytest.approx(1.2, abs=0.2)
    assert found.duration_s is not None
    assert found.readable_s == pytest.approx(found.duration_s - found.lost_s, abs=0.01)
    for name, word in (("plain.mp4", "mov"), ("reordered.avi", "avi"), ("fields.ts", "mpegts")):
        whole, _ = probe_video(samples(name), word, nothing)
        assert (whole.lost_s, whole.readable_s) == (0.0, None)


def test_no_content_is_opened_by_another_demuxer(samples: Samples, tmp_path: Path) -> None:
    found, frame = probe_video(samples("titles.mp4"), "mov", nothing)
    assert (found.error is not None, frame) == (True, None)
    shutil.copy(samples("moving.gif"), tmp_path / "a")
    assert probe_video(tmp_path / "a", "matroska", nothing)[0].error is not None


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
    found, _ = probe_video(late, "mov", nothing)
    assert found.frames_decoded == 1


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
    found, frame = probe_video(path, word, nothing)
    assert (found.error, frame) == (said, None)
    assert found.evidence not in ("", said)


@pytest.mark.parametrize("name", ["trimmed.mp4", "trimmed.mov"])
def test_what_an_edit_list_hides_is_not_lost(samples: Samples, name: str) -> None:
    found, _ = probe_video(samples(name), "mov", nothing)
    assert (found.lost_s, found.readable_s) == (0.0, None)
    assert found.duration_s == pytest.approx(2.5, abs=0.1)
    measured = measure(samples(name), "mov", nothing)
    assert measured.frames == 25
    assert measured.span_s == pytest.approx(2.4, abs=0.05)
    assert measured.audio_span_s == pytest.approx(2.5, abs=0.1)


SNIFFED = {".mp3": "mp3", ".m4a": "mov", ".flac": "flac", ".ogg": "ogg"}


@pytest.mark.parametrize("ending", SNIFFED)
def test_a_song_has_its_title_its_performer_and_its_cover(tmp_path: Path, ending: str) -> None:
    song = song_with_cover(tmp_path / f"song{ending}", jpeg_bytes())
    found, frame = probe_video(song, SNIFFED[ending], nothing)
    assert (found.title, found.performer, found.frames_decoded) == ("Sea", "Wind", 1)
    assert found.duration_s == pytest.approx(1.0, abs=0.1)
    assert frame is not None
    assert (frame.width, frame.height) == (96, 64)


@pytest.mark.parametrize(
    "picture",
    [b"", b"\xff\xd8 nothing of it", jpeg_bytes()[:250], wide_png(int(COVER_PIXELS_MAX**0.5) + 9)],
    ids=["empty", "nonsense", "cut", "huge"],
)
@pytest.mark.parametrize("ending", [".mp3", ".flac"])
def test_a_cover_that_cannot_be_shown_harms_no_song(
    tmp_path: Path, ending: str, picture: bytes
) -> None:
    mime = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    song = song_with_cover(tmp_path / f"song{ending}", picture, mime)
    found, frame = probe_video(song, SNIFFED[ending], nothing)
    assert (found.error, found.frames_decoded, frame) == (None, 1, None)


def test_a_film_is_shown_by_its_own_picture_not_by_its_cover(samples: Samples) -> None:
    _, frame = probe_video(samples("cover.mp4"), "mov", nothing)
    assert frame is not None
    assert (frame.width, frame.height) == (64, 48)
