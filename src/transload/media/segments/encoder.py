"""A long transcode in closed segments, each kept as soon as it is whole: a killed run goes on after its last segment.

One ffmpeg makes several segments in one decode, each with its own encoder, so that a segment does not depend on which
run made it. A segment counts once its frames were counted and it is durable under its final name; then it gets a row.
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from transload.errors import (
    CorruptError,
    DiskFullError,
    MemoryLimitError,
    PermanentError,
    TransloadError,
    UnverifiedError,
)
from transload.files.disk import free_bytes
from transload.media.decoder_pool import DecoderPool
from transload.media.encode import ffmpeg_args, quality, verify
from transload.media.encode.ffmpeg import Counters, EncoderLimits, Ended, Ffmpeg, run
from transload.media.encode.quality import SpeedProbe, TooSlowError
from transload.media.requests import (
    COUNT_SEGMENT,
    JOIN_SEGMENTS,
    CountSegment,
    Joined,
    JoinSegments,
)
from transload.media.segments import cut_plan
from transload.media.segments.cut_plan import Cuts
from transload.media.segments.ffmpeg_args import SegmentRun, audio_args, hash_of, run_args, seen_us
from transload.media.segments.files import copy_durably, size_of, sweep, tail_of, text_of
from transload.plans import (
    Segment,
    SegmentStore,
    ShouldYield,
    TranscodePlan,
    Yielded,
    never_yield,
    segment_file,
)

log = logging.getLogger(__name__)

MARGINS_S = (2, 4, 8)
"""How much earlier than needed a decoder begins where seeking is not exact; each larger one after a mismatch."""
SOUND_N = -1
BITS_PER_PIXEL = 0.08

Check = Callable[[int], Awaitable[None]]
"""Looks at the joined film, which should hold so many frames; raises UnverifiedError."""


class UnfitError(PermanentError):
    """This video cannot be made in segments; in one piece it can."""

    kind = UnverifiedError.kind


class _MismatchError(PermanentError):
    """A run decoded other frames than the one before it."""

    kind = UnverifiedError.kind


class _CrowdedError(PermanentError):
    """A run of several segments ended as one does that is short of memory."""

    kind = MemoryLimitError.kind


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """What is made: the source, its plan and cuts, how to encode. `pixels` are a picture's, `origin_us` is its zero."""

    local: Path
    plan: TranscodePlan
    cuts: Cuts
    style: ffmpeg_args.EncodeStyle
    origin_us: int
    pixels: int

    @property
    def has_sound_segment(self) -> bool:
        """Whether audio or subtitles go with the video."""
        return bool(self.plan.sound or self.plan.subtitles)

    def settings(self, build: str) -> str:
        """Hash of everything that decides what a segment holds, beside the source.

        PyAV plans, counts and joins anew in each run and makes no segment: another plan shows in the cuts.
        """
        known = [
            *(cut_plan.VERSION, build, self.style.preset, ffmpeg_args.CRF, self.style.threads),
            *(ffmpeg_args.chain(self.plan, self.style.filters), self.plan.keep_sound),
            *(self.cuts.clock, self.origin_us),
        ]
        if self.style.bits_s is not None:
            known.append(self.style.bits_s)
        known.extend(str(value) for value in self._sound if value)
        if self.cuts.from_start:  # Their number follows from the memory of this machine.
            known.extend(segment.first for segment in self.cuts.segments)
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]

    @property
    def _sound(self) -> tuple[object, ...]:
        """What decides the segment of audio; a list, because the hashes of earlier versions are of one."""
        return self.plan.sound_n, self.plan.channels, list(self.plan.subtitles), self.plan.level


@dataclass(slots=True)
class _Progress:
    """One run of ffmpeg while it lasts; `size` is that of the next segment at the last look."""

    run: SegmentRun
    next: int
    size: int = 0
    moved: anyio.Event = field(default_factory=anyio.Event)
    over: bool = False
    ended: Ended | None = None
    trouble: TransloadError | None = None


