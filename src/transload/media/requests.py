"""What the decoder child can be asked, one type for each operation, with its answer; both cross the pipe as JSON."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from transload.facts import FileFacts
from transload.json_codec import AnyDataclass
from transload.media.segments.cut_plan import Cuts
from transload.plans import KeptExif, Measurement, PhotoReader

PIXEL_BYTES = 160 << 20
"""Pixels that may be decoded while probing; the rest of the address space is libraries."""

R = TypeVar("R", bound=AnyDataclass)
A = TypeVar("A", bound=AnyDataclass)


@dataclass(frozen=True, slots=True)
class Operation(Generic[R, A]):
    """One thing the child does: its word in the request, and both types. What is `heavy` gets more memory and time.

    What may load the video library is of `films`: one child is enough that holds it.
    """

    word: str
    request: type[R]
    answer: type[A]
    heavy: bool = False
    films: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Facts and thumbnail of a file. `ffprobe` is the program to use; None: PyAV, where its wheel is installed.

    `pixel_bytes` is the most that the pixels of a photo may take while it is decoded.
    """

    path: str
    name: str
    ffprobe: str | None = None
    pixel_bytes: int = PIXEL_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`thumb` is a JPEG in Base64. `unopened`: it is no photo, and only its first bytes were looked at."""

    facts: FileFacts
    thumb: str | None
    unopened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """A safe JPEG of a photo, as `JpegTarget` says."""

    path: str
    into: str
    sniffed: str
    side: int | None
    quality: int
    reader: PhotoReader
    exif: KeptExif = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPictures:
    """The pictures of an animation, in a form that ffmpeg reads."""

    path: str
    into: str
    sniffed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done; the file holds the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Packets and spans of a file; `sound_n` is the number of the audio track that counts."""

    path: str
    sniffed: str
    sound_n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Whether every picture is shown after the one before it."""

    rises: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSegments:
    """Where to cut a film. `by_order`: its frames are distinguished by their number, because their times are lost."""

    path: str
    sniffed: str
    by_order: bool = False
    sound_n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """The cuts, None of a film that is not fit for segments; `origin_us` is what ffmpeg takes for zero."""

    cuts: Cuts | None = None
    origin_us: int = 0
    pixels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSegment:
    """The pictures of a segment, in ticks of the clock."""

    path: str
    clock: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCount:
    """Its pictures, when the first and the last begin (None: not exact), and its parameter sets."""

    frames: int = 0
    first: int | None = None
    last: int | None = None
    sets: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSegments:
    """One MP4 of all segments, with the audio and the tags of the source at `path`."""

    path: str
    sniffed: str
    into: str
    segments: tuple[str, ...]
    audio: str | None
    clock: tuple[int, int]
    origin_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """How many pictures the result has."""

    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPieces:
    """Where to cut a film so that each file stays below `most` bytes."""

    path: str
    sniffed: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Times from the film's begin, None where no keyframes are near enough; HEVC needs a tag."""

    cuts: tuple[float, ...] | None = None
    hevc: bool = False


LOOK = Operation("look", Probe, Found)
"""Probes photos; of what may be film or audio it says so."""
PROBE = Operation("probe", Probe, Found, films=True)
PROBE_ROOMY = Operation("probe_roomy", Probe, Found, heavy=True, films=True)
"""For what does not fit the usual limit: the frames of 8K, the pixels of a large photo."""
SHRINK = Operation("shrink", Shrink, Done, heavy=True)
TO_APNG = Operation("to_apng", CopyPictures, Done, heavy=True)
BARE_TRACK = Operation("bare_track", CopyPictures, Done)
MEASURE = Operation("measure", Measure, Measurement, films=True)
CHECK_ORDER = Operation("check_order", Measure, Order, films=True)
PLAN_SEGMENTS = Operation("plan_segments", PlanSegments, SegmentPlan, films=True)
COUNT_SEGMENT = Operation("count_segment", CountSegment, SegmentCount, films=True)
JOIN_SEGMENTS = Operation("join_segments", JoinSegments, Joined, films=True)
PLAN_PIECES = Operation("plan_pieces", PlanPieces, Pieces, films=True)
