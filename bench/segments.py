"""Transcodes in segments: what a kill costs, that it changes nothing, and what segments cost against one plain run.

What a kill costs is counted in seconds of video, apart: encoded for nothing, and decoded again before the first new
picture. The sound is no part of it; it is made again from its begin when a kill falls into it.
"""

import contextlib
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import av

from bench.table import Figure
from bench.watch import run
from tests.films import FILMS, film, packets
from transload.json_codec import from_json
from transload.media.encode import ffmpeg_args
from transload.media.encode.ffmpeg import Ffmpeg, find_ffmpeg
from transload.media.segments.cut_plan import Cuts
from transload.media.segments.ffmpeg_args import seen_us
from transload.plans import RewrapPlan, TranscodePlan, plan_to_json

if TYPE_CHECKING:
    from bench.figures import Room

KILLS = 100
KILLS_A_FILM = 4
SEED = 4
FILM_S, FILM_SIZE = 60, "480x270"
TURNS = 3
COST_S, COST_SIZE = 180, "640x360"
SNIFFED = {".mkv": "matroska", ".ts": "mpegts", ".avi": "avi", ".wmv": "asf"}
ROLL_S = 0.04  # one picture: cuts and keyframes lie half a picture apart


@dataclass(frozen=True)
class Making:
    """One film on its way into one file."""

    source: Path
    folder: Path

    @property
    def plan(self) -> TranscodePlan:
        """What the verdict would say."""
        woven = self.source.suffix == ".ts"
        sniffed = SNIFFED[self.source.suffix]
        lost = self.source.name == "avc.avi"
        return TranscodePlan(sniffed=sniffed, sound=True, interlaced=woven, by_order=lost)

    @property
    def out(self) -> Path:
        """The result."""
        return self.folder / "out.mp4"

    @property
    def cuts(self) -> Cuts:
        """Where it is cut; known once a run has planned it."""
        return from_json(Cuts, json.loads((self.folder / "cuts.json").read_text()))

    def fresh(self) -> "Making":
        """The same with nothing done."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "rows.json").write_text("[]")
        return self

    def command(self, length: str = "usual") -> list[str]:
        """The program that makes it, from where an earlier run was."""
        words = [self.source, self.folder, json.dumps(plan_to_json(self.plan)), length]
        return [sys.executable, "-m", "bench.segment_maker", *map(str, words)]

    def missing(self) -> int:
        """The first segment without a row."""
        done = {row["n"] for row in json.loads((self.folder / "rows.json").read_text())}
        return next(n for n in range(len(done) + 1) if n not in done)

    def lost_s(self) -> tuple[float, float] | None:
        """Seconds of video that were decoded for the encoders and not kept when the run was killed, and how many are
        more than the segment it was at. None when no picture was on its way."""
        hashes = self.folder / "hashes.part"
        n = self.missing()
        if not hashes.exists() or n >= len(self.cuts.segments):
            return None
        text = hashes.read_text("ascii", "replace")
        hashes.unlink()
        cuts = self.cuts
        zero, start = cuts.segments[0].start_us, cuts.segments[n].start_us
        lost_us = max(0, seen_us(text, cuts) - (start - zero))
        end_us = cuts.end_us(n)
        length_us = (end_us - start) if end_us is not None else lost_us
        return lost_us / 1e6, max(0.0, (lost_us - length_us) / 1e6)

    def again_s(self, n: int) -> float | None:
        """Seconds of video that the run behind a kill decoded before the first picture of segment `n`."""
        path = self.folder / f"again-{n}.txt"
        return float(path.read_text()) if n and path.exists() else None


@dataclass
class Losses:
    """What the kills of all films cost, in seconds of video."""

    kills: int = 0
    films: int = 0
    unlike: int = 0
    offsets: int = 0
    complaints: int = 0
    lost: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    over_a_gap: list[float] = field(default_factory=list)
    shares: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def segments(room: "Room") -> Iterator[Figure]:
    """Costs first, then kills."""
    yield from _costs(room)
    yield from _kills(room)


def kills(room: "Room") -> Iterator[Figure]:
    """The kills alone."""
    yield from _kills(room)


def _kills(room: "Room") -> Iterator[Figure]:
    tool = anyio.run(find_ffmpeg, None)
    rng, seen, decoding = random.Random(SEED), Losses(), {}
    for at, name in enumerate(FILMS):
        source = film(room.own / name, seconds=FILM_S, size=FILM_SIZE)
        calm = Making(source, room.own / f"calm-{name}").fresh()
        began = time.monotonic()
        subprocess.run(calm.command(), check=True)
        whole_s = time.monotonic() - began
        while seen.kills < KILLS * (at + 1) / len(FILMS):
            torn = Making(source, room.own / f"torn-{name}").fresh()
            _tear(torn, rng, whole_s, seen)
            _compare(tool, torn, calm, seen)
        if not _seeks_exactly(calm.cuts):
            decoding[name] = _decoding_share(tool, calm)
    films = f"{seen.kills} kills (seed {SEED}), {seen.films} results"
    yield Figure(f"{films}: packets that differ", seen.unlike, 0)
    yield Figure(f"{films}: A/V offsets that differ", seen.offsets, 0)
    yield Figure(f"{films}: lines of decode errors", seen.complaints, 0)
    yield Figure(
        "video encoded for nothing at a kill, beyond its segment", max(seen.beyond), 2, "s"
    )
    yield Figure("video encoded for nothing at a kill, mean", statistics.mean(seen.lost), 6, "s")
    yield Figure("decoded again beyond a keyframe gap, most", max(seen.over_a_gap), ROLL_S, "s")
    for name, share in decoding.items():
        again, done = (sum(column) for column in zip(*seen.shares[name], strict=True))
        yield Figure(f"{name}: decoded again / work done", 100 * share * again / done, 15, "%")


def _tear(torn: Making, rng: random.Random, whole_s: float, seen: Losses) -> None:
    """Make it with some kills; after each, the next run goes on."""
    for kill in range(KILLS_A_FILM + 1):
        n = torn.missing()
        if kill < KILLS_A_FILM:
            seen.kills += _killed(torn, rng.uniform(0.6, whole_s), seen)
        else:
            subprocess.run(torn.command(), check=True)
        again = torn.again_s(n)
        for path in torn.folder.glob("again-*.txt"):
            path.unlink()
        if again is None:
            continue
        cuts = torn.cuts
        if _seeks_exactly(cuts):
            seen.over_a_gap.append(again - _gap_s(torn.source))
        else:
            done_s = (cuts.segments[n].start_us - cuts.segments[0].start_us) / 1e6
            seen.shares.setdefault(torn.source.name, []).append((again, done_s))


def _killed(encoding: Making, after_s: float, seen: Losses) -> int:
    """Run it for so long; whether it was killed."""
    process = subprocess.Popen(encoding.command())
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
        return 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    lost = encoding.lost_s() if (encoding.folder / "cuts.json").exists() else None
    if lost is not None:
        seen.lost.append(lost[0])
        seen.beyond.append(lost[1])
    return 1


def _compare(tool: Ffmpeg, torn: Making, calm: Making, seen: Losses) -> None:
    seen.films += 1
    seen.unlike += packets(torn.out) != packets(calm.out)
    seen.offsets += _offset(torn.out) != _offset(calm.out)
    words = [str(tool.path), "-nostdin", "-v", "error", "-i", str(torn.out), "-f", "null", "-"]
    said = subprocess.run(words, capture_output=True, check=True, text=True).stderr
    seen.complaints += len(said.splitlines())


def _offset(path: Path) -> tuple[float, ...]:
    """When each stream begins, in seconds."""
    with av.open(str(path)) as box:
        return tuple(float((one.start_time or 0) * (one.time_base or 0)) for one in box.streams)


def _seeks_exactly(cuts: Cuts) -> bool:
    return cuts.timed and not cuts.coarse


def _gap_s(source: Path) -> float:
    """The longest way from one keyframe to the next."""
    with av.open(str(source)) as box:
        stream = box.streams.video[0]
        clock = float(stream.time_base or 0)
        found = [(p.pts * clock, p.is_keyframe) for p in box.demux(stream) if p.pts is not None]
    keys = sorted(begin for begin, is_key in found if is_key)
    end = max(begin for begin, _ in found)
    return max(later - key for key, later in zip(keys, [*keys[1:], end], strict=True))


def _decoding_share(tool: Ffmpeg, encoding: Making) -> float:
    """Processor time of decoding and filtering the whole, over that of making it."""
    style, plan = (
        ffmpeg_args.EncodeStyle("veryfast", 2, tool.filters, tool.source_clock),
        encoding.plan,
    )
    chain = ffmpeg_args.chain(plan, tool.filters)
    read = [
        *ffmpeg_args.QUIET,
        *ffmpeg_args.threads(plan, style),
        *ffmpeg_args.opening(plan, encoding.source),
    ]
    read += ["-map", "0:V:0", "-vf", chain, "-fps_mode", "passthrough", "-f", "null", "-"]
    whole = ffmpeg_args.arguments(plan, encoding.source, encoding.folder / "plain.mp4", style)
    alone, all_of_it = (
        [run([str(tool.path), *words]).cpu_s for _ in range(TURNS)] for words in (read, whole)
    )
    return statistics.median(alone) / statistics.median(all_of_it)


def _costs(room: "Room") -> Iterator[Figure]:
    """Segments stand between two runs of one ffmpeg with the same settings and are compared with their mean.

    Machines get faster and slower within minutes.

    What any conversion starts before it looks at its source (this program, its decoder, the question what ffmpeg can
    do) is taken off: it is there once for all films.
    """
    source = film(room.own / "cost.avi", "asp.avi", COST_S, COST_SIZE)
    tool = anyio.run(find_ffmpeg, None)
    plain, same = room.own / "plain.mp4", room.own / "same.mp4"
    makings = {
        10: Making(source, room.own / "segments-10"),
        30: Making(source, room.own / "segments-30"),
    }
    plan = makings[10].plan
    style = ffmpeg_args.EncodeStyle("veryfast", 2, tool.filters, tool.source_clock)
    usual = [str(tool.path), *ffmpeg_args.arguments(plan, source, plain, style)]
    alone = [str(tool.path), *ffmpeg_args.arguments(plan, source, same, style)]
    at = usual.index(ffmpeg_args.REPEATABLE[0])
    del usual[at : at + len(ffmpeg_args.REPEATABLE)]
    ratios: dict[int, list[float]] = {10: [], 30: []}
    repeatable: list[float] = []
    for _ in range(TURNS):
        base_s = run(makings[10].fresh().command("nothing")).cpu_s
        usual_s, before_s = run(usual).cpu_s, run(alone).cpu_s
        repeatable.append(before_s / usual_s)
        for length, encoding in makings.items():
            words = encoding.fresh().command("long" if length == 30 else "usual")
            segments_s, after_s = run(words).cpu_s - base_s, run(alone).cpu_s
            ratios[length].append(2 * segments_s / (before_s + after_s))
            before_s = after_s
    for length, bound in ((10, 1.15), (30, 1.05)):
        out = makings[length].out
        took = statistics.median(ratios[length])
        yield Figure(f"segments of {length} s, CPU / one ffmpeg of the same settings", took, bound)
        size = out.stat().st_size / plain.stat().st_size
        yield Figure(f"segments of {length} s, size / one plain ffmpeg", size, 1.01)
        loss = _psnr(tool.path, source, plain) - _psnr(tool.path, source, out)
        yield Figure(f"segments of {length} s, PSNR lost", loss, 0.1, "dB")
    told = "x264 without a look-ahead thread / with, CPU"
    yield Figure(told, statistics.median(repeatable), 1.1)
    yield _rewrap(room, tool, source, plain)


def _rewrap(room: "Room", tool: Ffmpeg, source: Path, playable: Path) -> Figure:
    """Of the plain run's result, whose streams need no change, against a medium transcode of its source."""
    into = room.own / "again.mp4"
    style = ffmpeg_args.EncodeStyle("medium", 2, tool.filters, tool.source_clock)
    copy = ffmpeg_args.arguments(RewrapPlan(sniffed="mov"), playable, into, style)
    costs = [run([str(tool.path), *copy]).cpu_s for _ in range(TURNS)]
    plan = Making(source, room.own).plan
    whole_s = run([str(tool.path), *ffmpeg_args.arguments(plan, source, into, style)]).cpu_s
    share = 100 * statistics.median(costs) / whole_s
    return Figure("rewrap / medium transcode", share, 1, "%")


def _psnr(tool: Path, source: Path, made: Path) -> float:
    """Mean PSNR of the luma, in decibel."""
    words = ["-nostdin", "-i", str(made), "-i", str(source), "-lavfi", "psnr", "-f", "null", "-"]
    said = subprocess.run([tool, *words], capture_output=True, check=True, text=True).stderr
    return float(said.rpartition("PSNR y:")[2].split()[0])