class SegmentEncoder:
    """Makes the segments of one film, resumes them and joins them."""

    def __init__(
        self,
        decoder: DecoderPool,
        tool: Ffmpeg,
        limits: EncoderLimits,
        film: SegmentRequest,
        kept: SegmentStore,
    ) -> None:
        self._decoder = decoder
        self._tool = tool
        self._limits = limits
        self._film = film
        self._kept = kept
        self._settings = film.settings(tool.build)
        self._done: dict[int, Segment] = {}
        self._folder = Path()
        self._beside = encoders_at_once(film.style.preset, film.pixels, limits)
        self._speed_probe: SpeedProbe | None = None

    async def make(
        self,
        rough: Path,
        report: Callable[[int], None],
        check: Check,
        should_yield: ShouldYield = never_yield,
        speed_probe: SpeedProbe | None = None,
    ) -> None:
        """The whole film in `rough`. `report` hears microseconds done.

        Raises UnfitError when it must be made in one piece; TooSlowError as `speed_probe` says; UnverifiedError as
        `check` says: for these the segments are forgotten. DiskFullError when they will not fit; the errors of an
        encoder; Yielded between two runs.
        """
        self._speed_probe = speed_probe
        folder = await self._kept.begin(self._settings)
        if folder is None:
            raise UnfitError("its segments are being made by another task")
        self._folder = folder
        try:
            known = await self._kept.known(self._settings)
            self._done = {segment.n: segment for segment in known if _fits(segment, self._film)}
            taken = sum(n != SOUND_N for n in self._done)
            log.info("segments_taken_over", extra={"segments": taken, "of": self._total})
            await self._check_room()
            await check(await self._make(rough, report, should_yield))
        except (UnfitError, TooSlowError, UnverifiedError):
            await self._kept.drop(self._settings)
            raise
        finally:
            self._kept.leave(self._settings)

    async def _make(
        self, rough: Path, report: Callable[[int], None], should_yield: ShouldYield
    ) -> int:
        margin, cuts = 0, self._film.cuts.segments
        if (n := self._missing()) is not None:
            report(cuts[n].start_us - cuts[0].start_us)  # no work of this run
        while (n := self._missing()) is not None:
            run_ = self._run_from(n, margin)
            try:
                await self._run(run_, report)
            except _CrowdedError:
                self._beside = (run_.end - run_.first) // 2
                log.info("segments_crowded", extra={"segment": n, "beside": self._beside})
            except _MismatchError as error:
                log.info("segments_drifted", extra={"segment": n, "margin": margin})
                if run_.seek_us is None:  # From the start of the file: no run decodes more.
                    raise UnfitError(error.detail) from error
                margin += 1
            else:
                if (left := self._left()) and await should_yield(left):
                    raise Yielded
        if self._film.has_sound_segment and SOUND_N not in self._done:
            await self._sound()
        return await self._join(rough)

    @property
    def _total(self) -> int:
        return len(self._film.cuts.segments)

    def _missing(self) -> int | None:
        return next((n for n in range(self._total) if n not in self._done), None)

    def _left(self) -> float:
        """The share of the frames that are still to be made."""
        made = sum(segment.frames for segment in self._done.values())
        return 1 - made / self._film.cuts.frames

    def _run_from(self, n: int, margin: int) -> SegmentRun:
        end = n + 1
        while end < min(self._total, n + self._beside) and end not in self._done:
            end += 1
        return SegmentRun(n, end, seek_us(self._film, n, margin), self._folder)

    async def _check_room(self) -> None:
        """The segments still to be made, and the joined file. The source is there already."""
        cuts, plan = self._film.cuts, self._film.plan
        whole = self._film.local.stat().st_size
        guess = BITS_PER_PIXEL / 8 * self._film.pixels * cuts.frames
        fits = min(whole, guess) if plan.duration_s else whole
        made = sum(segment.size_bytes for segment in self._done.values())
        need = int(2.1 * fits) - made
        free = await self._kept.free_bytes(self._settings)
        if free < need:
            raise DiskFullError(
                f"the segments need {need} bytes, {max(0, free)} are free above min_free_bytes",
                stage="convert",
            )

    async def _run(self, run_: SegmentRun, report: Callable[[int], None]) -> None:
        """One ffmpeg; its segments are taken as they get whole, by a task beside it."""
        work = _Progress(run_, run_.first)
        film = self._film

        def look() -> Counters:
            growing = range(work.next, min(work.next + 2, run_.end))
            sizes = sum(size_of(run_.segment(n)) for n in growing)
            return Counters(0, seen_us(tail_of(run_.hashes), film.cuts), sizes)

        def moved(counters: Counters) -> None:
            report(counters.out_us)
            work.moved.set()

        if self._speed_probe is not None:
            self._speed_probe.begin()
        words = run_args(film.plan, film.local, film.style, film.cuts, run_)
        async with anyio.create_task_group() as group:
            group.start_soon(self._collect, work, group.cancel_scope)
            try:
                work.ended = await run(self._tool, words, self._limits, moved, look)
            except TransloadError as error:
                work.trouble = error
            work.over = True
            work.moved.set()
        try:
            if work.trouble is not None:
                raise work.trouble
            await self._finish(work)
        finally:
            await anyio.to_thread.run_sync(sweep, self._folder)

    async def _collect(self, work: _Progress, scope: anyio.CancelScope) -> None:
        """Take segments while ffmpeg makes the ones after them; trouble ends the run.

        At the end of ffmpeg it is not cancelled: a decoder that is cancelled in its answer must be started anew.
        """
        try:
            while not work.over:
                await work.moved.wait()
                work.moved = anyio.Event()
                await self._take_ready(work)
        except TransloadError as error:
            work.trouble = error
            scope.cancel()

    async def _take_ready(self, work: _Progress) -> None:
        """A segment after which the next has begun may still get its last frames: counted once it rests."""
        while work.next + 1 < work.run.end and size_of(work.run.segment(work.next + 1)):
            before, work.size = work.size, size_of(work.run.segment(work.next))
            if work.size != before or not await self._take(work):
                return

    async def _finish(self, work: _Progress) -> None:
        """What is left after the end of ffmpeg, which proves nothing by its status."""
        while work.next < work.run.end:
            if not await self._take(work):
                break
        if work.next == work.run.end:
            return
        ended = work.ended
        if ended is not None and ended.status != 0:
            error = verify.end_error(ended.status, ended.evidence, free_bytes(self._folder))
            short = ended.status in (*verify.SHORT_OF_MEMORY, verify.EXIT_EXTERNAL)
            never_yield = work.run.end - work.run.first == 1
            if short and not never_yield and not isinstance(error, DiskFullError):
                raise _CrowdedError(error.detail) from error
            raise error
        raise UnfitError(f"segment {work.next} does not hold the frames planned")

    async def _take(self, work: _Progress) -> bool:
        """Keep the next segment if it is whole. Raises _MismatchError when this run decodes other frames."""
        n, run_, cuts = work.next, work.run, self._film.cuts
        text = await anyio.to_thread.run_sync(text_of, run_.hashes)
        self._compare(n, hash_of(n, text, cuts, run_))
        behind = hash_of(n + 1, text, cuts, run_) if n + 1 < self._total else ""
        cut = cuts.segments[n]
        request = CountSegment(path=str(run_.segment(n)), clock=cuts.clock)
        found = await self._decoder.ask(COUNT_SEGMENT, request)
        begins = (found.first, found.last)
        right = not cuts.timed or begins == (cut.first_tick, cut.last_tick)
        if behind is None or found.frames != cut.frames or not right:
            return False
        await self._keep(n, run_.segment(n), begins, behind)
        if self._speed_probe is not None:
            await self._speed_probe.made(cut.frames, cuts.frames)
        work.next, work.size = work.next + 1, 0
        return True

    def _compare(self, n: int, seen: str | None) -> None:
        before = self._done.get(n - 1) if n > 0 else None  # the audio is -1
        if before is not None and seen is not None and before.guard != seen:
            raise _MismatchError(f"segment {n} does not begin with the frame after segment {n - 1}")

    async def _keep(
        self, n: int, rough: Path, ticks: tuple[int | None, int | None], guard: str
    ) -> None:
        """Copy, because ffmpeg still writes its closing bytes to what it has open; then make it durable and a row."""
        cut = self._film.cuts.segments[n] if n >= 0 else None
        final = self._folder / segment_file(n)
        size, sha256 = await anyio.to_thread.run_sync(copy_durably, rough, final)
        first, frames = (cut.first, cut.frames) if cut is not None else (0, 0)
        segment = Segment(n, first, frames, ticks[0], ticks[1], size, sha256, guard)
        await self._kept.add(self._settings, segment)
        self._done[n] = segment

    async def _sound(self) -> None:
        film = self._film
        rough = self._folder / f"{segment_file(SOUND_N)}.part"
        words = audio_args(film.plan, film.local, rough, film.origin_us)
        ended = await run(self._tool, words, self._limits, lambda _: None)
        if ended.status != 0:
            raise verify.end_error(ended.status, ended.evidence, free_bytes(self._folder))
        await self._keep(SOUND_N, rough, (None, None), "")
        await anyio.to_thread.run_sync(sweep, self._folder)

    async def _join(self, rough: Path) -> int:
        film, names = self._film, [segment_file(n) for n in range(self._total)]
        try:
            joined = await self._joined(names, rough)
        except CorruptError as error:
            raise UnfitError(f"its segments do not join: {error.detail}") from error
        if joined.frames != film.cuts.frames:
            raise UnverifiedError(
                f"{joined.frames} of {film.cuts.frames} frames were joined", stage="convert"
            )
        return film.cuts.frames

    async def _joined(self, names: list[str], rough: Path) -> Joined:
        film = self._film
        audio = str(self._folder / segment_file(SOUND_N)) if film.has_sound_segment else None
        request = JoinSegments(
            path=str(film.local),
            sniffed=film.plan.sniffed,
            into=str(rough),
            segments=tuple(str(self._folder / name) for name in names),
            audio=audio,
            clock=film.cuts.clock,
            origin_us=film.origin_us,
        )
        return await self._decoder.ask(JOIN_SEGMENTS, request)


