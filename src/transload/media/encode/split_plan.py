"""Where a video is cut into files of a bounded size: at keyframes, with which all segments begin. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

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
