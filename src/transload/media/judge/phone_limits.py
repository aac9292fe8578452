"""What decoders of phones take: profiles, levels, sizes, pictures a second. Pure."""

import math
from fractions import Fraction

from transload.media.judge.streams import StreamFacts

SIDE_MAX = 3840
BLOCKS_MAX, BLOCKS_S_MAX = 36_864, 2_073_600
"""Macroblocks of a picture and of a second at level 5.2 (ITU-T H.264, table A-1): 4K at 64 pictures a second."""
BLOCK = 16
RATE_MAX = 240.0
"""Files that tell more pictures a second are mostly wrong; so their pictures become no smaller than for this many."""
STUDIO_PROFILES = frozenset(
    {"High 4:4:4 Predictive", "High 4:4:4", "High 4:4:4 Intra", "CAVLC 4:4:4 Intra", "Extended"}
)
"""Profiles of H.264 that no phone decodes even where their pictures are 4:2:0 (lossless ones are), by libav's names."""
_LEVEL_MAX = 5.2
_OF_ONE = {"h264": 10, "hevc": 30}
"""In what a stream writes level 1 (ITU-T H.264, 7.4.2.1.1; H.265, 7.4.4)."""


def demands(picture: StreamFacts) -> list[str]:
    """What the picture asks of a decoder beyond what phones have, as reasons; empty when it fits."""
    codec, size = picture.codec, (picture.width, picture.height)
    found: list[str] = []
    if codec == "h264" and picture.profile in STUDIO_PROFILES:
        found.append(f"H.264 {picture.profile} does not play on phones")
    level = (picture.level or 0) / _OF_ONE.get(codec, math.inf)
    if level > _LEVEL_MAX:
        found.append(f"{codec} of level {level:.1f} does not play on phones")
    if max(size) > SIDE_MAX or (codec == "h264" and _blocks(size) > BLOCKS_MAX):
        found.append(f"{size[0]} x {size[1]} is too large for phones")
    return found


def side_of(picture: StreamFacts) -> int | None:
    """The longest side in pixels that it may have as H.264, shown in square pixels; None: it may stay as it is."""
    size = shown_size(picture)
    most = min(BLOCKS_MAX, BLOCKS_S_MAX / min(RATE_MAX, picture.fps or 1.0))
    if max(size) <= SIDE_MAX and _blocks(size) <= most:
        return None
    sides = range(min(SIDE_MAX, max(size)) // BLOCK * BLOCK, BLOCK, -BLOCK)
    return next((side for side in sides if _blocks(size, side / max(size)) <= most), BLOCK)


def stated_level(picture: StreamFacts, side: int | None) -> str | None:
    """The level to write where the encoder would write a higher one, as the file claims too many frames a second.

    None where the encoder may choose: its choice follows from the size and the rate.
    """
    size = shown_size(picture)
    claimed = max(picture.fps or 1.0, float(Fraction(picture.rate or 1)))
    share = min(1.0, side / max(size)) if side else 1.0
    return str(_LEVEL_MAX) if _blocks(size, share) * claimed > BLOCKS_S_MAX else None


def shown_size(picture: StreamFacts) -> tuple[int, int]:
    """Width and height with the coded width stretched by the shape of a pixel ("4:3"; players keep the height)."""
    width, height = picture.width, picture.height
    wide, _, high = (picture.sar or "").partition(":")
    if not (wide.isdigit() and high.isdigit()) or not int(wide) * int(high):
        return width, height
    return max(1, round(width * int(wide) / int(high))), height


def _blocks(size: tuple[int, int], share: float = 1.0) -> int:
    """Macroblocks of a picture with sides of that share, those at its edges whole."""
    return math.prod(math.ceil(pixels * share / BLOCK) for pixels in size)
