"""Conversions: made under a temporary name, verified, made durable, renamed. Only the result stays."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio.to_thread

from transload.errors import BugError, ConvertError, DiskFullError, is_disk_full
from transload.files.disk import durable_sum, name_durably
from transload.media.encode import verify
from transload.media.encode.conversion import Conversion
from transload.media.encode.pictures import PictureMaker
from transload.media.encode.quality import Clock
from transload.media.encode.splitter import below_limit
from transload.media.encode.stream_encoder import StreamEncoder
from transload.media.encode.transcoder import Probe, Transcoder
from transload.model import Judgement
from transload.plans import (
    AnimationPlan,
    ConversionTerms,
    Converted,
    JpegPlan,
    Looks,
    OutputFile,
    SplitPlan,
    StreamPlan,
    TranscodePlan,
    UntouchedPlan,
)
from transload.ports import Moved


class Converter:
    """Carries out plans: by the decoder child what is a still picture, by ffmpeg video and audio."""

    def __init__(self, streams: StreamEncoder, probe: Probe, clock: Clock = time.monotonic) -> None:
        self._streams = streams
        self._pictures = PictureMaker(streams.decoder)
        self._films = Transcoder(streams, probe, clock)
        self._probe = probe
        self._clock = clock

    async def convert(
        self, local: Path, judgement: Judgement, into: Path, moved: Moved, terms: ConversionTerms
    ) -> Converted:
        """The verified result in `into`; errors as in the port."""
        stem = into / f".{uuid.uuid4().hex}"
        work = Conversion.of(local, judgement, stem, moved, terms, self._streams.usual.threads)
        began_s = self._clock()
        try:
            made = await self._make(work, stem)
            work.notes += self._films.late(work, self._clock() - began_s)
            pieces: list[OutputFile] = []
            for n, (rough, looks) in enumerate(made):
                size, sha256 = await anyio.to_thread.run_sync(durable_sum, rough)
                final = into / f"made{'' if n == 0 else n + 1}{work.rough.suffix}"
                await anyio.to_thread.run_sync(name_durably, rough, final)
                pieces.append(OutputFile(final, size, sha256, looks))
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
        sums = first.size_bytes, first.sha256
        return Converted(first.local, *sums, first.looks, tuple(rest), note, work.short)

    async def _make(self, work: Conversion, stem: Path) -> Sequence[tuple[Path, Looks]]:
        """The files, verified, still under temporary names, and what players show of them."""
        plan, whole = work.plan, work.rough
        match plan:
            case JpegPlan():
                await self._pictures.shrink(work.local, plan, work.rough)
            case SplitPlan():
                whole = work.local
            case AnimationPlan(unpack=True):
                await self._unpacked(work, plan)
            case TranscodePlan():
                await self._films.make(work, plan)
            case UntouchedPlan():
                raise BugError("what is to stay untouched was given to the converter")
            case _:
                await self._streams.encode(work.local, work, plan)
        roughs = await below_limit(self._streams, work, whole, stem)
        made = [await self._probe(rough, rough.name) for rough in roughs]
        for one in made:
            verify.check_facts(one.facts, plan)
        if isinstance(plan, StreamPlan) and work.source is not None:
            work.short = verify.shortfall(plan, work.source, [one.facts.found for one in made])
        return [(rough, one.looks) for rough, one in zip(roughs, made, strict=True)]

    async def _unpacked(self, work: Conversion, plan: AnimationPlan) -> None:
        between, word = await self._pictures.unpack(work.local, plan, work.rough)
        await self._streams.encode(between, work, replace(plan, sniffed=word))
        between.unlink()


def _clear(stem: Path) -> None:
    """Remove temporaries that begin so."""
    for left in stem.parent.glob(f"{stem.name}*"):
        left.unlink()
