"""What containers say about themselves."""

from pathlib import Path

import pytest

from tests.media.conftest import Samples
from transload.media.wrapper import SAFE_DEMUXERS, facts_of_wrapper


@pytest.mark.parametrize(
    "name", ["matroska.mkv", "mpeg4.avi", "plain.mp4", "song.wav", "windows.wmv"]
)
def test_bytes_cut_off_are_missed(samples: Samples, tmp_path: Path, name: str) -> None:
    whole = samples(name)
    words = {".mkv": "matroska", ".mp4": "mov", ".wmv": "asf"}
    word = words.get(whole.suffix, whole.suffix[1:])
    cut = tmp_path / name
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(whole, word)["missing_bytes"] == 0
    assert facts_of_wrapper(cut, word)["missing_bytes"] == 1000


def test_recordings_that_never_ended_miss_nothing(tmp_path: Path) -> None:
    endless = tmp_path / "a.wav"
    endless.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + bytes(2000))
    assert facts_of_wrapper(endless, "wav")["missing_bytes"] == 0
    assert facts_of_wrapper(endless, "ogg")["missing_bytes"] == 0


def test_playlists_have_no_demuxer() -> None:
    names = SAFE_DEMUXERS.split(",")
    assert not {"hls", "concat", "sdp", "dash", "image2", "tty", "lavfi"} & set(names)
