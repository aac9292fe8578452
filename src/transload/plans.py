"""What a converter is to do, one type for each way, and how the ledger stores it.

In JSON `do` names the way; what is to stay as it is has none.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from transload.json_codec import Json, JsonObject, from_json, to_json

BT709, SMPTE170M = 1, 6
"""Numbers of ITU-T H.273: the colours of large pictures, and of small ones."""

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
    are no picture of their own. `sound_n` is the number of the sound among the sounds of the file.
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
    """Sound alone, made AAC."""

    channels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mp3Plan(StreamPlan):
    """Sound alone, made MP3. `cover` is the number of the stream that holds its cover."""

    kbit_s: int
    raise_hertz: bool = False
    downmix: bool = False
    cover: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationPlan(StreamPlan):
    """Moving pictures made a silent MP4. `unpack`: ffmpeg cannot read them as they are."""

    frames: int = 0
    unpack: bool = False
    size: tuple[int, ...] = (0, 0)
    side: int | None = None
    short: int | None = None

    # What an animation never is, so that its pictures are encoded like those of a film.
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
    """What every MP4 of a film needs. `mute`: it has sound that no decoder here knows; `subtitles` are numbers."""

    hevc: bool = False
    dolby_only: bool = False
    sound: bool = False
    mute: bool = False
    channels: int = 0
    subtitles: tuple[int, ...] = ()
    order: Literal["kept", "lost", "unsure"] = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrapPlan(FilmPlan):
    """Picture and sound are copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSoundPlan(FilmPlan):
    """The picture is copied, the sound made AAC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodePlan(FilmPlan):
    """The picture is encoded.

    `by_order`: its pictures have no times but `rate`. `side` bounds the longer side, `short` the shorter one. `size` is
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
"""Those whose pictures are encoded."""
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
