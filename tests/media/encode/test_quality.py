"""What gives way to the deadline and to the size limit, and in which order."""

import pytest

from transload.media.encode.quality import (
    MeasuredSpeed,
    QualityStep,
    SizeBound,
    VideoSize,
    audio_bits_s,
    encoders_at_once,
    fastest_fitting,
    late_note,
    lowered_note,
    quality_steps,
    size_bound,
)

FILM = VideoSize(1920 * 1080, 1080, 25.0, 3600.0)


def test_presets_give_way_before_lines() -> None:
    assert quality_steps("medium", 1080) == [
        QualityStep("medium", 1080),
        QualityStep("fast", 1080),
        QualityStep("veryfast", 1080),
        QualityStep("veryfast", 720),
        QualityStep("veryfast", 480),
        QualityStep("veryfast", 360),
        QualityStep("veryfast", 240),
    ]
    assert quality_steps("veryfast", 2160)[1] == QualityStep("veryfast", 1080)
    assert quality_steps("faster", 360) == [
        QualityStep("faster", 360),
        QualityStep("veryfast", 360),
        QualityStep("veryfast", 240),
    ]
    assert quality_steps("veryfast", 180) == [QualityStep("veryfast", 180)]


@pytest.mark.parametrize(
    ("part_s", "chosen"),
    [
        (4.0, QualityStep("medium", 1080)),  # 240 parts: 16 min
        (10.0, QualityStep("fast", 1080)),  # 40 min; fast takes 27
        (20.0, QualityStep("veryfast", 1080)),  # 80 min; veryfast takes 27
        (30.0, QualityStep("veryfast", 720)),
        (36.0, QualityStep("veryfast", 480)),
        (45.0, QualityStep("veryfast", 360)),
        (900.0, QualityStep("veryfast", 240)),  # the last, though it does not end in time either
    ],
)
def test_the_dearest_step_that_ends_in_time(part_s: float, chosen: QualityStep) -> None:
    speed = MeasuredSpeed(part_s, 250, 250 * 240, part_s)
    assert fastest_fitting(quality_steps("medium", 1080), speed, 1800.0)[0] == chosen


def test_time_already_spent_counts() -> None:
    ladder = quality_steps("veryfast", 1080)
    assert fastest_fitting(ladder, MeasuredSpeed(1.0, 10, 1000, 1.0), 100.0) == (ladder[0], 100.0)
    step, need_s = fastest_fitting(ladder, MeasuredSpeed(1.0, 10, 1000, 31.0), 100.0)
    assert (step, need_s) == (QualityStep("veryfast", 720), 130.0)


def test_where_nothing_is_below_nothing_changes() -> None:
    ladder = quality_steps("veryfast", 240)
    assert fastest_fitting(ladder, MeasuredSpeed(9.0, 1, 1000, 9.0), 10.0)[0] == ladder[0]


def test_what_took_too_long_is_told() -> None:
    first = QualityStep("medium", 1080)
    assert late_note(first, first, 10.0, 0.0) == late_note(first, first, 10.0, 10.0) == ""
    assert late_note(first, first, 10.2, 10.0) == "took 11 s of 10"
    assert late_note(first, QualityStep("veryfast", 240), 4000.0, 1800.0) == (
        "took 67 min of 30, nothing cheaper was left"
    )


def test_what_gave_way_is_told() -> None:
    first = QualityStep("veryfast", 1080)
    assert lowered_note(first, first, 10.0, 1800.0) == ""
    assert lowered_note(first, QualityStep("veryfast", 720), 3120.0, 1800.0) == (
        "720p, veryfast: 1080p would have taken 52 min of 30"
    )
    assert lowered_note(QualityStep("medium", 1080), QualityStep("fast", 1080), 90.4, 60.0) == (
        "1080p, fast: medium would have taken 90 s of 60"
    )


@pytest.mark.parametrize(
    ("limit", "bound"),
    [
        (None, SizeBound(1080)),
        (20_000_000_000, SizeBound(1080)),  # generous: x264 is left alone
        (2_000_000_000, SizeBound(1080, 3_275_377)),
        (700_000_000, SizeBound(720, 1_079_822)),
        (300_000_000, SizeBound(480, 404_266)),
    ],
)
def test_a_limit_bounds_the_bits_then_the_size(limit: int | None, bound: SizeBound) -> None:
    assert size_bound(FILM, limit, audio_bits_s(channels=2, kept=False)) == bound


def test_where_no_size_would_do_the_film_is_split() -> None:
    bound = size_bound(FILM, 100_000_000, 128_000)
    assert (bound.lines, bound.split) == (1080, True)
    assert bound.bits_s is not None
    assert (bound.bits_s + 128_000) * 36 / 8 <= 100_000_000
    assert size_bound(FILM, 1000, 128_000) == SizeBound(1080, None, split=True)


def test_an_unknown_length_bounds_nothing() -> None:
    assert size_bound(VideoSize(100, 10), 1, 0) == SizeBound(10)


def test_nothing_is_made_larger() -> None:
    small = VideoSize(320 * 180, 180, 25.0, 3600.0)
    assert small.pixels_at(720) == small.pixels
    assert size_bound(small, 200_000_000, 128_000) == SizeBound(180, 235_377)
    assert [step.lines for step in quality_steps("medium", 180)] == [180, 180, 180]


def test_sound_that_is_copied_may_be_larger() -> None:
    rates = [audio_bits_s(channels=n, kept=kept) for n in (2, 6, 0) for kept in (False, True)]
    assert rates == [128_000, 192_000, 320_000, 320_000, 0, 0]


@pytest.mark.parametrize(
    ("preset", "pixels", "count"),
    [
        ("veryfast", 96 * 64, 12),
        ("veryfast", 640 * 360, 12),
        ("medium", 640 * 360, 5),
        ("slow", 640 * 360, 5),
        ("veryfast", 1280 * 720, 3),
        ("slow", 1280 * 720, 1),
        ("veryfast", 1920 * 1080, 1),
        ("slow", 7680 * 4320, 1),
    ],
)
def test_slower_presets_and_larger_pictures_leave_room_for_fewer(
    preset: str, pixels: int, count: int
) -> None:
    assert encoders_at_once(preset, pixels, 300 << 20, 1536 << 20) == count


def test_address_space_bounds_the_number_as_well() -> None:
    assert encoders_at_once("veryfast", 640 * 360, 1 << 40, 700 << 20) == 3
    assert encoders_at_once("veryfast", 640 * 360, 1 << 40, 100 << 20) == 1
