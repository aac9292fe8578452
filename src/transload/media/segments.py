"""A long transcode in closed parts, each kept as soon as it is whole: a killed run goes on behind its last part.

One ffmpeg makes several parts in one decode, each with an encoder of its own, so that a part does not depend on which
run made it. A part counts when its pictures were counted and it lies durably under its final name; then it gets a row.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from transload.conversions import GaveWay, GivesWay, Part, Parts, alone, part_file
from transload.errors import (
    CorruptError,
    DiskFullError,
    PermanentError,
    TransloadError,
    UnverifiedError,
)
from transload.media import ladder, recipes, segments_plan, verify
from transload.media.decoder import Decoder
from transload.media.ffmpeg import Counters, EncoderLimits, Ended, Ffmpeg, run
from transload.media.pace import Pace, TooSlowError
from transload.media.segments_files import copy_durably, size_of, sweep, tail_of, text_of
from transload.media.segments_plan import Cuts
from transload.media.segments_words import Run, hash_of, run_words, seen_us, sound_words

log = logging.getLogger(__name__)

MARGINS_S = (2, 4, 8)
"""How much earlier than needed a decoder begins where seeking is not exact; each larger one after a mismatch."""
SOUND_N = -1
_SOUND_KEYS = ("sound_n", "channels", "subtitles")
BITS_PER_PIXEL = 0.08

Check = Callable[[int], Awaitable[None]]
"""Looks at the joined film, which should hold so many pictures; raises UnverifiedError."""


class UnfitError(PermanentError):
    """This video cannot be made in parts; in one piece it can."""

    kind = "convert.unverified"


class _DriftError(PermanentError):
    """A run decoded other pictures than the one before it."""

    kind = "convert.unverified"


class _CrowdedError(PermanentError):
    """A run of several parts ended as one does that is short of memory."""

    kind = "tool.memory"


@dataclass(frozen=True, slots=True)
class Film:
    """What is made: the source, its plan and cuts, how to encode. `pixels` are a picture's, `origin_us` is its zero."""

    local: Path
    plan: dict[str, Any]
    cuts: Cuts
    style: recipes.Style
    origin_us: int
    pixels: int

    @property
    def has_sound_part(self) -> bool:
        """Whether sound or subtitles go with the picture."""
        return bool(self.plan.get("sound") or self.plan.get("subtitles"))

    def settings(self, build: str) -> str:
        """Hash of everything that decides what a part holds, beside the source.

        PyAV plans, counts and joins anew in each run and makes no part: another plan is told by the cuts.
        """
        known = [
            *(segments_plan.VERSION, build, self.style.preset, recipes.CRF, self.style.threads),
            *(recipes.chain(self.plan, self.style.filters), bool(self.plan.get("keep_sound"))),
            *(self.cuts.clock, self.origin_us),
        ]
        if self.style.bits_s is not None:
            known.append(self.style.bits_s)
        known.extend(str(self.plan.get(key)) for key in _SOUND_KEYS if self.plan.get(key))
        if self.cuts.from_start:  # Their number follows from the memory of this machine.
            known.extend(part.first for part in self.cuts.parts)
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


@dataclass(slots=True)
class _Work:
    """One run of ffmpeg while it lasts; `size` is that of the next part at the last look."""

    run: Run
    next: int
    size: int = 0
    moved: anyio.Event = field(default_factory=anyio.Event)
    over: bool = False
    ended: Ended | None = None
    trouble: TransloadError | None = None


