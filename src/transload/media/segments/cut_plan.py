"""Where a long transcode is cut, from what the demuxed packets say. Pure.

A cut lies between two frames in order of time, so that "before" and "after" never meet a rounded time. Cuts are moved
to keyframes of the source: there the scene often changes, and a decoder that starts again has nothing to repeat.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

VERSION = 2
"""Of the rules below: segments made by other rules are never joined with ours."""
PART_S, PART_LONG_S = 10.0, 30.0
LONG_ABOVE_S = 3600.0
SNAP_SHARE = 0.7  # A keyframe this far into a segment ends it.
LAST_SHARE = 1.2  # The last segment may be so much longer than the others: no stump is left.
SHORT_BELOW_S = 20.0  # Shorter videos are made in one piece: little can be lost.
COARSE = frozenset({"mpegts", "mpeg"})
"""Containers without an index of frames: seeking by time lands anywhere near."""
TIMELESS = frozenset({"h264", "hevc", "m4v", "obu", "mjpeg", "mpegvideo", "yuv4mpegpipe", "ivf"})
"""Raw streams: frames can be counted, not sought."""
NUT_PRECISION = (
    48_000  # libavformat/nutenc.c: coarser clocks are doubled until they are as fine as this.
)
JUMP_S = 10.0  # Times that leap so far between neighbours are two recordings, not one.


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames of a video as its packets give them, in the order they are stored.

    `times` are begins in ticks of `clock_s` seconds, empty where the packets lack them; `keys` are positions of
    keyframes in the stored order. `fps` serves where there are no times, or (`by_order`) none that are the decoder's.
    """

    container: str
    by_order: bool
    clock: tuple[int, int]
    times: Sequence[int]
    keys: Sequence[int]
    count: int
    fps: float


@dataclass(frozen=True, slots=True)
class Cut:
    """One segment to make: its frames, and where to cut and to seek for it, in microseconds of the source's own time.

    `first_tick` and `last_tick` are the begins of its first and last picture; None where the packets have no times.
    `into_us` seeks to the keyframe at or before its first picture, `before_us` to the one before; None: the start.
    """

    first: int
    frames: int
    first_tick: int | None
    last_tick: int | None
    start_us: int
    into_us: int | None
    before_us: int | None


@dataclass(frozen=True, slots=True)
class Cuts:
    """The plan of a video: its segments in order. `timed` is false where they can only be counted from the start."""

    clock: tuple[int, int]
    segments: tuple[Cut, ...]
    timed: bool
    coarse: bool

    @property
    def frames(self) -> int:
        """Frames of the whole."""
        return sum(segment.frames for segment in self.segments)

    @property
    def from_start(self) -> bool:
        """Whether every run must decode from the start: no times to seek by, or no keyframe after the first."""
        return not self.timed or all(segment.into_us is None for segment in self.segments)

    def end_us(self, n: int) -> int | None:
        """Where segment `n` ends; None for the last, which has no end."""
        return self.segments[n + 1].start_us if n + 1 < len(self.segments) else None


def cuts_of(line: Timeline) -> Cuts | None:
    """The plan; None where the video is short or its packets cannot be trusted to be frames in time."""
    if not line.clock[0] or not line.clock[1]:
        return None
    if _is_timeless(line):
        return _counted(line)
    shown = _trusted(line)
    if shown is None:
        return None
    tick_s = line.clock[0] / line.clock[1]
    span_s = (shown[-1] - shown[0]) * tick_s
    keys = sorted({bisect.bisect_left(shown, line.times[at]) for at in line.keys})
    begins = _begins([tick * tick_s for tick in shown], keys, span_s)
    if begins is None:
        return None
    cutter = _Cutter(line.clock, shown, [key for key in keys if key < len(shown)])
    ends = [*begins[1:], len(shown)]
    segments = tuple(
        cutter.segment(begin, end - begin) for begin, end in zip(begins, ends, strict=True)
    )
    return Cuts(line.clock, segments, timed=True, coarse=line.container in COARSE)


def _is_timeless(line: Timeline) -> bool:
    return line.by_order or line.container in TIMELESS or not line.times


