"""Proof of a conversion: by values, by ffmpeg that decodes every result, and by a browser that plays it."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.media.browser import Played, played
from tests.media.conftest import CONVERTED, FURTHER, Probe, Results
from transload.errors import (
    ConvertError,
    DiskFullError,
    MemoryLimitError,
    TransloadError,
    UnverifiedError,
)
from transload.facts import FileFacts
from transload.media.encode.ffmpeg import wheel_binary
from transload.media.encode.verify import check_facts, end_error, length_fault
from transload.media.judge.verdict import judge
from transload.model import Facts, ItemKind, Verdict
from transload.plans import M4aPlan, Measurement, RewrapPlan, StreamPlan, TranscodePlan

WHOLE = Measurement(frames=100, span_s=9.9, audio_span_s=9.9)
COPY = RewrapPlan(sniffed="mov", fps=10.0)
ENCODE = TranscodePlan(sniffed="mov", fps=10.0)
SOUND = M4aPlan(sniffed="mov")
ROWS = [*(sample.name for sample in CONVERTED), *FURTHER]
SOME = ("matroska.mkv", "opus.mkv", "stretched.wmv", "upright.mp4", "moving.gif", "song.flac")
"""One of each way: copied, sound made, encoded, turned, a moving picture, sound alone."""
LONG = "an hour of silence"
QUICK = [pytest.param(name, marks=pytest.mark.media) if name == LONG else name for name in ROWS]
"""As parameters: an hour of anything takes seconds."""
FEW = [name if name in SOME else pytest.param(name, marks=pytest.mark.media) for name in ROWS]
"""As parameters: a start of ffmpeg for each is left to `make prove`."""
NOT_IN_BROWSERS = {"hev1.mkv", "hev1.mp4"}
"""Copied HEVC: this browser has no decoder for it."""


@pytest.mark.parametrize(
    ("plan", "result", "written"),
    [
        (COPY, replace(WHOLE, frames=90), 90),
        (COPY, replace(WHOLE, span_s=8.0), 100),
        (COPY, replace(WHOLE, frames=0), 0),
        (ENCODE, replace(WHOLE, frames=99), 100),
        (ENCODE, replace(WHOLE, frames=30), 30),
        (ENCODE, replace(WHOLE, span_s=9.0), 100),
        (SOUND, replace(WHOLE, audio_span_s=5.0), 0),
    ],
)
def test_short_results_are_refused(plan: StreamPlan, result: Measurement, written: int) -> None:
    assert length_fault(plan, WHOLE, result, written)


@pytest.mark.parametrize("plan", [COPY, ENCODE, SOUND])
def test_equal_results_pass(plan: StreamPlan) -> None:
    assert length_fault(plan, WHOLE, WHOLE, 100) is None


def test_pictures_of_a_raw_stream_keep_their_distance() -> None:
    raw, plan = replace(WHOLE, span_s=0.0), replace(ENCODE, by_order=True, rate="10")
    assert length_fault(plan, raw, WHOLE, 100) is None
    squeezed = replace(WHOLE, span_s=5.0)
    assert "5.00 s instead of 9.90 s" in str(length_fault(plan, raw, squeezed, 100))
    assert length_fault(replace(plan, rate=None), raw, squeezed, 100) is None


def test_fields_and_hidden_pictures_may_halve_the_count() -> None:
    assert length_fault(ENCODE, WHOLE, replace(WHOLE, frames=50), 50) is None


def test_a_cut_source_may_lose_its_last_pictures() -> None:
    partial = replace(COPY, partial=True)
    assert length_fault(partial, WHOLE, replace(WHOLE, frames=92, span_s=9.2), 92) is None


@pytest.mark.parametrize("plan", [COPY, ENCODE])
def test_what_precedes_the_first_keyframe_is_not_missed(plan: StreamPlan) -> None:
    late, rest = replace(plan, lost_s=3.0), replace(WHOLE, frames=70, span_s=6.9)
    assert length_fault(late, WHOLE, rest, 70) is None
    assert length_fault(plan, WHOLE, rest, 70)
    assert length_fault(late, WHOLE, replace(rest, span_s=5.9), 70)
    assert length_fault(late, WHOLE, replace(WHOLE, frames=0), 0)


@pytest.mark.parametrize(
    ("status", "free_bytes", "error"),
    [
        (228, 1 << 30, DiskFullError),
        (1, 4096, DiskFullError),
        (244, 1 << 30, MemoryLimitError),
        (-9, 1 << 30, MemoryLimitError),
        (245, 1 << 30, MemoryLimitError),
        (183, 1 << 30, ConvertError),
    ],
)
def test_ends_of_the_encoder(status: int, free_bytes: int, error: type[TransloadError]) -> None:
    found = end_error(status, "last words", free_bytes)
    assert type(found) is error
    assert "last words" in (found.evidence or "")
    assert str(abs(status)) in (found.evidence or "")
    assert "status" not in found.detail


def test_x264_tells_its_lack_of_memory_in_words_only() -> None:
    words = "x264 [error]: malloc of size 1062400 failed\nError submitting video frame"
    assert type(end_error(187, words, 1 << 30)) is MemoryLimitError
    assert type(end_error(187, "width not supported", 1 << 30)) is ConvertError
    assert type(end_error(187, words, 4096)) is DiskFullError


def test_a_result_that_needs_more_work_is_refused() -> None:
    facts = Facts(ItemKind.VIDEO, FileFacts(size=1, sniffed="mov", moov="front"))
    with pytest.raises(UnverifiedError):
        check_facts(facts, COPY)


@pytest.mark.parametrize("name", FEW)
def test_each_result_decodes_without_a_word(results: Results, name: str) -> None:
    program = wheel_binary()
    assert program is not None
    source = str(results(name).local)
    command = [str(program), "-nostdin", "-v", "error", "-i", source, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", QUICK[len(CONVERTED) :])
def test_each_further_result_needs_nothing_more(results: Results, probe: Probe, name: str) -> None:
    row, made = FURTHER[name], results(name).local
    again = judge(probe(made, made.name).facts, row.recipe, row.hevc)
    assert again.verdict is Verdict.AS_IS, again.why


needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")


def shown(results: Results, names: Iterable[str], room: Path) -> dict[str, Played]:
    """What a browser shows of the results that move or sound, by file name, after a look at each."""
    folder = room / "files"
    folder.mkdir()
    for name in names:
        made = results(name).local
        if made.suffix != ".jpg":
            shutil.copy(made, folder / f"{name.replace(' ', '_')}{made.suffix}")
    found = played(sorted(folder.iterdir()), room / "profile")
    wrong = {
        name: said
        for name, said in found.items()
        if said.error
        or said.duration <= 0
        or abs(said.at - said.goal) > 0.01
        or (said.contrast < 30 and name.endswith(".mp4"))
    }
    assert wrong == {}
    return found


@needs_browser
def test_one_result_of_each_way_plays_and_seeks_in_a_browser(
    results: Results, tmp_path: Path
) -> None:
    found = shown(results, SOME, tmp_path)
    assert len(found) == len(SOME)
    assert (found["upright.mp4.mp4"].width, found["upright.mp4.mp4"].height) == (48, 64)
    assert (found["stretched.wmv.mp4"].width, found["stretched.wmv.mp4"].height) == (84, 48)


@pytest.mark.media
@pytest.mark.timeout(300)
@needs_browser
def test_all_results_play_and_seek_in_a_browser(results: Results, tmp_path: Path) -> None:
    found = shown(results, set(ROWS) - NOT_IN_BROWSERS, tmp_path)
    assert len(found) > len(ROWS) * 0.75
    smaller = found["a_film_made_smaller.mp4"]
    assert (smaller.width, smaller.height) == (640, 360)
    assert found["an_hour_of_silence.mp3"].duration == pytest.approx(3600, abs=1)
