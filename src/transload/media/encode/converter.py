"""Conversions: made under a temporary name, verified, made durable, renamed. Only the result stays."""

import hashlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from transload.errors import (
    BugError,
    ConvertError,
    CorruptError,
    DiskFullError,
    MemoryLimitError,
    TooBigError,
    UnreadableError,
    UnverifiedError,
    is_disk_full,
)
from transload.files.disk import free_bytes, name_durably, sync_file
from transload.media.decoder import Decoder
from transload.media.encode import ffmpeg_args, memory_fit, quality, verify
from transload.media.encode.conversion import Conversion, ProgressReporter
from transload.media.encode.ffmpeg import EncoderLimits, Ended, Ffmpeg, find_ffmpeg, run
from transload.media.encode.quality import (
    Clock,
    EncoderSettings,
    QualityStep,
    SpeedProbe,
    TooSlowError,
)
from transload.media.encode.splitter import Splitter
from transload.media.judge.audio import STEREO
from transload.media.requests import (
    BARE_TRACK,
    CHECK_ORDER,
    MEASURE,
    PLAN_SEGMENTS,
    SHRINK,
    TO_APNG,
    CopyPictures,
    Done,
    Measure,
    Operation,
    PlanSegments,
    R,
    Shrink,
)
from transload.media.segments import cut_plan
from transload.media.segments.encoder import (
    SegmentEncoder,
    SegmentRequest,
    UnfitError,
    encoders_at_once,
)
from transload.model import Judgement
from transload.plans import (
    AnimationPlan,
    ConversionTerms,
    Converted,
    EncodePlan,
    FfmpegPlan,
    FilmPlan,
    JpegPlan,
    M4aPlan,
    Measurement,
    Mp3Plan,
    NewSoundPlan,
    OutputFile,
    RewrapPlan,
    SegmentStore,
    SplitPlan,
    StreamPlan,
    TranscodePlan,
    UntouchedPlan,
)
from transload.ports import Moved, Probed
from transload.sums import sha256_of

log = logging.getLogger(__name__)

PARTS_LEAST = 3
"""Of a film without times: one to measure its speed, two of which one is kept when the run is killed."""

AnyFfmpegPlan = TypeVar("AnyFfmpegPlan", bound=FfmpegPlan)
Probe = Callable[[Path, str], Awaitable[Probed]]


