"""Transcodes in parts: what a kill costs, that it changes nothing, and what parts cost against one plain run."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from bench.table import Figure
from bench.watch import run
from tests.films import FILMS, film, packets
from transload.media.ffmpeg import find_ffmpeg
from transload.media.recipes import Style, arguments

if TYPE_CHECKING:
    from bench.figures import Room

KILLS = 100
TURNS = 3
SNIFFED = {".mkv": "matroska", ".ts": "mpegts", ".avi": "avi", ".wmv": "asf"}

MAKE = """
import json, sys, time
from dataclasses import asdict
from pathlib import Path
import anyio
from transload.conversions import Part
from transload.media import segments_plan
from transload.media.decoder import Decoder, DecoderLimits
from transload.media.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.recipes import Style
from transload.media.segments import Film, Segments

source, folder, into, plan, long = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:6]
plan = json.loads(plan)
if long == "long":
    segments_plan.LONG_ABOVE_S = 0

class Shelf:
    rows = folder / "rows.json"
    async def begin(self, settings):
        for path in folder.glob("*.part"):
            path.unlink()
        return folder
    async def known(self, settings):
        return [Part(**row) for row in json.loads(self.rows.read_text())]
    async def add(self, settings, part):
        kept = [*json.loads(self.rows.read_text()), asdict(part)]
        (folder / "rows.new").write_text(json.dumps(kept))
        (folder / "rows.new").replace(self.rows)
    async def drop(self, settings):
        self.rows.write_text("[]")
    def leave(self, settings):
        pass

async def main():
    decoder = Decoder(DecoderLimits())
    told = await decoder.ask("plan_parts", path=source, sniffed=plan["sniffed"])
    found, tool = told["plan"], await find_ffmpeg(None)
    style = Style("veryfast", 2, tool.filters, tool.source_clock)
    cuts = segments_plan.from_json(found)
    film = Film(Path(source), plan, cuts, style, found["origin_us"], found["pixels"])
    (folder / "cuts.json").write_text(json.dumps([part.start_us - cuts.parts[0].start_us for part in cuts.parts]))
    maker = Segments(decoder, tool, EncoderLimits(), film, Shelf())
    join = maker._join
    async def timed(rough):
        began = time.monotonic()
        made = await join(rough)
        (folder / "join.txt").write_text(str(time.monotonic() - began))
        return made
    maker._join = timed
    await maker.make(Path(into), lambda us: (folder / "seen.txt").write_text(str(us)))
    await decoder.aclose()

anyio.run(main)
"""


@dataclass(frozen=True)
class Making:
    """One film on its way into one file."""

    source: Path
    folder: Path
    long: bool = False

    @property
    def plan(self) -> dict[str, object]:
        """What the verdict would say."""
        woven = self.source.suffix == ".ts"
        sniffed = SNIFFED[self.source.suffix]
        return {"do": "transcode", "sniffed": sniffed, "sound": True, "interlaced": woven}

    @property
    def out(self) -> Path:
        """The result."""
        return self.folder / "out.mp4"

    def fresh(self) -> "Making":
        """The same with nothing done."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "rows.json").write_text("[]")
        return self

    def command(self) -> list[str]:
        """The program that makes it, from where an earlier run was."""
        words = [self.source, self.folder, self.out, json.dumps(self.plan)]
        length = "long" if self.long else "usual"
        return [sys.executable, "-c", MAKE, *map(str, words), length]

    def lost_s(self) -> float:
        """Seconds of the video that were encoded and not kept when the run was killed."""
        seen, cuts = self.folder / "seen.txt", self.folder / "cuts.json"
        if not seen.exists() or not seen.read_text():
            return 0.0
        done = {row["n"] for row in json.loads((self.folder / "rows.json").read_text())}
        starts = json.loads(cuts.read_text())
        following = next((n for n in range(len(starts)) if n not in done), None)
        if following is None:
            return 0.0
        return max(0.0, (int(seen.read_text()) - starts[following]) / 1e6)


def segments(room: "Room") -> Iterator[Figure]:
    """Kills first, then costs."""
    yield from _kills(room)
    yield from _costs(room)


def _kills(room: "Room") -> Iterator[Figure]:
    rng, lost, unlike, kills = random.Random(4), [], 0, 0
    for at, name in enumerate(FILMS):
        source = film(room.own / name, seconds=60, size="320x180")
        calm = Making(source, room.own / f"calm-{name}").fresh()
        began = time.monotonic()
        subprocess.run(calm.command(), check=True)
        whole_s = time.monotonic() - began
        while kills < KILLS * (at + 1) / len(FILMS):
            torn = Making(source, room.own / f"torn-{name}").fresh()
            for _ in range(4):
                kills += _killed(torn, rng.uniform(0.6, whole_s), lost)
            subprocess.run(torn.command(), check=True)
            unlike += packets(torn.out) != packets(calm.out)
    yield Figure(f"{kills} kills over {len(FILMS)} films: results that differ", unlike, 0)
    yield Figure("encoder work lost at a kill, most", max(lost), 14, "s")
    yield Figure("encoder work lost at a kill, mean", statistics.mean(lost), 6, "s")


def _killed(making: Making, after_s: float, lost: list[float]) -> int:
    """Run it for so long; whether it was killed. What it had encoded for nothing is added to `lost`."""
    (making.folder / "seen.txt").unlink(missing_ok=True)
    process = subprocess.Popen(making.command())
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
        return 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    lost.append(making.lost_s())
    return 1


def _costs(room: "Room") -> Iterator[Figure]:
    source = film(room.own / "cost.avi", "asp.avi", 120, "480x270")
    tool = anyio.run(find_ffmpeg, None)
    style = Style("veryfast", 2, tool.filters, tool.source_clock)
    plain = room.own / "plain.mp4"
    words = arguments(Making(source, room.own).plan, source, plain, style)
    alone = statistics.median(run([str(tool.path), *words]).cpu_s for _ in range(TURNS))
    for length, bound in ((10, 1.15), (30, 1.05)):
        making = Making(source, room.own / f"parts-{length}", length == 30)
        spent = [run(making.fresh().command()).cpu_s for _ in range(TURNS)]
        base = run([sys.executable, "-c", "import transload.media.segments, av"]).cpu_s
        took = (statistics.median(spent) - base) / alone
        yield Figure(f"parts of {length} s, CPU / one plain ffmpeg", took, bound)
        size = making.out.stat().st_size / plain.stat().st_size
        yield Figure(f"parts of {length} s, size / one plain ffmpeg", size, 1.01)
        loss = _psnr(tool.path, source, plain) - _psnr(tool.path, source, making.out)
        yield Figure(f"parts of {length} s, PSNR lost", loss, 0.1, "dB")
        join_s = float((making.folder / "join.txt").read_text())
        yield Figure(f"parts of {length} s, join of two minutes", join_s, 1, "s")


def _psnr(tool: Path, source: Path, made: Path) -> float:
    """Mean PSNR of the luma, in decibel."""
    words = ["-nostdin", "-i", str(made), "-i", str(source), "-lavfi", "psnr", "-f", "null", "-"]
    said = subprocess.run([tool, *words], capture_output=True, check=True, text=True).stderr
    return float(said.rpartition("PSNR y:")[2].split()[0])
