"""One video encoded in segments, as a program that can be killed.

Run as `python -m bench.segment_maker SOURCE FOLDER PLAN LENGTH`.

LENGTH is `usual`, `long` (segments of 30 s), or `nothing`: only what any conversion starts before it opens its source.
FOLDER keeps the segments, their rows, the cuts, and how much of the video each run decoded before
its first new picture.
"""

import json
import sys
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import anyio

from transload.json_codec import from_json, to_json
from transload.media.decoder import Decoder, DecoderLimits
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.encode.ffmpeg_args import EncodeStyle
from transload.media.requests import PLAN_SEGMENTS, PlanSegments
from transload.media.segments import encoder
from transload.media.segments.cut_plan import Cuts
from transload.media.segments.ffmpeg_args import SegmentRun, hash_of
from transload.plans import QualityChoice, Segment, TranscodePlan


def put(path: Path, text: str) -> None:
    """Whole or not at all: a kill may fall into it."""
    between = path.with_suffix(".new")
    between.write_text(text)
    between.replace(path)


class Shelf:
    """The `Segments` port in one folder, without a database: each row is a file that is renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = folder / "rows.json"

    async def begin(self, settings: str) -> Path | None:
        """The folder, swept."""
        del settings
        for path in self._folder.glob("*.part"):
            path.unlink()
        return self._folder

    async def known(self, settings: str) -> list[Segment]:
        """All rows."""
        del settings
        return [Segment(**row) for row in json.loads(self._rows.read_text())]

    async def free_bytes(self, settings: str) -> int:
        """Enough."""
        del settings
        return 1 << 40

    async def add(self, settings: str, segment: Segment) -> None:
        """One row more."""
        kept = [asdict(one) for one in await self.known(settings)]
        put(self._rows, json.dumps([*kept, asdict(segment)]))

    async def drop(self, settings: str) -> None:
        """No rows."""
        del settings
        self._rows.write_text("[]")

    async def chosen(self, settings: str) -> QualityChoice | None:
        """Nothing: no deadline is set."""
        del settings
        return None

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        """Nobody chooses without a deadline."""

    def leave(self, settings: str) -> None:
        """Nobody else is here."""


def note_runs(folder: Path) -> None:
    """Have each run of ffmpeg write into `again-N.txt` how many seconds it decoded before the first picture of N."""

    def noted(n: int, text: str, cuts: Cuts, run: SegmentRun) -> str | None:
        rows = [line for line in text.splitlines() if line and not line.startswith("#")]
        zero_us = cuts.segments[0].start_us
        if rows and cuts.timed:
            zero_us = int(int(rows[0].split(",")[2]) * Fraction(*cuts.clock) * 1_000_000)
        again_us = max(0, cuts.segments[run.first].start_us - zero_us)
        put(folder / f"again-{run.first}.txt", str(again_us / 1e6))
        return hash_of(n, text, cuts, run)

    vars(encoder)["hash_of"] = noted


async def unchecked(frames: int) -> None:
    """Whoever started this compares the result."""


def three_at_once(cuts: Cuts) -> Cuts:
    """The same film in segments of three times the length."""
    threes = [cuts.segments[at : at + 3] for at in range(0, len(cuts.segments), 3)]
    long = [
        replace(
            some[0], frames=sum(segment.frames for segment in some), last_tick=some[-1].last_tick
        )
        for some in threes
    ]
    return replace(cuts, segments=tuple(long))


async def main(source: Path, folder: Path, plan: TranscodePlan, length: str) -> None:
    """Make it into `out.mp4` of the folder, from where an earlier run was."""
    decoder, tool = Decoder(DecoderLimits()), await find_ffmpeg(None)
    asked = PlanSegments(
        path=str(source if length != "nothing" else "/dev/null"),
        sniffed=plan.sniffed,
        by_order=plan.by_order,
    )
    found = await decoder.ask(PLAN_SEGMENTS, asked)
    if found.cuts is not None:
        cuts = three_at_once(found.cuts) if length == "long" else found.cuts
        put(folder / "cuts.json", json.dumps(to_json(found.cuts)))
        style = EncodeStyle("veryfast", 2, tool.filters, tool.source_clock)
        film = encoder.SegmentRequest(source, plan, cuts, style, found.origin_us, found.pixels)
        maker = encoder.SegmentEncoder(decoder, tool, EncoderLimits(), film, Shelf(folder))
        note_runs(folder)
        await maker.make(folder / "out.mp4", lambda _: None, unchecked)
    await decoder.aclose()


if __name__ == "__main__":
    stored = from_json(TranscodePlan, json.loads(sys.argv[3]))
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]), stored, sys.argv[4])