class Converter:
    """Carries out plans. The ffmpeg binary is looked for on first use and remembered."""

    def __init__(  # noqa: PLR0913  settings, each used as it is
        self,
        decoder: Decoder,
        *,
        ffmpeg: Path | None,
        effort: EncoderSettings,
        limits: EncoderLimits,
        probe: Probe,
        clock: Clock = time.monotonic,
    ) -> None:
        self._decoder = decoder
        self._configured = ffmpeg
        self._effort = effort
        self._limits = limits
        self._probe = probe
        self._clock = clock
        self._tool: Ffmpeg | None = None

    async def convert(
        self, local: Path, judgement: Judgement, into: Path, moved: Moved, terms: ConversionTerms
    ) -> Converted:
        """The verified result in `into`; errors as in the port."""
        suffix = ffmpeg_args.suffix_of(judgement.plan)
        stem = into / f".{uuid.uuid4().hex}"
        usual = memory_fit.MemoryStep(self._limits.threads)
        work = Conversion(local, judgement, stem.with_suffix(suffix), moved, terms, usual)
        began_s = self._clock()
        try:
            roughs, thumb = await self._make(work, stem)
            work.notes += self._late(work, self._clock() - began_s)
            pieces: list[OutputFile] = []
            for n, rough in enumerate(roughs):
                size, sha256 = await anyio.to_thread.run_sync(_durable_sum, rough)
                final = into / f"made{'' if n == 0 else n + 1}{suffix}"
                await anyio.to_thread.run_sync(name_durably, rough, final)
                pieces.append(OutputFile(final, size, sha256))
        except OSError as error:
            if is_disk_full(error):
                raise DiskFullError(stage="convert") from error
            raise ConvertError(
                f"the result cannot be written: {error.strerror}", stage="convert"
            ) from error
        finally:
            _clear(stem)
        first, *rest = pieces
        note = "; ".join(word for word in (work.smaller, *work.notes) if word)
        return Converted(
            first.local, first.size_bytes, first.sha256, thumb, tuple(rest), note, work.short
        )

    async def _make(self, work: Conversion, stem: Path) -> tuple[Sequence[Path], bytes | None]:
        """The files, verified, still under temporary names, and the thumbnail of the first."""
        plan, whole = work.plan, work.rough
        match plan:
            case JpegPlan():
                await self._shrink(work.local, plan, work.rough)
            case SplitPlan():
                whole = work.local
            case AnimationPlan(unpack=True):
                await self._unpacked(work, plan)
            case TranscodePlan():
                await self._transcode(work, plan)
            case UntouchedPlan():
                raise BugError("what is to stay untouched was given to the converter")
            case _:
                await self._encode(work.local, work, plan)
        roughs = await self._below_limit(work, whole, stem)
        made = [await self._probe(rough, rough.name) for rough in roughs]
        for one in made:
            verify.check_facts(one.facts, plan)
        if isinstance(plan, StreamPlan) and work.source is not None:
            work.short = verify.shortfall(plan, work.source, [one.facts.found for one in made])
        return roughs, made[0].thumb

    async def _transcode(self, work: Conversion, plan: TranscodePlan) -> None:
        """In segments or in one piece; where memory is short with fewer threads, then with fewer lines."""
        ways = memory_fit.memory_steps(self._limits.threads, work.shape.lines)
        for way in ways:
            work.way = way
            try:
                if not await self._in_segments(work, plan):
                    await self._encode(work.local, work, plan)
            except MemoryLimitError as error:
                if way is ways[-1]:
                    raise
                log.info("film_short_of_memory", extra={"detail": error.detail, "way": str(way)})
            else:
                break
        if work.way.lines is not None:
            work.notes.append(f"{work.way.lines} lines: for more this machine has not the memory")

    async def _below_limit(self, work: Conversion, whole: Path, stem: Path) -> Sequence[Path]:
        """The result, in several files where it is too large for one. Raises TooBigError."""
        limit, size = work.terms.limit_bytes, _size(whole)
        if limit is None or size <= limit:
            return [whole]
        if ffmpeg_args.suffix_of(work.plan) != ".mp4":
            raise TooBigError(f"{size:,} bytes, {limit:,} at most", stage="convert")
        saw = Splitter(self._decoder, await self._encoder(), self._limits)
        roughs = await saw.cut(whole, limit, stem)
        counts = [(await self._measured(path, "mov")).frames for path in (whole, *roughs)]
        if sum(counts[1:]) != counts[0]:
            raise UnverifiedError(
                f"{sum(counts[1:])} of {counts[0]} pictures are in the files", stage="convert"
            )
        work.notes.append(f"in {len(roughs)} files: one may have {limit:,} bytes at most")
        return roughs

    def _late(self, work: Conversion, took_s: float) -> list[str]:
        """What to tell of a transcode that took too long."""
        if not isinstance(work.plan, TranscodePlan):
            return []
        first = self._first(work)
        note = quality.late_note(first, work.step or first, took_s, self._effort.deadline_s)
        return [note] if note else []

    def _first(self, work: Conversion) -> QualityStep:
        """What was asked for, at the size of the picture."""
        return QualityStep(self._effort.preset, work.shape.lines)

    async def _shrink(self, local: Path, plan: JpegPlan, rough: Path) -> None:
        request = Shrink(
            path=str(local),
            into=str(rough),
            sniffed=plan.sniffed,
            side=plan.side,
            quality=plan.quality,
            reader=plan.reader,
            exif=plan.exif,
        )
        await self._in_child(SHRINK, request)

    async def _unpacked(self, work: Conversion, plan: AnimationPlan) -> None:
        """Animations that ffmpeg cannot read go through an APNG, which keeps every frame and its time.

        It reads image sequences, but some of its versions take the stills beside them for the first streams.
        """
        is_track = plan.sniffed == "heifs"
        operation, word = (BARE_TRACK, "heifs") if is_track else (TO_APNG, "apng")
        between = work.rough.with_suffix(f".{word}")
        request = CopyPictures(path=str(work.local), into=str(between), sniffed=plan.sniffed)
        try:
            await self._in_child(operation, request)
            await self._encode(between, work, replace(plan, sniffed=word))
        finally:
            between.unlink(missing_ok=True)

    async def _in_child(self, operation: Operation[R, Done], request: R) -> None:
        try:
            await self._decoder.ask(operation, request)
        except (CorruptError, UnreadableError) as error:
            raise ConvertError(
                f"the picture does not decode: {error.detail}",
                stage="convert",
                evidence=error.evidence,
            ) from error

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
            found = await self._decoder.ask(PLAN_SEGMENTS, request)
        if found is None or found.cuts is None or segments is None:
            return False
        tool = await self._encoder()
        cuts, pixels, origin_us = found.cuts, found.pixels, found.origin_us
        limits = work.limits(self._limits, self._effort.preset)

        def film(step: QualityStep) -> SegmentRequest:
            bounded, style = self._bounded(work, plan, step, tool)
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
        tool, deadline_s = await self._encoder(), self._effort.deadline_s
        limits = work.limits(self._limits, self._effort.preset)
        asks = work.terms.should_yield
        check = partial(self._check_frames, work, plan)
        teller = ProgressReporter(plan.duration_s, work.moved, anyio.current_time())
        steps = quality.quality_steps(self._effort.preset, work.shape.lines)
        first, speed_probe = steps[0], None
        if deadline_s:
            key = _choice_key(film(first).settings(tool.build), deadline_s)
            speed_probe = SpeedProbe(steps, deadline_s, segments, key, self._clock)
            try:
                step = await speed_probe.known()
                maker = SegmentEncoder(self._decoder, tool, limits, film(step or first), segments)
                await maker.make(
                    work.rough, teller.reached, check, asks, None if step else speed_probe
                )
            except TooSlowError as error:
                log.info("film_too_slow", extra={"detail": error.detail})
            else:
                return
            finally:
                work.notes += [speed_probe.note] if speed_probe.note else []
                work.step = speed_probe.step
            first = speed_probe.step
        maker = SegmentEncoder(self._decoder, tool, limits, film(first), segments)
        await maker.make(work.rough, teller.reached, check, asks)

    def _bounded(
        self, work: Conversion, plan: AnyFfmpegPlan, step: QualityStep, tool: Ffmpeg
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
            work.smaller = f"{bound.lines} lines, to stay below {work.terms.limit_bytes:,} bytes"
        way = work.way
        lines = min(bound.lines, way.lines or bound.lines)
        if lines < shape.lines and isinstance(plan, EncodePlan):
            plan = replace(plan, short=lines)
        threads, clock = way.threads, tool.source_clock
        return plan, ffmpeg_args.EncodeStyle(
            step.preset, threads, tool.filters, clock, bound.bits_s
        )

    async def _check_frames(self, work: Conversion, plan: TranscodePlan, frames: int) -> None:
        """Raises UnverifiedError for a film that was joined wrong, while its segments can still be forgotten."""
        rough = work.rough
        source = await self._measured(work.local, plan.sniffed, plan.sound_n)
        work.source = source
        result = await self._measured(rough, "mov")
        fault = verify.length_fault(plan, source, result, frames)
        if fault is None and result.frames != frames:
            fault = f"{result.frames} pictures in the result instead of {frames}"
        if fault is not None:
            raise UnverifiedError(fault, stage="convert")
        verify.check_facts((await self._probe(rough, rough.name)).facts, plan)

    async def _encoder(self) -> Ffmpeg:
        if self._tool is None:
            self._tool = await find_ffmpeg(self._configured)
        return self._tool

    async def _encode(self, local: Path, work: Conversion, plan: FfmpegPlan) -> None:
        tool, rough = await self._encoder(), work.rough
        plan, style = self._bounded(work, plan, work.step or self._first(work), tool)
        if plan.sniffed == "png":
            plan = replace(plan, sniffed="apng")  # a moving PNG needs the demuxer that moves
        words = ffmpeg_args.arguments(plan, local, rough, style)
        teller = ProgressReporter(plan.duration_s, work.moved, anyio.current_time())
        ended = await run(tool, words, work.limits(self._limits, self._effort.preset), teller.tell)
        if ended.status != 0:
            free = free_bytes(rough.parent)
            frames = None if isinstance(plan, M4aPlan | Mp3Plan) else ended.counters.frame
            raise verify.end_error(ended.status, ended.evidence, free, frames)
        work.source = await self._check_length(local, plan, rough, ended)

    async def _check_length(
        self, local: Path, plan: FfmpegPlan, rough: Path, ended: Ended
    ) -> Measurement:
        """The measured source. Raises UnverifiedError for a result that lacks what is there."""
        source = await self._measured(local, plan.sniffed, plan.sound_n)
        result = await self._measured(rough, ffmpeg_args.container_of(plan))
        if (fault := verify.length_fault(plan, source, result, ended.counters.frame)) is not None:
            raise UnverifiedError(fault, stage="convert", evidence=ended.evidence or None)
        copied = plan.order if isinstance(plan, RewrapPlan | NewSoundPlan) else "kept"
        if copied == "unsure" and not await self._rises(rough):
            raise UnverifiedError("pictures would jump in the copy", stage="convert")
        return source

    async def _measured(self, path: Path, sniffed: str, sound_n: int = 0) -> Measurement:
        request = Measure(path=str(path), sniffed=sniffed, sound_n=sound_n)
        return await self._decoder.ask(MEASURE, request)

    async def _rises(self, rough: Path) -> bool:
        request = Measure(path=str(rough), sniffed="mov")
        return (await self._decoder.ask(CHECK_ORDER, request)).rises


def _clear(stem: Path) -> None:
    """Remove temporaries that begin so."""
    for left in stem.parent.glob(f"{stem.name}*"):
        left.unlink()


def _size(path: Path) -> int:
    return path.stat().st_size


def _choice_key(settings: str, deadline_s: float) -> str:
    """Another deadline is another question."""
    return hashlib.sha256(f"{settings} {deadline_s:g}".encode()).hexdigest()[:32]


def _durable_sum(rough: Path) -> tuple[int, str]:
    """Hash what was written and make it durable; returns size and SHA-256."""
    sha256 = sha256_of(rough)
    sync_file(rough)
    return rough.stat().st_size, sha256
