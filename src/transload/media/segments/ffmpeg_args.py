"""Arguments of ffmpeg for a run of segments: one decode, one new encoder for each segment. Pure.

All filters come before the split, so that a segment's first frame has its neighbours. One more branch writes a hash
of the first frame of every segment and of the one after the run: a later run compares what it decoded with it.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from transload.media.encode import ffmpeg_args
from transload.media.segments.cut_plan import Cuts
from transload.plans import TranscodePlan

SHOWN_EVERY = 25
"""Frames between two more hashes, which say how far a run is: ffmpeg's own report waits for its last output."""
HASH_CELLS = 6
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """Segments from `first` to before `end`, made in `folder` by one ffmpeg that seeks to `seek_us` (None: nowhere)."""

    first: int
    end: int
    seek_us: int | None
    folder: Path

    def segment(self, n: int) -> Path:
        """Where ffmpeg writes a segment."""
        return self.folder / f"{n:05d}.nut.part"

    @property
    def hashes(self) -> Path:
        """Where it writes the hashes of frames."""
        return self.folder / "hashes.part"


def run_args(
    plan: TranscodePlan, source: Path, style: ffmpeg_args.EncodeStyle, cuts: Cuts, run: SegmentRun
) -> list[str]:
    """All words after the program's name."""
    threads = ffmpeg_args.threads(plan, style)
    seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", _seconds(run.seek_us or 0)]
    clock = f"{cuts.clock[0]}:{cuts.clock[1]}"
    words = [
        *ffmpeg_args.QUIET,
        *threads,
        "-copyts",
        *(seek if run.seek_us is not None else ()),
        *ffmpeg_args.opening(plan, source),
        *("-filter_complex", _graph(ffmpeg_args.chain(plan, style.filters), cuts, run)),
    ]
    for n in range(run.first, run.end):
        words += ["-map", f"[v{n}]", *ffmpeg_args.encoder(plan, style, clock)]
        words += threads
        words += ["-map_metadata", "-1", "-map_chapters", "-1", "-flush_packets", "1"]
        words += ["-avoid_negative_ts", "disabled", "-f", "nut", f"file:{run.segment(n)}"]
    words += ["-map", "[h]", "-c:v", "rawvideo", "-fps_mode", "passthrough"]
    words += ["-enc_time_base", clock, "-map_metadata", "-1", "-map_chapters", "-1"]
    return [
        *words,
        "-flush_packets",
        "1",
        "-f",
        "framehash",
        "-hash",
        "murmur3",
        f"file:{run.hashes}",
    ]


def audio_args(plan: TranscodePlan, source: Path, target: Path, origin_us: int) -> list[str]:
    """Audio and subtitles in one piece, their times counted from `origin_us`."""
    heard = ["-map", ffmpeg_args.sound_at(plan)] if plan.sound else []
    return [
        *ffmpeg_args.QUIET,
        *("-copyts", "-itsoffset", _seconds(-origin_us)),
        *ffmpeg_args.opening(plan, source),
        *(
            *heard,
            *ffmpeg_args.sound(plan),
            *ffmpeg_args.subtitles_at(plan),
            *ffmpeg_args.subtitles(plan),
        ),
        *("-vn", "-dn", "-map_chapters", "-1"),
        *("-f", "mp4", f"file:{target}"),
    ]


def hash_of(n: int, text: str, cuts: Cuts, run: SegmentRun) -> str | None:
    """The hash of the first picture of segment `n` in what ffmpeg wrote; None where it is not there (yet)."""
    rows = _rows(text)
    if cuts.timed:
        tick = str(cuts.segments[n].first_tick)
        return next((row[-1] for row in rows if row[2] == tick), None)
    at = _counted(cuts, run).index(cuts.segments[n].first)
    return rows[at][-1] if at < len(rows) else None


def seen_us(text: str, cuts: Cuts) -> int:
    """How much of the video the frames written so far reach, in microseconds from its begin."""
    rows = _rows(text)
    if not rows:
        return 0
    begin = cuts.segments[0].first_tick or 0
    return max(0, int((int(rows[-1][2]) - begin) * Fraction(*cuts.clock) * _MICRO))


def _rows(text: str) -> list[list[str]]:
    """Whole lines of hashes: stream, decoding time, begin, duration, size, hash."""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.endswith("\n")]
    return [row for row in rows if len(row) == HASH_CELLS]


def _graph(chain: str, cuts: Cuts, run: SegmentRun) -> str:
    segments = range(run.first, run.end)
    ends = "".join(f"[s{n}]" for n in segments)
    trims = [f"[s{n}]trim={_window(cuts, n)}[v{n}]" for n in segments]
    until = _until(cuts, run)
    looked = f"[g]{until}select='{_chosen(cuts, run)}'[h]"
    return ";".join([f"[0:V:0]{chain},split={len(segments) + 1}{ends}[g]", *trims, looked])


def _window(cuts: Cuts, n: int) -> str:
    """Which frames are a segment's."""
    segment, end_us = cuts.segments[n], cuts.end_us(n)
    if not cuts.timed:
        last = f":end_frame={segment.first + segment.frames}" if end_us is not None else ""
        return f"start_frame={segment.first}{last}"
    last = f":end={_seconds(end_us)}" if end_us is not None else ""
    return f"start={_seconds(max(0, segment.start_us))}{last}"


def _until(cuts: Cuts, run: SegmentRun) -> str:
    """Ends the branch of hashes after the last wanted one: ffmpeg decodes as long as any branch is open.

    A whole tick later: ffmpeg rounds times to the clock, and half a tick fell back onto the picture that is wanted.
    """
    if run.end >= len(cuts.segments):
        return ""
    behind = cuts.segments[run.end]
    if not cuts.timed or behind.first_tick is None:
        return f"trim=end_frame={behind.first + 1},"
    end = math.ceil(Fraction(*cuts.clock) * (behind.first_tick + 1) * _MICRO)
    return f"trim=end={_seconds(end)},"


def _chosen(cuts: Cuts, run: SegmentRun) -> str:
    """The expression that is true for the first picture of each segment, and now and then between."""
    wanted = cuts.segments[run.first : run.end + 1]
    alive = f"not(mod(n,{SHOWN_EVERY}))"
    if not cuts.timed:
        return "+".join([*(f"eq(n,{segment.first})" for segment in wanted), alive])
    tick_s = Fraction(*cuts.clock)
    near = [float(tick_s * (segment.first_tick or 0)) for segment in wanted]
    reach = float(tick_s / 4)
    return "+".join([*(f"lt(abs(t-{at:.12f}),{reach:.12f})" for at in near), alive])


def _counted(cuts: Cuts, run: SegmentRun) -> list[int]:
    """Numbers of the hashed frames where only numbers are known."""
    wanted = {segment.first for segment in cuts.segments[run.first : run.end + 1]}
    return sorted(wanted | set(range(0, max(wanted) + 1, SHOWN_EVERY)))


def _seconds(micro: int) -> str:
    """Microseconds as ffmpeg reads a duration."""
    sign, rest = ("-" if micro < 0 else ""), abs(micro)
    return f"{sign}{rest // _MICRO}.{rest % _MICRO:06d}"
