"""What conversions make, decoded whole by ffmpeg and played by a browser."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.media.browser import played
from tests.media.conftest import CONVERTED, Results
from transload.media.ffmpeg import wheel_binary

VIDEOS = [sample.name for sample in CONVERTED if sample.kind.value in ("video", "animation")]
NOT_IN_BROWSERS = {"hev1.mkv", "hev1.mp4"}
"""Copied HEVC: this browser has no decoder for it."""


@pytest.mark.parametrize("name", VIDEOS)
def test_each_result_decodes_without_a_word(results: Results, name: str) -> None:
    program = wheel_binary()
    assert program is not None
    source = str(results(name).local)
    command = [str(program), "-nostdin", "-v", "error", "-i", source, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_all_results_play_and_seek_in_a_browser(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in VIDEOS:
        if name not in NOT_IN_BROWSERS:
            shutil.copy(results(name).local, folder / f"{name}.mp4")
    found = played(sorted(folder.iterdir()), tmp_path / "profile")
    assert len(found) == len(VIDEOS) - len(NOT_IN_BROWSERS)
    wrong = {
        name: said
        for name, said in found.items()
        if said.error or said.duration <= 0 or abs(said.at - said.goal) > 0.01 or said.contrast < 30
    }
    assert wrong == {}
    assert (found["upright.mp4.mp4"].width, found["upright.mp4.mp4"].height) == (48, 64)
    assert (found["stretched.wmv.mp4"].width, found["stretched.wmv.mp4"].height) == (84, 48)
