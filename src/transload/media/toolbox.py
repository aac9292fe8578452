"""The media port: sniff, probe, judge and convert, with every decoder in a child of its own."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from transload.media.decoder_pool import DecoderPool
from transload.media.encode.converter import Converter
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.encode.quality import USUAL, EncoderSettings
from transload.media.encode.stream_encoder import StreamEncoder
from transload.media.judge import verdict
from transload.media.judge.verdict import NO_WISHES, Wishes
from transload.media.probe.sniff import sniff
from transload.media.prober import Prober
from transload.model import Facts, Hevc, ItemKind, Judgement, Recipe, Verdict
from transload.plans import NO_TERMS, ConversionTerms, Converted
from transload.ports import Moved, Probed
from transload.processes.registry import NO_REGISTRY, ChildRegistry


class MediaToolbox:
    """The `Media` port. Use as an async context manager, or call `aclose`: either ends the decoder children.

    `ffmpeg` and `ffprobe` are configured paths (None: looked for), `threads` bounds the encoder's threads (0: its own
    choice), `effort` is the encoder's, `wishes` are the user's for all files, `decoders` is how many
    decoder children may run at once, `registry` records every child.
    """

    def __init__(  # noqa: PLR0913  settings, each used as it is
        self,
        *,
        ffmpeg: Path | None = None,
        ffprobe: Path | None = None,
        effort: EncoderSettings = USUAL,
        wishes: Wishes = NO_WISHES,
        decoders: int = 1,
        encoder: EncoderLimits | None = None,
        registry: ChildRegistry = NO_REGISTRY,
    ) -> None:
        self._decoders = DecoderPool(registry=registry, most=decoders)
        self._prober = Prober(self._decoders, ffprobe)
        self._wishes = wishes
        self._ffmpeg = ffmpeg
        self._effort = effort
        self._encoder = replace(encoder or EncoderLimits(), registry=registry)

    @cached_property
    def _converter(self) -> Converter:
        """Made when something must be converted."""
        streams = StreamEncoder(self._decoders, self._ffmpeg, self._effort, self._encoder)
        return Converter(streams, self.probe)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the decoder children."""
        await self._decoders.aclose()

    def sniff(self, head: bytes, name: str) -> ItemKind:
        """What its first bytes say the entry is; the name only breaks ties."""
        return sniff(head, name)

    async def probe(self, local: Path, name: str) -> Probed:
        """Facts and thumbnail of a local file; errors as in the port."""
        found = await self._prober.probe(local, name)
        thumb = base64.b64decode(found.thumb) if found.thumb else None
        return Probed(verdict.facts_of(found.facts), thumb)

    def judge(self, facts: Facts, recipe: Recipe, hevc: Hevc) -> Judgement:
        """The verdict for a recipe."""
        return verdict.judge(facts, recipe, hevc, self._wishes)

    def judge_recovery(
        self, facts: Facts, recipe: Recipe, failed: Judgement | None = None
    ) -> Sequence[Judgement]:
        """What to convert to as a second chance."""
        return verdict.judge_recovery(facts, recipe, self._wishes, failed)

    async def convert(
        self,
        local: Path,
        judgement: Judgement,
        into: Path,
        moved: Moved,
        terms: ConversionTerms = NO_TERMS,
    ) -> Converted:
        """Carry out `judgement.plan` into `into` and verify the result; errors as in the port."""
        if judgement.verdict is Verdict.TRANSCODE:
            await self._decoders.make_room()
        return await self._converter.convert(local, judgement, into, moved, terms)
