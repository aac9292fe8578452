"""Arguments of ffmpeg for a run of parts: one decode, one new encoder for each part. Pure.

All filters stand before the split, so that a part's first picture has its neighbours. One more branch writes a hash of
the first picture of every part and of the one behind the run: a later run compares what it decoded with it.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from transload.media import recipes
from transload.media.segments_plan import Cuts

SHOWN_EVERY = 25
"""Pictures between two more hashes, which tell how far a run is: ffmpeg's own report waits for its last output."""
HASH_CELLS = 6
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """Parts from `first` to before `end`, made in `folder` by one ffmpeg that seeks to `seek_us` (None: nowhere)."""

    first: int
    end: int
    seek_us: int | None
    folder: Path

    def part(self, n: int) -> Path:
        """Where ffmpeg writes a part."""
        return self.folder / f"{n:05d}.nut.part"

    @property
    def hashes(self) -> Path:
        """Where it writes the hashes of pictures."""
        return self.folder / "hashes.part"


def run_words(
    plan: dict[str, Any], source: Path, style: recipes.Style, cuts: Cuts, run: Run
) -> list[str]:
    """All words behind the program's name."""
    threads = recipes.threads(plan, style)
    seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", _seconds(run.seek_us or 0)]
    clock = f"{cuts.clock[0]}:{cuts.clock[1]}"
    words = [
        *recipes.QUIET,
        *threads,
        "-copyts",
        *(seek if run.seek_us is not None else ()),
        *recipes.opening(plan, source),
        *("-filter_complex", _graph(recipes.chain(plan, style.filters), cuts, run)),
    ]
    for n in range(run.first, run.end):
        words += ["-map", f"[v{n}]", *recipes.encoder(style, clock)]
        words += threads
        words += ["-map_metadata", "-1", "-map_chapters", "-1", "-flush_packets", "1"]
        words += ["-avoid_negative_ts", "disabled", "-f", "nut", f"file:{run.part(n)}"]
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


def sound_words(plan: dict[str, Any], source: Path, target: Path, origin_us: int) -> list[str]:
    """Sound and subtitles in one piece, their times counted from `origin_us`."""
    heard = ["-map", recipes.sound_at(plan)] if plan.get("sound") else []
    return [
        *recipes.QUIET,
        *("-copyts", "-itsoffset", _seconds(-origin_us)),
        *recipes.opening(plan, source),
        *(*heard, *recipes.sound(plan), *recipes.subtitles_at(plan), *recipes.subtitles(plan)),
        *("-vn", "-dn", "-map_chapters", "-1"),
        *("-f", "mp4", f"file:{target}"),
    ]


def hash_of(n: int, text: str, cuts: Cuts, run: Run) -> str | None:
    """The hash of the first picture of part `n` in what ffmpeg wrote; None where it is not there (yet)."""
    rows = _rows(text)
    if cuts.timed:
        tick = str(cuts.parts[n].first_tick)
        return next((row[-1] for row in rows if row[2] == tick), None)
    at = _counted(cuts, run).index(cuts.parts[n].first)
    return rows[at][-1] if at < len(rows) else None


def seen_us(text: str, cuts: Cuts) -> int:
    """How much of the video the pictures written so far reach, in microseconds from its begin."""
    rows = _rows(text)
    if not rows:
        return 0
    begin = cuts.parts[0].first_tick or 0
    return max(0, int((int(rows[-1][2]) - begin) * Fraction(*cuts.clock) * _MICRO))


def _rows(text: str) -> list[list[str]]:
    """Whole lines of hashes: stream, decoding time, begin, duration, size, hash."""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.endswith("\n")]
    return [row for row in rows if len(row) == HASH_CELLS]


def _graph(chain: str, cuts: Cuts, run: Run) -> str:
    parts = range(run.first, run.end)
    ends = "".join(f"[s{n}]" for n in parts)
    trims = [f"[s{n}]trim={_window(cuts, n)}[v{n}]" for n in parts]
    until = _until(cuts, run)
    looked = f"[g]{until}select='{_chosen(cuts, run)}'[h]"
    return ";".join([f"[0:V:0]{chain},split={len(parts) + 1}{ends}[g]", *trims, looked])


def _window(cuts: Cuts, n: int) -> str:
    """Which pictures are a part's."""
    part, end_us = cuts.parts[n], cuts.end_us(n)
    if not cuts.timed:
        last = f":end_frame={part.first + part.frames}" if end_us is not None else ""
        return f"start_frame={part.first}{last}"
    last = f":end={_seconds(end_us)}" if end_us is not None else ""
    return f"start={_seconds(max(0, part.start_us))}{last}"


def _until(cuts: Cuts, run: Run) -> str:
    """Ends the branch of hashes behind the last wanted one: ffmpeg decodes as long as any branch is open.

    A whole tick behind: ffmpeg rounds times to the clock, and half a tick fell back onto the picture that is wanted.
    """
    if run.end >= len(cuts.parts):
        return ""
    behind = cuts.parts[run.end]
    if not cuts.timed or behind.first_tick is None:
        return f"trim=end_frame={behind.first + 1},"
    end = math.ceil(Fraction(*cuts.clock) * (behind.first_tick + 1) * _MICRO)
    return f"trim=end={_seconds(end)},"


def _chosen(cuts: Cuts, run: Run) -> str:
    """The expression that is true for the first picture of each part, and now and then between."""
    wanted = cuts.parts[run.first : run.end + 1]
    alive = f"not(mod(n,{SHOWN_EVERY}))"
    if not cuts.timed:
        return "+".join([*(f"eq(n,{part.first})" for part in wanted), alive])
    tick_s = Fraction(*cuts.clock)
    near = [float(tick_s * (part.first_tick or 0)) for part in wanted]
    reach = float(tick_s / 4)
    return "+".join([*(f"lt(abs(t-{at:.12f}),{reach:.12f})" for at in near), alive])


def _counted(cuts: Cuts, run: Run) -> list[int]:
    """Numbers of the hashed pictures where only numbers are known."""
    wanted = {part.first for part in cuts.parts[run.first : run.end + 1]}
    return sorted(wanted | set(range(0, max(wanted) + 1, SHOWN_EVERY)))


def _seconds(micro: int) -> str:
    """Microseconds as ffmpeg reads a duration."""
    sign, rest = ("-" if micro < 0 else ""), abs(micro)
    return f"{sign}{rest // _MICRO}.{rest % _MICRO:06d}"
