"""What reading all packets of a file tells: how many pictures there are, and how long picture and sound last."""

from dataclasses import dataclass


@dataclass(slots=True)
class Measurement:
    """Packets of the picture, and spans from the first to the last begin.

    `missing_s` are holes in the middle, `empty` are pictures of zeros only, `end_s` is where the last packet of any
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
