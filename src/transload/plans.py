"""What a converter is to do, one type for each way, and how the ledger stores it.

In JSON `do` names the way; what is to stay as it is has none.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from transload.json_codec import Json, JsonObject, from_json, to_json

BT709, SMPTE170M = 1, 6
"""Numbers of ITU-T H.273: the colours of large frames, and of small ones."""

KeptExif = Literal["date", "date and place", "all"]
PhotoReader = Literal["pillow", "libav", "preview", "program", "to_the_last_byte"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyPlan:
    """What every plan has: the recipe it was made for.

    `original` is "beside" where the original holds more than the copy shows; `note` says, once it was carried out, what
    gave way.
    """

    recipe: str = "telegram"
    original: Literal["beside"] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UntouchedPlan(AnyPlan):
    """Nothing is made. `nosound_video` is known of films that play as they are: whether they are silent."""

    nosound_video: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan(AnyPlan):
    """A film that plays as it is, cut into several files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegPlan(AnyPlan):
    """A photo made a safe JPEG. `side` is its longest side in pixels, None is no bound; `exif` what stays of it."""

    sniffed: str
    side: int | None
    quality: int
    reader: PhotoReader = "pillow"
    exif: KeptExif = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan(AnyPlan):
    """What ffmpeg makes of a file: its format, and what the result is measured by.

    `promised_s` and `promised_picture_s` are by the header, `lost_s` precedes the first picture. `hides`: some packets
    are no picture of their own. `sound_n` is the number of the audio stream among those of the file.
    """

    sniffed: str
    sound_n: int = 0
    duration_s: float | None = None
    promised_s: float | None = None
    promised_picture_s: float | None = None
    fps: float | None = None
    lost_s: float = 0.0
    partial: bool = False
    hides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class M4aPlan(StreamPlan):
    """Audio alone, made AAC. `cover` is the number of the stream that holds its cover, in a form that MP4 has."""

    channels: int = 0
    cover: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp3Plan(StreamPlan):
    """Audio alone, made MP3. `cover` is the number of the stream that holds its cover."""

    kbit_s: int
    raise_hertz: bool = False
    downmix: bool = False
    cover: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationPlan(StreamPlan):
    """An animation made a silent MP4. `unpack`: ffmpeg cannot read them as they are."""

    frames: int = 0
    unpack: bool = False
    size: tuple[int, ...] = (0, 0)
    side: int | None = None
    short: int | None = None

    # What an animation never is, so that its frames are encoded like those of a film.
    hdr: ClassVar[bool] = False
    interlaced: ClassVar[bool] = False
    by_order: ClassVar[bool] = False
    rate: ClassVar[str | None] = None
    level: ClassVar[str | None] = None
    matrix: ClassVar[int] = SMPTE170M
    primaries: ClassVar[int] = BT709
    curve: ClassVar[int] = BT709


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPlan(StreamPlan):
    """What every MP4 of a film needs. `mute`: it has audio that no decoder here knows; `subtitles` are numbers."""

    hevc: bool = False
    dolby_only: bool = False
    sound: bool = False
    mute: bool = False
    channels: int = 0
    subtitles: tuple[int, ...] = ()
    order: Literal["kept", "lost", "unsure"] = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrapPlan(FilmPlan):
    """Video and audio are copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSoundPlan(FilmPlan):
    """The video is copied, the audio made AAC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodePlan(FilmPlan):
    """The video is encoded.

    `by_order`: its frames have no times but `rate`. `side` bounds the longer side, `short` the shorter one. `size` is
    upright in square pixels; `matrix`, `primaries` and `curve` are the source's colours.
    """

    keep_sound: bool = False
    interlaced: bool = False
    hdr: bool = False
    by_order: bool = False
    rate: str | None = None
    level: str | None = None
    side: int | None = None
    short: int | None = None
    size: tuple[int, ...] = (0, 0)
    matrix: int = SMPTE170M
    primaries: int = BT709
    curve: int = BT709


EncodePlan = TranscodePlan | AnimationPlan
"""Those whose frames are encoded."""
FfmpegPlan = RewrapPlan | NewSoundPlan | TranscodePlan | M4aPlan | Mp3Plan | AnimationPlan
Plan = UntouchedPlan | SplitPlan | JpegPlan | FfmpegPlan

UNTOUCHED = UntouchedPlan()

_WAYS: dict[str, type[Plan]] = {
    "split": SplitPlan,
    "shrink": JpegPlan,
    "sound": M4aPlan,
    "mp3": Mp3Plan,
    "animation": AnimationPlan,
    "rewrap": RewrapPlan,
    "audio": NewSoundPlan,
    "transcode": TranscodePlan,
}
_WORDS: dict[type[Plan], str] = {kind: word for word, kind in _WAYS.items()}


def plan_to_json(plan: Plan) -> JsonObject:
    """A plan as the ledger stores it."""
    word = _WORDS.get(type(plan))
    return to_json(plan) if word is None else {"do": word, **to_json(plan)}


