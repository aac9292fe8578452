"""What probing finds in a file, whatever program looked: the facts that verdicts and plans are made of.

In JSON, as the decoder sends them and `inspect` shows them, what was not found, or is as usual, is left out.
"""

from dataclasses import dataclass, fields, replace
from typing import Literal

from transload.plans import Looks, PhotoReader

PIXELS_MAX = 1_000_000_000
"""More pixels than any camera makes: a header that claims them is hostile or damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """One stream. What follows `bit_rate` is of video, the last two are of audio.

    `type` is libav's word, `aside` names audio that goes beside the film's own, `rate` is the exact `fps`, `sar` the
    shape of a pixel ("4:3"). `transfer`, `matrix` and `primaries` are numbers of ITU-T H.273.
    """

    type: str
    codec: str = "unknown"
    cover: bool = False
    default: bool = False
    aside: str | None = None
    language: str | None = None
    duration_s: float | None = None
    profile: str | None = None
    tag: str | None = None
    bit_rate: int | None = None
    width: int = 0
    height: int = 0
    pix_fmt: str | None = None
    level: int | None = None
    fps: float | None = None
    rate: str | None = None
    frames: int = 0
    sar: str | None = None
    has_b_frames: bool = False
    transfer: int | None = None
    matrix: int | None = None
    primaries: int | None = None
    channels: int = 0
    hertz: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """One file: its name and first bytes, then what its wrapper, its tags, its streams or its picture say.

    `sniffed` is our word for the format by the first bytes, `sure` says that these cannot be another's, `denied` that
    the name promises a medium and they are something else. Times are in seconds, from the first frame that is shown.
    """

    name: str = ""
    suffix: str = ""
    size: int = 0
    sniffed: str = ""
    sniffed_kind: str = "unknown"
    sure: bool = False
    denied: bool = False
    container: str = ""
    error: str | None = None
    evidence: str | None = None
    duration_s: float | None = None
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""
    # of films and audio: `whole_s` and what is promised are said by headers, `readable_s` is there of a cut file
    streams: tuple[StreamFacts, ...] = ()
    begins_s: float = 0.0
    whole_s: float | None = None
    readable_s: float | None = None
    promised_s: float | None = None
    promised_picture_s: float | None = None
    lost_s: float = 0.0
    missing_bytes: int = 0
    shortened: bool = False
    chapters: int = 0
    frames_decoded: int = 0
    order: Literal["kept", "lost", "unsure"] = "kept"
    interlaced: bool = False
    rotation: int | None = None
    dolby_only: bool = False
    locked: bool = False
    brand: str | None = None
    moov: str | None = None
    moov_at: int | None = None
    fragmented: bool = False
    # of photos: `decoded` is how far it was proved, `coding` a kind that few programs know, `seen` a cut one's share
    format: str = ""
    mode: str = ""
    orientation: int = 1
    frames: int = 1
    pages: int = 1
    progressive: bool = False
    decode_bytes: int = 0
    decoded: str | None = None
    coding: str | None = None
    reader: PhotoReader | None = None
    extras: tuple[str, ...] = ()
    seen: float | None = None


NOTHING_FOUND = FileFacts()


def looks_of(found: FileFacts, thumb: bytes | None) -> Looks:
    """What a player shows of a file that was probed."""
    size = found.width or None, found.height or None
    return Looks(*size, found.duration_s, found.title, found.performer, thumb)


@dataclass(slots=True)
class Finding:
    """Facts while they are gathered: what was found before an error counts."""

    facts: FileFacts


def combined(first: FileFacts, then: FileFacts) -> FileFacts:
    """All that was found the first time, and over it what was found then."""
    held = ((one, getattr(then, one.name)) for one in fields(then))
    return replace(first, **{one.name: value for one, value in held if value != one.default})


def picture_of(streams: tuple[StreamFacts, ...]) -> StreamFacts | None:
    """The first video stream that is no cover."""
    return next((one for one in streams if one.type == "video" and not one.cover), None)
