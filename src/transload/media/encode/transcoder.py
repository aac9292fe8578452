"""Videos that are encoded again: in segments where they are long, with less where memory or time is short."""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio

from transload.errors import MemoryLimitError, UnverifiedError
from transload.media.encode import memory_fit, quality, verify
from transload.media.encode.conversion import Conversion, ProgressReporter
from transload.media.encode.quality import Clock, QualityStep, SpeedProbe, TooSlowError
from transload.media.encode.stream_encoder import StreamEncoder
from transload.media.requests import PLAN_SEGMENTS, PlanSegments
from transload.media.segments import cut_plan
from transload.media.segments.encoder import (
    SegmentEncoder,
    SegmentRequest,
    UnfitError,
    encoders_at_once,
)
from transload.plans import SegmentStore, TranscodePlan
from transload.ports import Probed

log = logging.getLogger(__name__)

PARTS_LEAST = 3
"""Of a film without times: one to measure its speed, two of which one is kept when the run is killed."""

Probe = Callable[[Path, str], Awaitable[Probed]]


class Transcoder:
    """Makes films with the preset that was asked for, or with what memory and deadline leave of it."""

    def __init__(self, streams: StreamEncoder, probe: Probe, clock: Clock) -> None:
        self._streams = streams
        self._effort = streams.effort
        self._probe = probe
        self._clock = clock

    async def make(self, work: Conversion, plan: TranscodePlan) -> None:
        """In segments or in one piece; where memory is short with fewer threads, then with fewer lines."""
        ways = memory_fit.memory_steps(self._streams.usual.threads, work.shape.lines)
        for way in ways:
            work.way = way
            try:
                if not await self._in_segments(work, plan):
                    await self._streams.encode(work.local, work, plan)
            except MemoryLimitError as error:
                if way is ways[-1]:
                    raise
                log.info("film_short_of_memory", extra={"detail": error.detail, "way": str(way)})
            else:
                break
        if work.way.lines is not None:
            work.notes.append(f"{work.way.lines}p: this machine has too little memory for more")

    def late(self, work: Conversion, took_s: float) -> list[str]:
        """What to say of a transcode that took too long."""
        if not isinstance(work.plan, TranscodePlan):
            return []
        first = self._streams.first_step(work)
        note = quality.late_note(first, work.step or first, took_s, self._effort.deadline_s)
        return [note] if note else []

    async def _in_segments(self, work: Conversion, plan: TranscodePlan) -> bool:
        """Whether the transcode was made in segments; what is short or odd is made in one piece."""
        found, segments = None, work.terms.segments
        if segments is not None:
            request = PlanSegments(
                path=str(work.local),
                sniffed=plan.sniffed,
                by_order=plan.by_order,
                sound_n=plan.sound_n,
            )
            found = await self._streams.decoder.ask(PLAN_SEGMENTS, request)
        if found is None or found.cuts is None or segments is None:
            return False
        tool = await self._streams.tool()
        cuts, pixels, origin_us = found.cuts, found.pixels, found.origin_us
        limits = self._streams.limits(work)

        def film(step: QualityStep) -> SegmentRequest:
            bounded, style = self._streams.bounded(work, plan, step, tool)
            # Two runs where each decodes from the start: more segments would take the square of their number.
            most = max(PARTS_LEAST, 2 * encoders_at_once(step.preset, pixels, limits))
            fit = cut_plan.fewer(cuts, most)
            return SegmentRequest(work.local, bounded, fit, style, origin_us, pixels)

        try:
            await self._in_time(work, plan, film, segments)
        except UnfitError as error:
            log.info("segments_unfit", extra={"detail": error.detail})
            return False
        return True

    async def _in_time(
        self,
        work: Conversion,
        plan: TranscodePlan,
        film: Callable[[QualityStep], SegmentRequest],
        segments: SegmentStore,
    ) -> None:
        """Make the film in segments; where that would take too long, begin it anew with less."""
        tool, deadline_s = await self._streams.tool(), self._effort.deadline_s
        limits = self._streams.limits(work)
        asks = work.terms.should_yield
        check = partial(self._check_frames, work, plan)
        reporter = ProgressReporter(plan.duration_s, work.moved, anyio.current_time())
        steps = quality.quality_steps(self._effort.preset, work.shape.lines)
        first, speed_probe = steps[0], None
        if deadline_s:
            key = _choice_key(film(first).settings(tool.build), deadline_s)
            speed_probe = SpeedProbe(steps, deadline_s, segments, key, self._clock)
            try:
                step = await speed_probe.known()
                maker = SegmentEncoder(
                    self._streams.decoder, tool, limits, film(step or first), segments
                )
                await maker.make(
                    work.rough, reporter.reached, check, asks, None if step else speed_probe
                )
            except TooSlowError as error:
                log.info("film_too_slow", extra={"detail": error.detail})
            else:
                return
            finally:
                work.notes += [speed_probe.note] if speed_probe.note else []
                work.step = speed_probe.step
            first = speed_probe.step
        maker = SegmentEncoder(self._streams.decoder, tool, limits, film(first), segments)
        await maker.make(work.rough, reporter.reached, check, asks)

    async def _check_frames(self, work: Conversion, plan: TranscodePlan, frames: int) -> None:
        """Raises UnverifiedError for a film that was joined wrong, while its segments can still be forgotten."""
        rough = work.rough
        source = await self._streams.measured(work.local, plan.sniffed, plan.sound_n)
        work.source = source
        result = await self._streams.measured(rough, "mov")
        fault = verify.length_fault(plan, source, result, frames)
        if fault is None and result.frames != frames:
            fault = f"{result.frames} frames in the result instead of {frames}"
        if fault is not None:
            raise UnverifiedError(fault, stage="convert")
        verify.check_facts((await self._probe(rough, rough.name)).facts, plan)


def _choice_key(settings: str, deadline_s: float) -> str:
    """Another deadline is another question."""
    return hashlib.sha256(f"{settings} {deadline_s:g}".encode()).hexdigest()[:32]
