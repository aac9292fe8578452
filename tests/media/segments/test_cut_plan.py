"""Cuts: where they fall, that nothing is lost between them, and what is not cut at all."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transload.json_codec import from_json, to_json
from transload.media.segments.cut_plan import (
    LAST_SHARE,
    PART_S,
    SNAP_SHARE,
    Cuts,
    Timeline,
    cuts_of,
    fewer,
)


def steady(seconds: float, key_every: int = 50, container: str = "matroska") -> Timeline:
    """Twenty-five pictures a second, times in milliseconds."""
    count = round(seconds * 25)
    times = [40 * n for n in range(count)]
    return Timeline(
        container, False, (1, 1000), times, list(range(0, count, key_every)), count, 25.0
    )


def test_segments_end_at_the_last_keyframe_within_ten_seconds() -> None:
    cuts = cuts_of(steady(60, key_every=60))
    assert cuts is not None
    assert [segment.first for segment in cuts.segments] == [0, 240, 480, 720, 960, 1200]
    assert cuts.frames == 1500
    assert cuts.timed
    assert not cuts.coarse


def test_a_cut_lies_between_two_pictures_and_seeks_behind_keyframes() -> None:
    cuts = cuts_of(steady(60, key_every=60))
    assert cuts is not None
    second = cuts.segments[1]
    assert (second.first_tick, second.last_tick) == (9600, 19160)
    assert (second.start_us, cuts.end_us(1)) == (9_580_000, 19_180_000)
    assert (second.into_us, second.before_us) == (9_620_000, 7_220_000)
    assert cuts.end_us(len(cuts.segments) - 1) is None


def test_without_near_keyframes_segments_are_ten_seconds_long() -> None:
    cuts = cuts_of(steady(60, key_every=1000))
    assert cuts is not None
    assert [segment.frames for segment in cuts.segments[:2]] == [250, 250]
    assert cuts.segments[1].into_us is None  # nothing before it to seek to


def test_above_an_hour_segments_are_three_times_as_long() -> None:
    cuts = cuts_of(steady(3700, key_every=25))
    assert cuts is not None
    assert {segment.frames for segment in cuts.segments[:-1]} == {750}


def test_reordered_pictures_are_counted_in_order_of_time() -> None:
    line = steady(30, key_every=250)
    times = list(line.times)
    times[10], times[11] = times[11], times[10]
    assert cuts_of(replace(line, times=times)) == cuts_of(line)


def test_what_stands_before_the_first_keyframe_is_left_out() -> None:
    line = steady(30)
    cuts = cuts_of(replace(line, keys=[10, 250, 500]))
    assert cuts is not None
    assert cuts.segments[0].first_tick == 400
    assert cuts.frames == line.count - 10


def test_programme_streams_are_coarse() -> None:
    cuts = cuts_of(steady(30, container="mpegts"))
    assert cuts is not None
    assert cuts.coarse


@pytest.mark.parametrize(
    ("container", "by_order", "timed"),
    [("avi", True, False), ("h264", False, False), ("avi", False, True)],
)
def test_pictures_without_times_of_their_own_are_counted(
    container: str, by_order: bool, timed: bool
) -> None:
    line = replace(steady(60, container=container), by_order=by_order, clock=(1, 25))
    line = replace(line, times=range(line.count))
    cuts = cuts_of(line)
    assert cuts is not None
    assert cuts.timed is timed
    assert cuts.clock == ((1, 25) if timed else (1, 51_200))
    assert cuts.frames == line.count


@pytest.mark.parametrize(
    "line",
    [
        steady(19),
        replace(steady(30), clock=(0, 1)),
        replace(steady(30), keys=[]),
        replace(steady(30), times=[0, *(40 * n for n in range(749))]),
        replace(steady(30), times=[-40, *(40 * n for n in range(749))]),
        replace(steady(30), times=[*(40 * n for n in range(749)), 90_000]),
        replace(steady(30), times=[], count=100),
    ],
    ids=["short", "no clock", "no key", "twice", "before zero", "leap", "short untimed"],
)
def test_what_cannot_be_trusted_is_not_cut(line: Timeline) -> None:
    assert cuts_of(line) is None


def test_a_plan_survives_its_way_out_of_the_child() -> None:
    cuts = cuts_of(steady(45))
    assert cuts is not None
    assert from_json(Cuts, json.loads(json.dumps(to_json(cuts)))) == cuts


@given(
    gaps=st.lists(st.integers(1, 900), min_size=60, max_size=400),
    keys=st.sets(st.integers(0, 400), max_size=60),
)
def test_segments_follow_each_other_and_hold_every_picture(gaps: list[int], keys: set[int]) -> None:
    times = [sum(gaps[:n]) for n in range(len(gaps))]
    known = sorted({0, *(key for key in keys if key < len(times))})
    cuts = cuts_of(Timeline("matroska", False, (1, 1000), times, known, len(times), 25.0))
    if cuts is None:
        assert times[-1] < 20_000
        return
    assert [segment.first for segment in cuts.segments] == [
        sum(segment.frames for segment in cuts.segments[:n]) for n in range(len(cuts.segments))
    ]
    assert cuts.frames == len(times)
    for segment, after in zip(cuts.segments, cuts.segments[1:], strict=False):
        length_s = ((after.first_tick or 0) - (segment.first_tick or 0)) / 1000
        assert SNAP_SHARE * PART_S <= length_s <= PART_S + 0.9
        assert (segment.last_tick or 0) * 1000 < after.start_us < (after.first_tick or 0) * 1000
    last = cuts.segments[-1]
    assert (last.last_tick or 0) - (last.first_tick or 0) <= PART_S * LAST_SHARE * 1000


@pytest.mark.parametrize("clock", [(1, 25), (1001, 30_000), (1001, 24_000), (1, 60)])
def test_a_cut_in_the_nearest_tick_of_ffmpeg_is_the_later_picture(clock: tuple[int, int]) -> None:
    """av_rescale_q rounds to the nearest tick, halves up."""
    count = 60 * clock[1] // clock[0]
    line = Timeline("avi", False, clock, range(count), range(0, count, 250), count, 0.0)
    cuts = cuts_of(line)
    assert cuts is not None
    ticks = [
        Fraction(segment.start_us, 1_000_000) / Fraction(*clock) for segment in cuts.segments[1:]
    ]
    nearest = [math.floor(tick + Fraction(1, 2)) for tick in ticks]
    assert nearest == [segment.first_tick for segment in cuts.segments[1:]]


@pytest.mark.parametrize("most", [3, 4, 7, 24])
def test_where_nothing_can_be_sought_few_segments_hold_every_picture(most: int) -> None:
    line = replace(steady(300, container="avi"), by_order=True)
    cuts = cuts_of(line)
    assert cuts is not None
    few = fewer(cuts, most)
    assert 2 < len(few.segments) <= most < len(cuts.segments)
    assert few.segments[0] == cuts.segments[0]
    assert few.frames == line.count
    begins = [sum(segment.frames for segment in few.segments[:n]) for n in range(len(few.segments))]
    assert [segment.first for segment in few.segments] == begins


def test_a_film_of_one_keyframe_is_made_in_few_segments() -> None:
    cuts = cuts_of(steady(300, key_every=10_000))
    assert cuts is not None
    few = fewer(cuts, 3)
    assert [segment.frames for segment in few.segments] == [250, 3750, 3500]
    assert [segment.last_tick for segment in few.segments] == [9960, 159_960, 299_960]
    assert [few.end_us(n) for n in range(3)] == [9_980_000, 159_980_000, None]


def test_where_decoders_seek_or_segments_are_few_they_stay() -> None:
    for line in (steady(300), steady(300, container="mpegts")):
        cuts = cuts_of(line)
        assert cuts is not None
        assert fewer(cuts, 3) == cuts
    counted = cuts_of(replace(steady(30, container="avi"), by_order=True))
    assert counted is not None
    assert fewer(counted, 3) == counted
