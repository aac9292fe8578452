"""The words for a run of segments: trims, seeks and hashes that fit the plan."""

from pathlib import Path

import pytest

from transload.media.encode.ffmpeg_args import EncodeStyle
from transload.media.segments.cut_plan import Cut, Cuts
from transload.media.segments.ffmpeg_args import SegmentRun, audio_args, hash_of, run_args, seen_us
from transload.plans import TranscodePlan

STYLE = EncodeStyle("veryfast", 2, frozenset(), "demux")
TIMED = Cuts(
    (1, 1000),
    (
        Cut(0, 250, 80, 10_040, -500_000, None, None),
        Cut(250, 250, 10_080, 20_040, 10_060_000, 10_100_000, 8_100_000),
        Cut(500, 100, 20_080, 24_040, 20_060_000, 20_100_000, 18_100_000),
    ),
    timed=True,
    coarse=False,
)
COUNTED = Cuts(
    (1, 51_200),
    (
        Cut(0, 240, None, None, 0, None, None),
        Cut(240, 260, None, None, 9_600_000, None, None),
        Cut(500, 100, None, None, 20_000_000, None, None),
    ),
    timed=False,
    coarse=True,
)
FOLDER = Path("/segments")


def graph(words: list[str]) -> str:
    return words[words.index("-filter_complex") + 1]


def test_a_run_seeks_and_trims_between_pictures() -> None:
    run = SegmentRun(1, 3, 10_100_000, FOLDER)
    words = run_args(TranscodePlan(sniffed="matroska"), Path("/a.mkv"), STYLE, TIMED, run)
    assert words[words.index("-ss") + 1] == "10.100000"
    assert words.index("-ss") < words.index("-i")
    assert "trim=start=10.060000:end=20.060000[v1]" in graph(words)
    assert "trim=start=20.060000[v2]" in graph(words)
    assert words.count("sync-lookahead=0") == 2
    assert f"file:{FOLDER / '00001.nut.part'}" in words


def test_the_first_segment_is_not_sought_and_the_hashes_end_behind_the_run() -> None:
    run = SegmentRun(0, 1, None, FOLDER)
    words = run_args(TranscodePlan(sniffed="matroska"), Path("/a.mkv"), STYLE, TIMED, run)
    assert "-ss" not in words
    assert "[s0]trim=start=0.000000:end=10.060000[v0]" in graph(words)
    assert "[g]trim=end=10.081000,select=" in graph(words)


def test_filters_stand_before_the_split() -> None:
    plan = TranscodePlan(sniffed="mpegts", interlaced=True)
    words = run_args(plan, Path("/a.ts"), STYLE, TIMED, SegmentRun(0, 2, None, FOLDER))
    assert graph(words).index("bwdif") < graph(words).index("split=3")


def test_without_times_pictures_are_counted() -> None:
    words = run_args(
        TranscodePlan(sniffed="avi"), Path("/a.avi"), STYLE, COUNTED, SegmentRun(1, 2, None, FOLDER)
    )
    assert "trim=start_frame=240:end_frame=500" in graph(words)
    assert "trim=end_frame=501" in graph(words)
    assert "eq(n,240)+eq(n,500)" in graph(words)


def test_the_sound_is_made_whole_and_counted_from_the_origin() -> None:
    words = audio_args(TranscodePlan(sniffed="mpegts"), Path("/a.ts"), Path("/s.part"), 1_400_000)
    assert words[words.index("-itsoffset") + 1] == "-1.400000"
    assert words[words.index("-c:a") + 1] == "aac"
    kept = audio_args(TranscodePlan(sniffed="avi", keep_sound=True), Path("/a"), Path("/s"), 0)
    assert kept[kept.index("-c:a") + 1] == "copy"


HASHES = "#tb 0: 1/1000\n0, 80, 80, 40, 9, aa\n0, 1080, 1080, 40, 9, bb\n0, 10080, 10080, 40, 9, cc\n0, 10"


def test_hashes_are_found_by_time_and_half_a_line_is_none() -> None:
    run = SegmentRun(0, 2, None, FOLDER)
    assert hash_of(0, HASHES, TIMED, run) == "aa"
    assert hash_of(1, HASHES, TIMED, run) == "cc"
    assert hash_of(2, HASHES, TIMED, run) is None
    assert seen_us(HASHES, TIMED) == 10_000_000
    assert seen_us("", TIMED) == 0


@pytest.mark.parametrize(("n", "expected"), [(0, "h0"), (1, "h10"), (2, "h21")])
def test_hashes_are_found_by_number_where_there_are_no_times(n: int, expected: str) -> None:
    """Picture 240 stands behind 0, 25 … 225; 500 is a multiple of 25 itself."""
    text = "".join(f"0, {row}, {row}, 1, 9, h{row}\n" for row in range(22))
    assert hash_of(n, text, COUNTED, SegmentRun(0, 2, None, FOLDER)) == expected
