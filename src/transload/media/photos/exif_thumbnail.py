"""The small picture that a camera puts into the metadata of a JPEG, inside the decoder child.

Pillow is imported here, so the main process never imports this module.
"""

import io
import struct

from PIL import ExifTags, Image

from transload.media.photos.colours import keeping_exif

LEAST_SIDE = 160
"""The longer side at least: what cameras write (DCF 2.0, 3.3.5), and what a tile of the page can show."""
WORTH_PIXELS = 1_000_000
"""Smaller photos are decoded in a millisecond or two, and then look better than their thumbnail."""
_START = len(b"Exif\0\0")
_IFD, _BASE = ExifTags.IFD, ExifTags.Base
_PLAIN_MODES = frozenset({"RGB", "L"})
_UNREADABLE = (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error, EOFError)


def fitting_thumbnail(image: Image.Image) -> Image.Image | None:
    """The thumbnail with the orientation of its photo, decoded; None where there is none that shows the whole photo.

    One of another aspect shows bars, or the picture before it was cut; one with an orientation of its own may be turned
    already.
    """
    try:
        small = _thumbnail(image)
    except _UNREADABLE:
        return None
    return None if small is None else keeping_exif(image, small)


def _thumbnail(image: Image.Image) -> Image.Image | None:
    exif = image.getexif()
    about = exif.get_ifd(_IFD.IFD1)
    begin, size = about.get(_BASE.JpegIFOffset), about.get(_BASE.JpegIFByteCount)
    turned = about.get(_BASE.Orientation, exif.get(_BASE.Orientation))
    if not isinstance(begin, int) or not isinstance(size, int):
        return None
    if turned != exif.get(_BASE.Orientation):
        return None
    begin += _START
    data = io.BytesIO(image.info["exif"][begin : begin + size])
    with Image.open(data, formats=("JPEG",)) as small:
        is_plain = small.mode in _PLAIN_MODES and "exif" not in small.info
        if not is_plain or not _fits(small.size, image.size):
            return None
        small.load()
        return small


def _fits(small: tuple[int, int], whole: tuple[int, int]) -> bool:
    """Whether one is the other made smaller, to within one pixel of rounding, and worth to be taken for it."""
    difference = abs(small[0] * whole[1] - small[1] * whole[0])
    is_worth_it = max(small) >= LEAST_SIDE and whole[0] * whole[1] >= WORTH_PIXELS
    return is_worth_it and difference <= max(whole)
