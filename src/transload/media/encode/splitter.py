"""A film in several files, each below the limit of its destination: copied, never encoded again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transload.errors import TooBigError, UnverifiedError
from transload.files.disk import free_bytes
from transload.media.decoder_pool import DecoderPool
from transload.media.encode import ffmpeg_args, verify
from transload.media.encode.conversion import Conversion
from transload.media.encode.ffmpeg import EncoderLimits, Ffmpeg, run
from transload.media.encode.stream_encoder import StreamEncoder
from transload.media.requests import PLAN_PIECES, Pieces, PlanPieces
from transload.plans import RewrapPlan

# Where a video is cut into files of a bounded size: at keyframes, with which all segments begin. Pure.


PIECES_MAX = 99
EVEN_SHARES = (1.02, 1.1, 1.25)
"""How much larger than the mean a file may be, tried in turn: a last file of some seconds looks like a mistake."""


@dataclass(frozen=True, slots=True)
class Key:
    """A keyframe that a file may begin with, and the bytes stored before it.

    `at_s` lies half-way from the keyframe before, in seconds from the first picture: ffmpeg cuts at the next keyframe
    after a time, and its versions do not agree on where times begin.
    """

    at_s: float
    before: int


def cuts_of(keys: Sequence[Key], total: int, most: int) -> list[float] | None:
    """Times to cut at, so that no file holds more than `most` bytes and all about as many.

    None where a stretch between two keyframes is larger, or where there would be more than `PIECES_MAX` files.
    """
    least = _filled(keys, total, most)
    if least is None or len(least) >= PIECES_MAX:
        return None
    mean = total / (len(least) + 1)
    for share in EVEN_SHARES:
        even = _filled(keys, total, min(most, int(mean * share)))
        if even is not None and len(even) == len(least):
            return _times(even)
    return _times(least)


def _times(cuts: Sequence[Key]) -> list[float]:
    return [round(key.at_s, 6) for key in cuts]


def _filled(keys: Sequence[Key], total: int, most: int) -> list[Key] | None:
    """The fewest cuts: each file is filled as far as it goes."""
    cuts: list[Key] = []
    begin, last = 0, None
    for key in (*keys, Key(0.0, total)):
        if key.before - begin > most:
            if last is None or key.before - last.before > most:
                return None
            cuts.append(last)
            begin = last.before
        last = key
    return cuts


SHARES = (0.99, 0.93, 0.8)
"""Of the limit, as far as packets fill a file; the next is tried where its index made a file too large after all."""

NEVER_S = 1e9  # where nothing is to be cut after all: what is left out made it too large


@dataclass(frozen=True, slots=True)
class Splitter:
    """What it takes to cut films: the decoder child that reads keyframes, and ffmpeg."""

    decoder: DecoderPool
    tool: Ffmpeg
    limits: EncoderLimits

    async def cut(self, film: Path, limit_bytes: int, stem: Path) -> list[Path]:
        """The files, in their order, named `stem` with a number; `film` stays.

        Raises TooBigError where the film has too few keyframes for files so small; the errors of an encoder.
        """
        for share in SHARES:
            most = int(limit_bytes * share)
            request = PlanPieces(path=str(film), sniffed="mov", most=most)
            found = await self.decoder.ask(PLAN_PIECES, request)
            if found.cuts is None:
                break
            made = await self._cut_at(split_args(film, found, stem), stem)
            if all(path.stat().st_size <= limit_bytes for path in made):
                return made
            for path in made:
                path.unlink()
        raise TooBigError(
            f"no keyframes near enough to split it below {limit_bytes:,} bytes", stage="convert"
        )

    async def _cut_at(self, arguments: list[str], stem: Path) -> list[Path]:
        ended = await run(self.tool, arguments, self.limits, lambda _: None)
        if ended.status != 0:
            raise verify.end_error(ended.status, ended.evidence, free_bytes(stem.parent))
        return sorted(stem.parent.glob(f"{stem.name}-*.mp4"))


def _size_of(path: Path) -> int:
    return path.stat().st_size


async def below_limit(
    streams: StreamEncoder, work: Conversion, whole: Path, stem: Path
) -> Sequence[Path]:
    """The result, in several files where it is too large for one. Raises TooBigError."""
    limit, size = work.terms.limit_bytes, _size_of(whole)
    if limit is None or size <= limit:
        return [whole]
    if ffmpeg_args.suffix_of(work.plan) != ".mp4":
        raise TooBigError(f"{size:,} bytes, {limit:,} at most", stage="convert")
    splitter = Splitter(streams.decoder, await streams.tool(), streams.usual)
    roughs = await splitter.cut(whole, limit, stem)
    counts = [(await streams.measured(path, "mov")).frames for path in (whole, *roughs)]
    if sum(counts[1:]) != counts[0]:
        raise UnverifiedError(
            f"{sum(counts[1:])} of {counts[0]} frames are in the files", stage="convert"
        )
    work.notes.append(f"in {len(roughs)} files: one may have {limit:,} bytes at most")
    return roughs


def split_args(film: Path, found: Pieces, stem: Path) -> list[str]:
    """All words after ffmpeg's name for what the child has found.

    Each file begins with a keyframe and counts its times from there.
    """
    plan = RewrapPlan(sniffed="mov", hevc=found.hevc)
    pattern = str(stem).replace("%", "%%")
    return [
        *ffmpeg_args.QUIET,
        *ffmpeg_args.opening(plan, film),
        *ffmpeg_args.copying(plan),
        *(
            "-f",
            "segment",
            "-segment_times",
            ",".join(f"{time:.6f}" for time in found.cuts or (NEVER_S,)),
        ),
        *("-reset_timestamps", "1", "-segment_format", "mp4"),
        *("-segment_format_options", "movflags=+faststart", f"file:{pattern}-%03d.mp4"),
    ]
