"""Segments kept in memory and a folder, and a maker of films in segments around real children."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transload.media.decoder import DecoderLimits
from transload.media.decoder_pool import DecoderPool
from transload.media.encode.ffmpeg import EncoderLimits, find_ffmpeg
from transload.media.encode.ffmpeg_args import EncodeStyle
from transload.media.requests import MEASURE, PLAN_SEGMENTS, Measure, PlanSegments
from transload.media.segments.encoder import SegmentEncoder, SegmentRequest
from transload.plans import QualityChoice, Segment, TranscodePlan


@dataclass
class Shelf:
    """The `Segments` port without a database."""

    root: Path
    segments: dict[int, Segment] = field(default_factory=dict)
    busy: bool = False
    free: int = 1 << 40
    dropped: int = 0
    added: list[int] = field(default_factory=list)
    choices: dict[str, QualityChoice] = field(default_factory=dict)

    async def begin(self, settings: str) -> Path | None:
        if self.busy:
            return None
        folder = self.root / settings
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    async def known(self, settings: str) -> list[Segment]:
        del settings
        return list(self.segments.values())

    async def free_bytes(self, settings: str) -> int:
        del settings
        return self.free

    async def add(self, settings: str, segment: Segment) -> None:
        del settings
        self.segments[segment.n] = segment
        self.added.append(segment.n)

    async def drop(self, settings: str) -> None:
        del settings
        self.segments.clear()
        self.dropped += 1

    async def chosen(self, settings: str) -> QualityChoice | None:
        return self.choices.get(settings)

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        self.choices.setdefault(settings, choice)

    def leave(self, settings: str) -> None:
        """Nobody else is here."""

    def files(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if path.is_file())


SNIFFED = {".mkv": "matroska", ".mov": "mov", ".ts": "mpegts", ".avi": "avi", ".wmv": "asf"}


async def planned(decoder: DecoderPool, source: Path, **more: Any) -> SegmentRequest:  # noqa: ANN401  fields of a plan
    """A film to be made of a source, as the converter plans it."""
    sniffed = SNIFFED[source.suffix]
    plan = TranscodePlan(sniffed=sniffed, sound=True, **more)
    request = PlanSegments(path=str(source), sniffed=sniffed, by_order=plan.by_order)
    found = await decoder.ask(PLAN_SEGMENTS, request)
    assert found.cuts is not None
    tool = await find_ffmpeg(None)
    style = EncodeStyle("veryfast", 2, tool.filters, tool.source_clock)
    return SegmentRequest(source, plan, found.cuts, style, found.origin_us, found.pixels)


@asynccontextmanager
async def decoder_child() -> AsyncIterator[DecoderPool]:
    """A decoder child that ends with the test."""
    decoder = DecoderPool(DecoderLimits())
    try:
        yield decoder
    finally:
        await decoder.aclose()


async def made(
    decoder: DecoderPool,
    film: SegmentRequest,
    shelf: Shelf,
    into: Path,
    limits: EncoderLimits | None = None,
) -> list[int]:
    """Make it; gives the progress that was told, in microseconds."""
    told: list[int] = []
    maker = SegmentEncoder(decoder, await find_ffmpeg(None), limits or EncoderLimits(), film, shelf)

    async def check(frames: int) -> None:
        found = await decoder.ask(MEASURE, Measure(path=str(into), sniffed="mov"))
        assert found.frames == frames == film.cuts.frames

    await maker.make(into, told.append, check)
    return told
