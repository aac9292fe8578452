"""Video and audio made by one run of ffmpeg, and measured against their source."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio

from transload.errors import UnverifiedError
from transload.files.disk import free_bytes
from transload.media.decoder_pool import DecoderPool
from transload.media.encode import ffmpeg_args, quality, verify
from transload.media.encode.conversion import Conversion, ProgressReporter
from transload.media.encode.ffmpeg import EncoderLimits, Ended, Ffmpeg, find_ffmpeg, run
from transload.media.judge.audio import STEREO
from transload.media.requests import CHECK_ORDER, MEASURE, Measure
from transload.plans import (
    EncodePlan,
    FfmpegPlan,
    FilmPlan,
    M4aPlan,
    Measurement,
    Mp3Plan,
    NewSoundPlan,
    RewrapPlan,
    TranscodePlan,
)

AnyFfmpegPlan = TypeVar("AnyFfmpegPlan", bound=FfmpegPlan)


class StreamEncoder:
    """Encodes in one piece. The ffmpeg binary is looked for on first use and remembered."""

    def __init__(
        self,
        decoder: DecoderPool,
        ffmpeg: Path | None,
        effort: quality.EncoderSettings,
        limits: EncoderLimits,
    ) -> None:
        self.decoder = decoder
        self.effort = effort
        self.usual = limits
        self._configured = ffmpeg
        self._tool: Ffmpeg | None = None

    async def tool(self) -> Ffmpeg:
        """The ffmpeg to use. Raises the error that says how to get one."""
        if self._tool is None:
            self._tool = await find_ffmpeg(self._configured)
        return self._tool

    def limits(self, work: Conversion) -> EncoderLimits:
        """What an encoder of this film may take."""
        return work.limits(self.usual, self.effort.preset)

    def first_step(self, work: Conversion) -> quality.QualityStep:
        """What was asked for, at the size of the picture."""
        return quality.QualityStep(self.effort.preset, work.shape.lines)

    def bounded(
        self, work: Conversion, plan: AnyFfmpegPlan, step: quality.QualityStep, tool: Ffmpeg
    ) -> tuple[AnyFfmpegPlan, ffmpeg_args.EncodeStyle]:
        """Plan and style of a step, with what the size limit asks for. Nothing is ever made larger."""
        shape = work.shape
        channels = (plan.channels or STEREO) if isinstance(plan, FilmPlan) and plan.sound else 0
        kept = isinstance(plan, TranscodePlan) and plan.keep_sound
        sound = quality.audio_bits_s(channels=channels, kept=kept)
        lower = replace(shape, pixels=round(shape.pixels_at(step.lines)), lines=step.lines)
        bound = quality.size_bound(lower, work.terms.limit_bytes, sound)
        work.smaller = ""
        if bound.lines < step.lines:
            work.smaller = f"{bound.lines}p, to stay below {work.terms.limit_bytes:,} bytes"
        way = work.way
        lines = min(bound.lines, way.lines or bound.lines)
        if lines < shape.lines and isinstance(plan, EncodePlan):
            plan = replace(plan, short=lines)
        threads, clock = way.threads, tool.source_clock
        return plan, ffmpeg_args.EncodeStyle(
            step.preset, threads, tool.filters, clock, bound.bits_s
        )

    async def encode(self, local: Path, work: Conversion, plan: FfmpegPlan) -> None:
        """Make `work.rough` of `local`. Raises the errors of an encoder; UnverifiedError for what lacks something."""
        tool, rough = await self.tool(), work.rough
        plan, style = self.bounded(work, plan, work.step or self.first_step(work), tool)
        if plan.sniffed == "png":
            plan = replace(plan, sniffed="apng")  # a moving PNG needs the demuxer that moves
        words = ffmpeg_args.arguments(plan, local, rough, style)
        reporter = ProgressReporter(plan.duration_s, work.moved, anyio.current_time())
        ended = await run(tool, words, self.limits(work), reporter.update)
        if ended.status != 0:
            free = free_bytes(rough.parent)
            frames = None if isinstance(plan, M4aPlan | Mp3Plan) else ended.counters.frame
            raise verify.end_error(ended.status, ended.evidence, free, frames)
        work.source = await self._check_length(local, plan, rough, ended)

    async def _check_length(
        self, local: Path, plan: FfmpegPlan, rough: Path, ended: Ended
    ) -> Measurement:
        """The measured source. Raises UnverifiedError for a result that lacks what is there."""
        source = await self.measured(local, plan.sniffed, plan.sound_n)
        result = await self.measured(rough, ffmpeg_args.container_of(plan))
        if (fault := verify.length_fault(plan, source, result, ended.counters.frame)) is not None:
            raise UnverifiedError(fault, stage="convert", evidence=ended.evidence or None)
        copied = plan.order if isinstance(plan, RewrapPlan | NewSoundPlan) else "kept"
        if copied == "unsure" and not await self._rises(rough):
            raise UnverifiedError("frames would be out of order in the copy", stage="convert")
        return source

    async def measured(self, path: Path, sniffed: str, sound_n: int = 0) -> Measurement:
        """Lengths and frames of a file, by its packets."""
        request = Measure(path=str(path), sniffed=sniffed, sound_n=sound_n)
        return await self.decoder.ask(MEASURE, request)

    async def _rises(self, rough: Path) -> bool:
        request = Measure(path=str(rough), sniffed="mov")
        return (await self.decoder.ask(CHECK_ORDER, request)).rises
