"""Colours of a video that is encoded: limited range, the matrix that players take at its height, all tagged. Pure.

Numbers are those of ITU-T H.273. A player that reads no tags takes BT.709 from 720 lines on and BT.601 below (Chromium
does, too, where the tags are missing): what is made follows that, so that tags and guesses agree. Full range is made
limited: half-tagged it is shown too bright.
"""

from dataclasses import replace
from typing import Any

from transload.media.judge.streams import StreamFacts
from transload.plans import BT709, SMPTE170M, EncodePlan, TranscodePlan

HD_LINES = 720
_UNTOLD = frozenset({0, 2, None})
"""Unspecified; 0 is reserved, and as a matrix it is RGB."""
_SWSCALE = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020"}
"""Matrices that ffmpeg's scale filter knows, by its words."""


def with_colours(plan: TranscodePlan, raw: dict[str, Any], picture: StreamFacts) -> TranscodePlan:
    """The plan with the source's upright size in square pixels, and its colours as players take them."""
    matrix = picture.matrix
    coded = BT709 if picture.height >= HD_LINES else SMPTE170M
    return replace(
        plan,
        size=(raw.get("width") or picture.width, raw.get("height") or picture.height),
        matrix=coded if matrix is None or matrix in _UNTOLD else matrix,
        primaries=_told(picture.primaries),
        curve=_told(picture.transfer),
    )


def conversion(plan: EncodePlan) -> str:
    """Options of the scale filter that bring colours where they belong; for RGB it ignores the matrix of the source.

    The first scale of a chain has them, and `format=yuv420p` after it: left to itself ffmpeg converts with BT.601.
    From one matrix to another it is three levels too dark and tinted unless it is told to round; that takes time.
    """
    source, made = plan.matrix, _matrix(plan)
    # Tone mapping says what it made.
    read = "auto" if plan.hdr else _SWSCALE.get(source, "auto")
    rounded = ":flags=bicubic+accurate_rnd" if read != _SWSCALE[made] else ""
    return f":in_color_matrix={read}:out_color_matrix={_SWSCALE[made]}:out_range=tv{rounded}"


def tags(plan: EncodePlan) -> str:
    """The filter that says what the pictures are; the encoder writes it into the stream and into the file."""
    primaries = BT709 if plan.hdr else plan.primaries
    curve = BT709 if plan.hdr else plan.curve
    named = f"color_primaries={primaries}:color_trc={curve}:colorspace={_matrix(plan)}"
    return f"setparams=range=tv:{named}"


def _told(number: int | None) -> int:
    return BT709 if number is None or number in _UNTOLD else number


def _matrix(plan: EncodePlan) -> int:
    """By the height of what is made: the short side may be bounded (`short`), and the long one (`side`)."""
    width, height = plan.size
    least, most = max(1, min(width, height)), max(1, width, height)
    share = min(1.0, (plan.short or least) / least)
    share = min(share, (plan.side or most) / most)
    return BT709 if round(height * share) >= HD_LINES else SMPTE170M
