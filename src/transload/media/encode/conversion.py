"""One conversion while it lasts: of what, into what, under which terms, and what gave way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transload.conversions import ConversionTerms
from transload.media.encode import memory_fit
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.encode.quality import QualityStep, VideoSize
from transload.model import Judgement
from transload.ports import Moved


@dataclass(slots=True)
class Conversion:
    """A conversion of `local` into `rough`.

    `way` is how memory is spared, `notes` collect what gave way, `step` was chosen, `source` is the measured original,
    `short` what is missing of it.
    """

    local: Path
    judgement: Judgement
    rough: Path
    moved: Moved
    terms: ConversionTerms
    way: memory_fit.MemoryStep
    notes: list[str] = field(default_factory=list[str])
    smaller: str = ""
    short: str = ""
    source: dict[str, Any] = field(default_factory=dict[str, Any])
    step: QualityStep | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """What the judgement tells the converter."""
        return self.judgement.plan

    @property
    def shape(self) -> VideoSize:
        """What an encoder would make of it where nothing gives way."""
        width, height = self._size
        short, long = sorted((width, height))
        side = self.plan.get("side") or long
        most = min(short, self.plan.get("short") or short, round(short * side / long))
        whole = VideoSize(width * height, short)
        fps = float(self.plan.get("fps") or whole.fps)
        return VideoSize(round(whole.pixels_at(most)), most, fps, self.plan.get("duration_s"))

    def limits(self, usual: EncoderLimits, preset: str) -> EncoderLimits:
        """The limits of an encoder for this film, in the way that is tried."""
        width, height = self._size
        shape, lines = self.shape, self.way.lines
        pixels = round(shape.pixels_at(lines)) if lines else shape.pixels
        weight = memory_fit.MemoryNeed(width * height, pixels, preset, bool(self.plan.get("hdr")))
        return memory_fit.limits_for(usual, self.way, weight)

    @property
    def _size(self) -> tuple[int, int]:
        return self.judgement.width or 1920, self.judgement.height or 1080
