"""One conversion while it lasts: of what, into what, under which terms, and what gave way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transload.conversions import Terms
from transload.media import thrift
from transload.media.ffmpeg import EncoderLimits
from transload.media.ladder import Shape, Step
from transload.model import Judgement
from transload.ports import Moved


@dataclass(slots=True)
class Work:
    """A conversion of `local` into `rough`.

    `way` is how memory is spared, `notes` collect what gave way, `step` was chosen, `source` is the measured original,
    `short` what is missing of it.
    """

    local: Path
    judgement: Judgement
    rough: Path
    moved: Moved
    terms: Terms
    way: thrift.Way
    notes: list[str] = field(default_factory=list[str])
    smaller: str = ""
    short: str = ""
    source: dict[str, Any] = field(default_factory=dict[str, Any])
    step: Step | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """What the judgement tells the converter."""
        return self.judgement.plan

    @property
    def shape(self) -> Shape:
        """What an encoder would make of it where nothing gives way."""
        width, height = self._size
        short, long = sorted((width, height))
        side = self.plan.get("side") or long
        most = min(short, self.plan.get("short") or short, round(short * side / long))
        whole = Shape(width * height, short)
        fps = float(self.plan.get("fps") or whole.fps)
        return Shape(round(whole.pixels_at(most)), most, fps, self.plan.get("duration_s"))

    def limits(self, usual: EncoderLimits, preset: str) -> EncoderLimits:
        """The limits of an encoder for this film, in the way that is tried."""
        width, height = self._size
        shape, lines = self.shape, self.way.lines
        pixels = round(shape.pixels_at(lines)) if lines else shape.pixels
        weight = thrift.Weight(width * height, pixels, preset, bool(self.plan.get("hdr")))
        return thrift.limits_for(usual, self.way, weight)

    @property
    def _size(self) -> tuple[int, int]:
        return self.judgement.width or 1920, self.judgement.height or 1080
