"""What a prober tells of one stream of a file; both back-ends give the same."""

from dataclasses import dataclass
from typing import Any

from transload.json_codec import from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """One stream. What follows `bit_rate` is of pictures, the last two are of sound.

    `type` is libav's word, `aside` names a sound that goes beside the film's own, `rate` is the exact `fps`, `sar` the
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


def streams_of(raw: dict[str, Any]) -> tuple[StreamFacts, ...]:
    """The streams of a probed file in its order; none of what has none."""
    return tuple(from_json(StreamFacts, one) for one in raw.get("streams", ()))


def picture_of(streams: tuple[StreamFacts, ...]) -> StreamFacts | None:
    """The first stream of pictures that is no cover."""
    return next((one for one in streams if one.type == "video" and not one.cover), None)
