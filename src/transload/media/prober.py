"""Probing by several decoders at once, within the memory that one of them may take for pixels."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from transload.entry import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from transload.errors import MemoryLimitError
from transload.facts import FileFacts
from transload.media.decoder_pool import DecoderPool
from transload.media.requests import (
    LOOK,
    PIXEL_BYTES,
    PROBE,
    PROBE_ROOMY,
    Found,
    Operation,
    Probe,
)


class Prober:
    """Asks for facts and thumbnails; `ffprobe` is a configured path, None where PyAV or the one found is used."""

    def __init__(self, decoders: DecoderPool, ffprobe: Path | None) -> None:
        self._decoders = decoders
        self._ffprobe = ffprobe

    async def probe(self, local: Path, name: str) -> Found:
        """What a file is. Each decoder has its share of the memory; what needs more is decoded one at a time.

        Errors as `Decoder.ask` says.
        """
        program = str(self._ffprobe) if self._ffprobe is not None else None
        share = PIXEL_BYTES // self._decoders.most
        request = Probe(path=str(local), name=name, ffprobe=program, pixel_bytes=share)
        try:
            found = await self._decoders.ask(_for_name(name), request)
            if found.unopened:
                found = await self._decoders.ask(PROBE, request)
        except MemoryLimitError:
            found = None
        if found is not None and not _wants_more(found.facts, share):
            return found
        return await self._decoders.ask(PROBE_ROOMY, replace(request, pixel_bytes=PIXEL_BYTES))


def _for_name(name: str) -> Operation[Probe, Found]:
    """What to ask first; a wrong guess costs a second question, or waiting for the child of films."""
    streams = VIDEO_SUFFIXES | AUDIO_SUFFIXES
    return PROBE if PurePosixPath(name).suffix.lower() in streams else LOOK


def _wants_more(found: FileFacts, share: int) -> bool:
    """Whether a photo was not decoded because a decoder's share of the memory is too small for it."""
    return share < PIXEL_BYTES and found.decoded == "unproven" and found.decode_bytes > share
