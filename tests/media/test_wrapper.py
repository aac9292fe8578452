"""What containers say about themselves."""

from pathlib import Path

import pytest

from tests.media.conftest import Samples
from transload.media.wrapper import SAFE_DEMUXERS, facts_of_wrapper


@pytest.mark.parametrize("name", ["matroska.mkv", "mpeg4.avi", "plain.mp4"])
def test_bytes_cut_off_are_missed(samples: Samples, tmp_path: Path, name: str) -> None:
    whole = samples(name)
    word = {".mkv": "matroska", ".avi": "avi", ".mp4": "mov"}[whole.suffix]
    cut = tmp_path / name
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert facts_of_wrapper(whole, word)["missing_bytes"] == 0
    assert facts_of_wrapper(cut, word)["missing_bytes"] == 1000


def test_playlists_have_no_demuxer() -> None:
    names = SAFE_DEMUXERS.split(",")
    assert not {"hls", "concat", "sdp", "dash", "image2", "tty", "lavfi"} & set(names)