def encoders_at_once(preset: str, pixels: int, limits: EncoderLimits) -> int:
    """How many segments one run may make under these limits."""
    return quality.encoders_at_once(preset, pixels, limits.beside_bytes, limits.memory_bytes)


def seek_us(film: SegmentRequest, n: int, margin: int) -> int | None:
    """Where decoding begins for segment `n`; None: at the start of the file.

    An exact container needs its keyframe, or the one before when filters look at neighbours. `margin` counts the
    mismatches seen so far.
    """
    cuts, segment = film.cuts, film.cuts.segments[n]
    if n == 0 or not cuts.timed or margin >= len(MARGINS_S):
        return None
    if not cuts.coarse and margin == 0:
        return segment.before_us if film.plan.interlaced else segment.into_us
    if segment.before_us is None:
        return None
    at = min(segment.before_us, segment.start_us - MARGINS_S[margin] * 1_000_000)
    return at if at > cuts.segments[0].start_us + 1_000_000 else None


def _fits(segment: Segment, film: SegmentRequest) -> bool:
    """Whether a segment of an earlier run is the one that this plan would make."""
    if segment.n == SOUND_N:
        return film.has_sound_segment
    if not 0 <= segment.n < len(film.cuts.segments):
        return False
    cut = film.cuts.segments[segment.n]
    ticks = (segment.first_tick, segment.last_tick)
    right = not film.cuts.timed or ticks == (cut.first_tick, cut.last_tick)
    return right and (segment.first, segment.frames) == (cut.first, cut.frames)
