"""Conversions: made under a temporary name, verified, made durable, renamed. Only the result stays."""

import errno
import hashlib
import logging
import os
import shutil
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from transload.conversions import Made, Parts
from transload.errors import (
    ConvertError,
    CorruptError,
    DiskFullError,
    UnreadableError,
    UnverifiedError,
)
from transload.media import recipes, segments_plan, verify
from transload.media.decoder import Decoder
from transload.media.ffmpeg import Counters, EncoderLimits, Ended, Ffmpeg, find_ffmpeg, run
from transload.media.segments import Film, Segments, UnfitError
from transload.model import Judgement, Progress
from transload.ports import Probed

log = logging.getLogger(__name__)

_CHUNK = 1 << 20

Probe = Callable[[Path, str], Awaitable[Probed]]
Moved = Callable[[Progress], None]


class Converter:
    """Carries out plans. The ffmpeg binary is looked for on first use and remembered."""

    def __init__(
        self,
        decoder: Decoder,
        *,
        ffmpeg: Path | None,
        preset: str,
        limits: EncoderLimits,
        probe: Probe,
    ) -> None:
        self._decoder = decoder
        self._configured = ffmpeg
        self._preset = preset
        self._limits = limits
        self._probe = probe
        self._tool: Ffmpeg | None = None

    async def convert(
        self, local: Path, judgement: Judgement, into: Path, moved: Moved, parts: Parts | None
    ) -> Made:
        """The verified result in `into`; errors as in the port."""
        plan = judgement.plan
        suffix = recipes.suffix_of(plan)
        rough = into / f".{uuid.uuid4().hex}{suffix}"
        try:
            thumb = await self._make(local, plan, rough, moved, parts)
            size, sha256 = await anyio.to_thread.run_sync(_settle, rough)
            final = into / f"made{suffix}"
            await anyio.to_thread.run_sync(_publish, rough, final)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(stage="convert") from error
            raise ConvertError(
                f"the result cannot be written: {error.strerror}", stage="convert"
            ) from error
        finally:
            rough.unlink(missing_ok=True)
        return Made(final, size, sha256, thumb)

    async def _make(
        self, local: Path, plan: dict[str, Any], rough: Path, moved: Moved, parts: Parts | None
    ) -> bytes | None:
        if plan["do"] == "shrink":
            await self._shrink(local, plan, rough)
        elif plan.get("unpack"):
            await self._unpacked(local, plan, rough, moved)
        elif plan["do"] != "transcode" or not await self._in_parts(
            local, plan, rough, moved, parts
        ):
            await self._encode(local, plan, rough, moved)
        made = await self._probe(rough, rough.name)
        verify.check_facts(made.facts, plan)
        return made.thumb

    async def _shrink(self, local: Path, plan: dict[str, Any], rough: Path) -> None:
        await self._in_child("shrink", local, plan, rough, ("side", "quality"))

    async def _unpacked(self, local: Path, plan: dict[str, Any], rough: Path, moved: Moved) -> None:
        """Animations that ffmpeg cannot read go through an APNG, which keeps every frame and its time."""
        between = rough.with_suffix(".apng")
        try:
            await self._in_child("to_apng", local, plan, between, ())
            await self._encode(between, plan | {"sniffed": "apng"}, rough, moved)
        finally:
            between.unlink(missing_ok=True)

    async def _in_child(
        self, op: str, local: Path, plan: dict[str, Any], into: Path, keys: tuple[str, ...]
    ) -> None:
        fields = {key: plan[key] for key in keys}
        try:
            await self._decoder.ask(
                op, path=str(local), into=str(into), sniffed=plan["sniffed"], **fields
            )
        except (CorruptError, UnreadableError) as error:
            raise ConvertError(
                f"the picture does not decode: {error.detail}", stage="convert"
            ) from error

    async def _in_parts(
        self, local: Path, plan: dict[str, Any], rough: Path, moved: Moved, parts: Parts | None
    ) -> bool:
        """Whether the transcode was made in parts; what is short or odd is made in one piece."""
        found = None
        if parts is not None:
            asked = {"path": str(local), "sniffed": str(plan["sniffed"])}
            found = (await self._decoder.ask("plan_parts", **asked))["plan"]
        if found is None or parts is None:
            return False
        tool = await self._encoder()
        cuts = segments_plan.from_json(found)
        style = self._style(tool)
        film = Film(local, plan, cuts, style, found["origin_us"], found["pixels"])
        teller = _Teller(plan.get("duration_s"), moved, anyio.current_time())
        maker = Segments(self._decoder, tool, self._limits, film, parts)
        try:
            frames = await maker.make(rough, teller.reached)
        except UnfitError as error:
            log.info("parts_unfit", extra={"detail": error.detail})
            return False
        await self._check_frames(local, plan, rough, frames)
        return True

    async def _check_frames(
        self, local: Path, plan: dict[str, Any], rough: Path, frames: int
    ) -> None:
        source = await self._decoder.ask("measure", path=str(local), sniffed=plan["sniffed"])
        result = await self._decoder.ask("measure", path=str(rough), sniffed="mov")
        fault = verify.length_fault(plan, source, result, frames)
        if fault is None and result["frames"] != frames:
            fault = f"{result['frames']} pictures in the result instead of {frames}"
        if fault is not None:
            raise UnverifiedError(fault, stage="convert")

    async def _encoder(self) -> Ffmpeg:
        if self._tool is None:
            self._tool = await find_ffmpeg(self._configured)
        return self._tool

    def _style(self, tool: Ffmpeg) -> recipes.Style:
        return recipes.Style(self._preset, self._limits.threads, tool.filters, tool.source_clock)

    async def _encode(self, local: Path, plan: dict[str, Any], rough: Path, moved: Moved) -> None:
        tool = await self._encoder()
        words = recipes.arguments(_as_apng(plan), local, rough, self._style(tool))
        teller = _Teller(plan.get("duration_s"), moved, anyio.current_time())
        ended = await run(tool, words, self._limits, teller.tell)
        if ended.status != 0:
            free_bytes = shutil.disk_usage(rough.parent).free
            raise verify.end_error(ended.status, ended.evidence or None, free_bytes)
        await self._check_length(local, plan, rough, ended)

    async def _check_length(
        self, local: Path, plan: dict[str, Any], rough: Path, ended: Ended
    ) -> None:
        source = await self._decoder.ask(
            "measure", path=str(local), sniffed=_as_apng(plan)["sniffed"]
        )
        result = await self._decoder.ask(
            "measure", path=str(rough), sniffed=recipes.container_of(plan)
        )
        if (fault := verify.length_fault(plan, source, result, ended.counters.frame)) is not None:
            raise UnverifiedError(fault, stage="convert", evidence=ended.evidence or None)


def _as_apng(plan: dict[str, Any]) -> dict[str, Any]:
    """A moving PNG needs the demuxer that moves."""
    return plan | {"sniffed": "apng"} if plan["sniffed"] == "png" else plan


class _Teller:
    """Counters of the encoder as progress of the item; it never goes back."""

    def __init__(self, duration_s: float | None, moved: Moved, started: float) -> None:
        self._total = round(duration_s * 1_000_000) if duration_s else None
        self._moved = moved
        self._started = started
        self._done = 0
        self._taken_over: int | None = None

    def tell(self, counters: Counters) -> None:
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


def _settle(rough: Path) -> tuple[int, str]:
    """Hash what was written and make it durable; gives size and SHA-256."""
    digest = hashlib.sha256()
    with rough.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        os.fsync(file.fileno())
        return file.tell(), digest.hexdigest()


def _publish(rough: Path, final: Path) -> None:
    rough.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
