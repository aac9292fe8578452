"""What containers say about themselves."""

import struct
from pathlib import Path

import pytest

from tests.media.conftest import Samples
from transload.media.wrapper import SAFE_DEMUXERS, facts_of_wrapper


@pytest.mark.parametrize(
    "name",
    [
        *("matroska.mkv", "mpeg4.avi", "plain.mp4", "windows.wmv", "flash.flv", "song.wav"),
    ],
)
def test_bytes_cut_off_are_missed(samples: Samples, tmp_path: Path, name: str) -> None:
    whole = samples(name)
    words = {".mkv": "matroska", ".mp4": "mov", ".wmv": "asf"}
    word = words.get(whole.suffix, whole.suffix[1:])
    cut = tmp_path / name
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(whole, word)["missing_bytes"] == 0
    assert facts_of_wrapper(cut, word)["missing_bytes"] == 1000


@pytest.mark.parametrize("name", ["mpeg4.avi", "song.wav", "song.mp3", "windows.wmv", "flash.flv"])
def test_a_cut_file_tells_how_long_it_was(samples: Samples, tmp_path: Path, name: str) -> None:
    words = {".wmv": "asf"}
    word = words.get(Path(name).suffix, Path(name).suffix[1:])
    cut = tmp_path / name
    cut.write_bytes(samples(name).read_bytes()[:-3000])
    assert facts_of_wrapper(cut, word)["whole_s"] == pytest.approx(1.0, abs=0.15)
    cut.write_bytes(cut.read_bytes()[:30])
    assert "whole_s" not in facts_of_wrapper(cut, word)


def test_an_mp3_without_its_last_tag_is_whole(samples: Samples, tmp_path: Path) -> None:
    whole, cut = samples("song.mp3"), tmp_path / "song.mp3"
    assert facts_of_wrapper(whole, "mp3")["missing_bytes"] == 0
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(cut, "mp3")["missing_bytes"] == 0
    cut.write_bytes(whole.read_bytes()[:-3000])
    assert facts_of_wrapper(cut, "mp3")["missing_bytes"] == 3000


def test_recordings_that_never_ended_miss_nothing(tmp_path: Path) -> None:
    endless = tmp_path / "a.wav"
    endless.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + bytes(2000))
    assert facts_of_wrapper(endless, "wav")["missing_bytes"] == 0
    assert facts_of_wrapper(endless, "ogg")["missing_bytes"] == 0


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_flash_film_recorded_live_misses_nothing(tmp_path: Path, size: float) -> None:
    live = tmp_path / "a.flv"
    live.write_bytes(b"FLV\1\5\0\0\0\x09\0\0\0\0\0\x08filesize\0" + struct.pack(">d", size))
    assert facts_of_wrapper(live, "flv") == {"missing_bytes": 0}


def test_playlists_have_no_demuxer() -> None:
    names = SAFE_DEMUXERS.split(",")
    assert not {"hls", "concat", "sdp", "dash", "image2", "tty", "lavfi"} & set(names)
