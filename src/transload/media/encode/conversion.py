"""One conversion while it lasts: of what, into what, under which terms, and what gave way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import anyio

from transload.media.encode import memory_fit
from transload.media.encode.ffmpeg import Counters, EncoderLimits
from transload.media.encode.ffmpeg_args import suffix_of
from transload.media.encode.quality import QualityStep, VideoSize
from transload.model import Judgement, Progress
from transload.plans import (
    ConversionTerms,
    EncodePlan,
    Measurement,
    Plan,
    StreamPlan,
    TranscodePlan,
)
from transload.ports import Moved


@dataclass(slots=True)
class Conversion:
    """A conversion of `local` into `rough`.

    `way` is how memory is spared, `notes` collect what gave way, `step` was chosen, `source` is the measured
    original, `short` what is missing of it.
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
    source: Measurement | None = None
    step: QualityStep | None = None

    @classmethod
    def of(  # noqa: PLR0913  what the port is given, and the usual number of threads
        cls,
        local: Path,
        judgement: Judgement,
        stem: Path,
        moved: Moved,
        terms: ConversionTerms,
        threads: int,
    ) -> Self:
        """One that begins, with as much memory as is usual; `stem` is the result's name without its ending."""
        rough = stem.with_suffix(suffix_of(judgement.plan))
        return cls(local, judgement, rough, moved, terms, memory_fit.MemoryStep(threads))

    @property
    def plan(self) -> Plan:
        """What the judgement asks of the converter."""
        return self.judgement.plan

    @property
    def shape(self) -> VideoSize:
        """What an encoder would make of it where nothing gives way."""
        width, height = self._size
        short, long = sorted((width, height))
        most, plan = short, self.plan
        if isinstance(plan, EncodePlan):
            most = min(short, plan.short or short, round(short * (plan.side or long) / long))
        whole = VideoSize(width * height, short)
        pixels = round(whole.pixels_at(most))
        if not isinstance(plan, StreamPlan):
            return VideoSize(pixels, most)
        return VideoSize(pixels, most, plan.fps or whole.fps, plan.duration_s)

    def limits(self, usual: EncoderLimits, preset: str) -> EncoderLimits:
        """The limits of an encoder for this film, in the way that is tried."""
        width, height = self._size
        shape, lines = self.shape, self.way.lines
        pixels = round(shape.pixels_at(lines)) if lines else shape.pixels
        hdr = isinstance(self.plan, TranscodePlan) and self.plan.hdr
        weight = memory_fit.MemoryNeed(width * height, pixels, preset, hdr)
        return memory_fit.limits_for(usual, self.way, weight)

    @property
    def _size(self) -> tuple[int, int]:
        return self.judgement.width or 1920, self.judgement.height or 1080


class ProgressReporter:
    """Counters of the encoder as progress of the item; it never goes back."""

    def __init__(self, duration_s: float | None, moved: Moved, started: float) -> None:
        self._total = round(duration_s * 1_000_000) if duration_s else None
        self._moved = moved
        self._started = started
        self._done = 0
        self._taken_over: int | None = None

    def update(self, counters: Counters) -> None:
        """Pass on how far the output has come; never beyond the total."""
        self._taken_over = 0
        self.reached(counters.out_us)

    def reached(self, done_us: int) -> None:
        """Pass on how much of the whole is done; what was done at the first call is no work of this run."""
        total = self._total
        self._done = max(self._done, done_us if total is None else min(done_us, total))
        if self._taken_over is None:
            self._taken_over = self._done
        spent_s = anyio.current_time() - self._started
        made = self._done - self._taken_over
        rate = made / spent_s if spent_s > 0 and made else None
        eta_s = (total - self._done) / rate if total is not None and rate else None
        self._moved(Progress("convert", self._done, total, "us", rate=rate, eta_s=eta_s))