def plan_from_json(stored: dict[str, Json]) -> Plan:
    """The plan that `plan_to_json` wrote, or an earlier version. Raises ValueError for a way that is not known."""
    if not stored:
        return UNTOUCHED
    word = stored.get("do")
    if word is None:
        return from_json(UntouchedPlan, stored)
    if word not in _WAYS:
        raise ValueError(f"no way to convert is called {word!r}")
    return from_json(_WAYS[str(word)], stored)


# What a conversion gives, and the finished segments of a long one: shapes and the port of their store.


@dataclass(frozen=True, slots=True)
class Looks:
    """What a player shows of a delivered file before it plays: pixels as shown (upright), seconds, the words in it.

    `thumb` is a JPEG as probing makes it. None and empty where it is not known or there is none.
    """

    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    title: str = ""
    performer: str = ""
    thumb: bytes | None = None


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a result: where it lies, its size and hash, and what a player shows of it."""

    local: Path
    size_bytes: int
    sha256: str
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """A verified conversion result in the scratch folder: its file, size, hash, and what a player shows of it.

    `rest` are the files after the first where a film was split; `note` says what gave way (lines, preset, one file).
    `short` says what is missing of what its source promises.
    """

    local: Path
    size_bytes: int
    sha256: str
    looks: Looks | None = None
    rest: tuple[OutputFile, ...] = ()
    note: str = ""
    short: str = ""

    @property
    def pieces(self) -> tuple[OutputFile, ...]:
        """All files in their order."""
        return (OutputFile(self.local, self.size_bytes, self.sha256, self.looks), *self.rest)


@dataclass(frozen=True, slots=True)
class QualityChoice:
    """How a film is made for good, once its first segment was measured: preset, lines of the short side, and why."""

    preset: str
    lines: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment of a long transcode: its frames from `first` on; ticks of its first and last are the source's.

    `n` is -1 for the audio. `guard` is the hash of the frame after it, empty after the last segment.
    """

    n: int
    first: int
    frames: int
    first_tick: int | None
    last_tick: int | None
    size_bytes: int
    sha256: str
    guard: str

    @property
    def file(self) -> str:
        """Its name in the folder of its key."""
        return segment_file(self.n)


def segment_file(n: int) -> str:
    """The name of segment `n`; NUT keeps the source's exact times, the audio needs MP4's edit list."""
    return f"{n:05d}.nut" if n >= 0 else "sound.mp4"


class SegmentStore(Protocol):
    """Finished segments of one source's long transcode, kept across runs and jobs, apart by `settings`."""

    async def begin(self, settings: str) -> Path | None:
        """The folder for their files, swept of temporaries; None while another task of this process works in it."""
        ...

    async def known(self, settings: str) -> list[Segment]:
        """Segments of earlier runs whose files are there with their size and hash."""
        ...

    async def free_bytes(self, settings: str) -> int:
        """Bytes that may still be written to that folder; negative when the disk is below its reserve."""
        ...

    async def add(self, settings: str, segment: Segment) -> None:
        """Remember a segment whose file lies durably in the folder. Raises LostLeaseError."""
        ...

    async def drop(self, settings: str) -> None:
        """Forget all of them and remove their files: they were not what they should be."""
        ...

    async def chosen(self, settings: str) -> QualityChoice | None:
        """What an earlier run chose for the film of these settings."""
        ...

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        """Remember a choice, durably. Raises LostLeaseError."""
        ...

    def leave(self, settings: str) -> None:
        """Another task may work in the folder again. Never fails."""
        ...


class Yielded(Exception):  # noqa: N818  nothing went wrong
    """A long conversion stopped with its segments kept, because a shorter one waits; it is taken up again."""


ShouldYield = Callable[[float], Awaitable[bool]]
"""Asked between two runs of a long conversion, with the share of it that is left: whether a shorter one waits."""


async def never_yield(_left: float) -> bool:
    """Nobody waits."""
    return False


@dataclass(frozen=True, slots=True)
class ConversionTerms:
    """What a conversion works under: the store of its segments, the most bytes of a file where it goes, who waits."""

    segments: SegmentStore | None = None
    limit_bytes: int | None = None
    should_yield: ShouldYield = never_yield


NO_TERMS = ConversionTerms()


# What reading all packets of a file shows: how many frames there are, and how long video and audio last.


@dataclass(slots=True)
class Measurement:
    """Packets of the picture, and spans from the first to the last begin.

    `missing_s` are holes in the middle, `empty` are frames of zeros only, `end_s` is where the last packet of any
    stream ends. `error` says why reading broke off; what was there before it counts.
    """

    frames: int = 0
    span_s: float = 0.0
    audio_span_s: float = 0.0
    missing_s: float = 0.0
    empty: int = 0
    end_s: float = 0.0
    error: str = ""
    evidence: str | None = None
