"""One film made in parts, as a program that can be killed: `python -m bench.part_maker SOURCE FOLDER PLAN LENGTH`.

LENGTH is `usual`, `long` (parts of 30 s), or `nothing`: only what any conversion starts before it looks at its source.
FOLDER keeps the parts, their rows, the cuts, and how much of the video each run decoded before
its first new picture.
"""

import json
import sys
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio

from transload.conversions import Choice, Part
from transload.media import segments, segments_plan
from transload.media.decoder import Decoder, DecoderLimits
from transload.media.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.recipes import Style
from transload.media.segments_plan import Cuts
from transload.media.segments_words import Run, hash_of


def put(path: Path, text: str) -> None:
    """Whole or not at all: a kill may fall into it."""
    between = path.with_suffix(".new")
    between.write_text(text)
    between.replace(path)


class Shelf:
    """The `Parts` port in one folder, without a database: each row is a file that is renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = folder / "rows.json"

    async def begin(self, settings: str) -> Path | None:
        """The folder, swept."""
        del settings
        for path in self._folder.glob("*.part"):
            path.unlink()
        return self._folder

    async def known(self, settings: str) -> list[Part]:
        """All rows."""
        del settings
        return [Part(**row) for row in json.loads(self._rows.read_text())]

    async def free_bytes(self, settings: str) -> int:
        """Enough."""
        del settings
        return 1 << 40

    async def add(self, settings: str, part: Part) -> None:
        """One row more."""
        kept = [asdict(one) for one in await self.known(settings)]
        put(self._rows, json.dumps([*kept, asdict(part)]))

    async def drop(self, settings: str) -> None:
        """No rows."""
        del settings
        self._rows.write_text("[]")

    async def chosen(self, settings: str) -> Choice | None:
        """Nothing: no deadline is set."""
        del settings
        return None

    async def choose(self, settings: str, choice: Choice) -> None:
        """Nobody chooses without a deadline."""

    def leave(self, settings: str) -> None:
        """Nobody else is here."""


def note_runs(folder: Path) -> None:
    """Have each run of ffmpeg write into `again-N.txt` how many seconds it decoded before the first picture of N."""

    def noted(n: int, text: str, cuts: Cuts, run: Run) -> str | None:
        rows = [line for line in text.splitlines() if line and not line.startswith("#")]
        zero_us = cuts.parts[0].start_us
        if rows and cuts.timed:
            zero_us = int(int(rows[0].split(",")[2]) * Fraction(*cuts.clock) * 1_000_000)
        again_us = max(0, cuts.parts[run.first].start_us - zero_us)
        put(folder / f"again-{run.first}.txt", str(again_us / 1e6))
        return hash_of(n, text, cuts, run)

    vars(segments)["hash_of"] = noted


async def unchecked(frames: int) -> None:
    """Whoever started this compares the result."""


def three_at_once(cuts: Cuts) -> Cuts:
    """The same film in parts of three times the length."""
    threes = [cuts.parts[at : at + 3] for at in range(0, len(cuts.parts), 3)]
    long = [
        replace(some[0], frames=sum(part.frames for part in some), last_tick=some[-1].last_tick)
        for some in threes
    ]
    return replace(cuts, parts=tuple(long))


async def main(source: Path, folder: Path, plan: dict[str, object], length: str) -> None:
    """Make it into `out.mp4` of the folder, from where an earlier run was."""
    decoder, tool = Decoder(DecoderLimits()), await find_ffmpeg(None)
    asked: dict[str, Any] = {"path": str(source), "sniffed": str(plan["sniffed"])}
    asked["by_order"] = bool(plan["by_order"])
    found = (await decoder.ask("plan_parts", **asked))["plan"] if length != "nothing" else None
    if found is not None:
        cuts = segments_plan.from_json(found)
        if length == "long":
            cuts = three_at_once(cuts)
        put(folder / "cuts.json", json.dumps(found))
        style = Style("veryfast", 2, tool.filters, tool.source_clock)
        film = segments.Film(source, plan, cuts, style, found["origin_us"], found["pixels"])
        maker = segments.Segments(decoder, tool, EncoderLimits(), film, Shelf(folder))
        note_runs(folder)
        await maker.make(folder / "out.mp4", lambda _: None, unchecked)
    else:
        await decoder.ask("plan_parts", **asked | {"path": "/dev/null"})
    await decoder.aclose()


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4])