class Segments:
    """Makes the parts of one film, resumes them and joins them."""

    def __init__(
        self, decoder: Decoder, tool: Ffmpeg, limits: EncoderLimits, film: Film, kept: Parts
    ) -> None:
        self._decoder = decoder
        self._tool = tool
        self._limits = limits
        self._film = film
        self._kept = kept
        self._settings = film.settings(tool.build)
        self._done: dict[int, Part] = {}
        self._folder = Path()
        self._beside = beside(film.style.preset, film.pixels, limits)
        self._pace: Pace | None = None

    async def make(
        self,
        rough: Path,
        tell: Callable[[int], None],
        check: Check,
        gives_way: GivesWay = alone,
        pace: Pace | None = None,
    ) -> None:
        """The whole film in `rough`. `tell` hears microseconds done.

        Raises UnfitError when it must be made in one piece; TooSlowError as `pace` says; UnverifiedError as `check`
        says: for these the parts are forgotten. DiskFullError when the parts will not fit; the errors of an encoder;
        GaveWay between two runs.
        """
        self._pace = pace
        folder = await self._kept.begin(self._settings)
        if folder is None:
            raise UnfitError("its parts are being made by another task")
        self._folder = folder
        try:
            known = await self._kept.known(self._settings)
            self._done = {part.n: part for part in known if _fits(part, self._film)}
            taken = sum(n != SOUND_N for n in self._done)
            log.info("parts_taken_over", extra={"parts": taken, "of": self._total})
            await self._check_room()
            await check(await self._make(rough, tell, gives_way))
        except (UnfitError, TooSlowError, UnverifiedError):
            await self._kept.drop(self._settings)
            raise
        finally:
            self._kept.leave(self._settings)

    async def _make(self, rough: Path, tell: Callable[[int], None], gives_way: GivesWay) -> int:
        margin, cuts = 0, self._film.cuts.parts
        if (n := self._missing()) is not None:
            tell(cuts[n].start_us - cuts[0].start_us)  # no work of this run
        while (n := self._missing()) is not None:
            run_ = self._run_from(n, margin)
            try:
                await self._run(run_, tell)
            except _CrowdedError:
                self._beside = (run_.end - run_.first) // 2
                log.info("parts_crowded", extra={"part": n, "beside": self._beside})
            except _DriftError as error:
                log.info("parts_drifted", extra={"part": n, "margin": margin})
                if run_.seek_us is None:  # From the start of the file: no run decodes more.
                    raise UnfitError(error.detail) from error
                margin += 1
            else:
                if (left := self._left()) and await gives_way(left):
                    raise GaveWay
        if self._film.has_sound_part and SOUND_N not in self._done:
            await self._sound()
        return await self._join(rough)

    @property
    def _total(self) -> int:
        return len(self._film.cuts.parts)

    def _missing(self) -> int | None:
        return next((n for n in range(self._total) if n not in self._done), None)

    def _left(self) -> float:
        """The share of the pictures that are still to be made."""
        made = sum(part.frames for part in self._done.values())
        return 1 - made / self._film.cuts.frames

    def _run_from(self, n: int, margin: int) -> Run:
        end = n + 1
        while end < min(self._total, n + self._beside) and end not in self._done:
            end += 1
        return Run(n, end, seek_us(self._film, n, margin), self._folder)

    async def _check_room(self) -> None:
        """The parts still to be made, and the joined file. The source is there already."""
        cuts, plan = self._film.cuts, self._film.plan
        whole = self._film.local.stat().st_size
        guess = BITS_PER_PIXEL / 8 * self._film.pixels * cuts.frames
        fits = min(whole, guess) if plan.get("duration_s") else whole
        made = sum(part.size_bytes for part in self._done.values())
        need = int(2.1 * fits) - made
        free = await self._kept.free_bytes(self._settings)
        if free < need:
            raise DiskFullError(
                f"the parts need {need} bytes, {max(0, free)} are free above min_free_bytes",
                stage="convert",
            )

    async def _run(self, run_: Run, tell: Callable[[int], None]) -> None:
        """One ffmpeg; its parts are taken as they get whole, by a task beside it."""
        work = _Work(run_, run_.first)
        film = self._film

        def look() -> Counters:
            growing = range(work.next, min(work.next + 2, run_.end))
            sizes = sum(size_of(run_.part(n)) for n in growing)
            return Counters(0, seen_us(tail_of(run_.hashes), film.cuts), sizes)

        def moved(counters: Counters) -> None:
            tell(counters.out_us)
            work.moved.set()

        if self._pace is not None:
            self._pace.begin()
        words = run_words(film.plan, film.local, film.style, film.cuts, run_)
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

    async def _collect(self, work: _Work, scope: anyio.CancelScope) -> None:
        """Take parts while ffmpeg makes the ones behind them; trouble ends the run.

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

    async def _take_ready(self, work: _Work) -> None:
        """A part behind which the next has begun may still get its last pictures: counted once it rests."""
        while work.next + 1 < work.run.end and size_of(work.run.part(work.next + 1)):
            before, work.size = work.size, size_of(work.run.part(work.next))
            if work.size != before or not await self._take(work):
                return

    async def _finish(self, work: _Work) -> None:
        """What is left after the end of ffmpeg, which proves nothing by its status."""
        while work.next < work.run.end:
            if not await self._take(work):
                break
        if work.next == work.run.end:
            return
        ended = work.ended
        if ended is not None and ended.status != 0:
            free_bytes = shutil.disk_usage(self._folder).free
            error = verify.end_error(ended.status, ended.evidence, free_bytes)
            short = ended.status in (*verify.SHORT_OF_MEMORY, verify.EXIT_EXTERNAL)
            alone = work.run.end - work.run.first == 1
            if short and not alone and not isinstance(error, DiskFullError):
                raise _CrowdedError(error.detail) from error
            raise error
        raise UnfitError(f"part {work.next} does not hold the pictures planned")

    async def _take(self, work: _Work) -> bool:
        """Keep the next part if it is whole; raises _DriftError when this run decodes other pictures than the last."""
        n, run_, cuts = work.next, work.run, self._film.cuts
        text = await anyio.to_thread.run_sync(text_of, run_.hashes)
        self._compare(n, hash_of(n, text, cuts, run_))
        behind = hash_of(n + 1, text, cuts, run_) if n + 1 < self._total else ""
        cut = cuts.parts[n]
        numerator, denominator = cuts.clock
        found = await self._decoder.ask(
            "count_part", path=str(run_.part(n)), numerator=numerator, denominator=denominator
        )
        begins = (found["first"], found["last"])
        right = not cuts.timed or begins == (cut.first_tick, cut.last_tick)
        if behind is None or found["frames"] != cut.frames or not right:
            return False
        await self._keep(n, run_.part(n), (found["first"], found["last"]), behind)
        if self._pace is not None:
            await self._pace.made(cut.frames, cuts.frames)
        work.next, work.size = work.next + 1, 0
        return True

    def _compare(self, n: int, seen: str | None) -> None:
        before = self._done.get(n - 1) if n > 0 else None  # the sound is -1
        if before is not None and seen is not None and before.guard != seen:
            raise _DriftError(f"part {n} does not begin with the picture behind part {n - 1}")

    async def _keep(
        self, n: int, rough: Path, ticks: tuple[int | None, int | None], guard: str
    ) -> None:
        """Copy, because ffmpeg still writes its closing bytes to what it has open; then make it durable and a row."""
        cut = self._film.cuts.parts[n] if n >= 0 else None
        final = self._folder / part_file(n)
        size, sha256 = await anyio.to_thread.run_sync(copy_durably, rough, final)
        first, frames = (cut.first, cut.frames) if cut is not None else (0, 0)
        part = Part(n, first, frames, ticks[0], ticks[1], size, sha256, guard)
        await self._kept.add(self._settings, part)
        self._done[n] = part

    async def _sound(self) -> None:
        film = self._film
        rough = self._folder / f"{part_file(SOUND_N)}.part"
        words = sound_words(film.plan, film.local, rough, film.origin_us)
        ended = await run(self._tool, words, self._limits, lambda _: None)
        if ended.status != 0:
            free_bytes = shutil.disk_usage(self._folder).free
            raise verify.end_error(ended.status, ended.evidence, free_bytes)
        await self._keep(SOUND_N, rough, (None, None), "")
        await anyio.to_thread.run_sync(sweep, self._folder)

    async def _join(self, rough: Path) -> int:
        film, names = self._film, [part_file(n) for n in range(self._total)]
        try:
            joined = await self._joined(names, rough)
        except CorruptError as error:
            raise UnfitError(f"its parts do not join: {error.detail}") from error
        if joined["frames"] != film.cuts.frames:
            raise UnverifiedError(
                f"{joined['frames']} of {film.cuts.frames} pictures were joined", stage="convert"
            )
        return film.cuts.frames

    async def _joined(self, names: list[str], rough: Path) -> dict[str, Any]:
        film = self._film
        return await self._decoder.ask(
            "join_parts",
            path=str(film.local),
            sniffed=str(film.plan["sniffed"]),
            parts=json.dumps([str(self._folder / name) for name in names]),
            sound=str(self._folder / part_file(SOUND_N)) if film.has_sound_part else None,
            numerator=film.cuts.clock[0],
            denominator=film.cuts.clock[1],
            origin_us=film.origin_us,
            into=str(rough),
        )


def beside(preset: str, pixels: int, limits: EncoderLimits) -> int:
    """How many parts one run may make under these limits."""
    return ladder.beside(preset, pixels, limits.beside_bytes, limits.memory_bytes)


def seek_us(film: Film, n: int, margin: int) -> int | None:
    """Where decoding begins for part `n`; None: at the start of the file.

    An exact container needs its keyframe, or the one before when filters look at neighbours. `margin` counts the
    mismatches seen so far.
    """
    cuts, part = film.cuts, film.cuts.parts[n]
    if n == 0 or not cuts.timed or margin >= len(MARGINS_S):
        return None
    if not cuts.coarse and margin == 0:
        return part.before_us if film.plan.get("interlaced") else part.into_us
    if part.before_us is None:
        return None
    at = min(part.before_us, part.start_us - MARGINS_S[margin] * 1_000_000)
    return at if at > cuts.parts[0].start_us + 1_000_000 else None


def _fits(part: Part, film: Film) -> bool:
    """Whether a part of an earlier run is the one that this plan would make."""
    if part.n == SOUND_N:
        return film.has_sound_part
    if not 0 <= part.n < len(film.cuts.parts):
        return False
    cut = film.cuts.parts[part.n]
    ticks = (part.first_tick, part.last_tick)
    right = not film.cuts.timed or ticks == (cut.first_tick, cut.last_tick)
    return right and (part.first, part.frames) == (cut.first, cut.frames)