def _trusted(line: Timeline) -> list[int] | None:
    """Begins in order of time, from the first keyframe on: what comes before it does not decode."""
    if not line.keys or len(line.times) != line.count:
        return None
    first = line.times[line.keys[0]]
    shown = sorted(tick for tick in line.times[line.keys[0] :] if tick >= first)
    leap = JUMP_S * line.clock[1] / line.clock[0]
    if first < 0 or any(not 0 < later - tick < leap for tick, later in pairwise(shown)):
        return None
    return shown


def _begins(times_s: Sequence[float], keys: Sequence[int], span_s: float) -> list[int] | None:
    """Numbers of the frames that begin segments: the last keyframe in the last 30 % of one, or its full length."""
    if span_s < SHORT_BELOW_S or len(times_s) < 2:
        return None
    length_s = PART_LONG_S if span_s > LONG_ABOVE_S else PART_S
    begins = [0]
    while times_s[-1] - times_s[begins[-1]] > length_s * LAST_SHARE:
        start_s = times_s[begins[-1]]
        full = bisect.bisect_left(times_s, start_s + length_s)
        least = bisect.bisect_left(times_s, start_s + SNAP_SHARE * length_s)
        at = bisect.bisect_right(keys, full) - 1
        following = keys[at] if at >= 0 and keys[at] >= least else full
        if following >= len(times_s) or following <= begins[-1]:
            break
        begins.append(following)
    return begins if len(begins) > 1 else None


@dataclass(frozen=True, slots=True)
class _Cutter:
    clock: tuple[int, int]
    shown: Sequence[int]
    keys: Sequence[int]

    def segment(self, first: int, frames: int) -> Cut:
        at = bisect.bisect_right(self.keys, first) - 1
        return Cut(
            first,
            frames,
            self.shown[first],
            self.shown[first + frames - 1],
            self._between(first - 1),
            self._key_us(at),
            self._key_us(at - 1),
        )

    def _key_us(self, at: int) -> int | None:
        """Just after a keyframe, so that seeking backward from there lands on it."""
        return None if at <= 0 else self._between(self.keys[at])

    def _between(self, at: int) -> int:
        """The middle between picture `at` and the next, in microseconds; half a second beyond the ends.

        Rounded up: ffmpeg takes it to the nearest tick, and half a tick must go to the later picture.
        """
        numerator, denominator = self.clock
        if at < 0:
            return self.shown[0] * numerator * 1_000_000 // denominator - 500_000
        if at + 1 >= len(self.shown):
            return self.shown[-1] * numerator * 1_000_000 // denominator + 500_000
        twice = (self.shown[at] + self.shown[at + 1]) * numerator * 500_000
        return -(-twice // denominator)


def _counted(line: Timeline) -> Cuts | None:
    """Segments by number of frames alone."""
    fps = line.fps or 25.0
    times_s = [number / fps for number in range(line.count)]
    begins = _begins(times_s, line.keys, line.count / fps)
    if begins is None:
        return None
    ends = [*begins[1:], line.count]
    segments = tuple(
        Cut(begin, end - begin, None, None, int(begin / fps * 1_000_000), None, None)
        for begin, end in zip(begins, ends, strict=True)
    )
    return Cuts(_finer(line.clock), segments, timed=False, coarse=True)


def fewer(cuts: Cuts, most: int) -> Cuts:
    """The plan in at most so many segments (three or more) where each run must decode from the start; else as it is.

    The first segment stays: the pace of the whole is measured on it.
    """
    if not cuts.from_start or len(cuts.segments) <= most:
        return cuts
    first, *rest = cuts.segments
    many = -(-len(rest) // (most - 1))
    groups = [rest[at : at + many] for at in range(0, len(rest), many)]
    return replace(cuts, segments=(first, *(_joined(group) for group in groups)))


def _joined(segments: Sequence[Cut]) -> Cut:
    """One segment of several that follow each other."""
    frames = sum(segment.frames for segment in segments)
    return replace(segments[0], frames=frames, last_tick=segments[-1].last_tick)


def _finer(clock: tuple[int, int]) -> tuple[int, int]:
    """A clock as fine as the segments' container keeps: guessed times may meet, and are then put one tick apart."""
    numerator, denominator = clock
    while denominator < NUT_PRECISION * numerator:
        denominator *= 2
    return numerator, denominator
