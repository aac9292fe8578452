"""What a converted photo keeps of its metadata, inside the decoder child: all that fits, or when it was taken.

Pillow is imported here, so the main process never imports this module.
"""

import logging
import struct
from typing import Any, BinaryIO, Literal

from PIL import ExifTags, Image

Kept = Literal["all", "date and place", "date"]

BYTES_MAX = 60_000
"""A JPEG has room for 65,533 in one segment (JEITA CP-3451, 4.5.4), its name and the profile beside it aside."""
_BASE, _IFD = ExifTags.Base, ExifTags.IFD
_DIRECTORIES = frozenset({_IFD.Exif, _IFD.GPSInfo})
_ABOUT = frozenset(
    {
        *(_BASE.ImageDescription, _BASE.Make, _BASE.Model, _BASE.Software, _BASE.DateTime),
        *(_BASE.Artist, _BASE.HostComputer, _BASE.Copyright, _BASE.Rating),
    }
)
"""Tags of the first directory that say something of the photo; the others describe bytes that are no longer there."""
_NOT_OF_THE_COPY = frozenset(
    {
        *(_BASE.MakerNote, _BASE.ExifInteroperabilityOffset, _BASE.ComponentsConfiguration),
        *(_BASE.ExifImageWidth, _BASE.ExifImageHeight, _BASE.CompressedBitsPerPixel),
    }
)
"""Of its own directory: offsets into the old file, sizes and coding of the old pixels."""
_DATES = (
    *(_BASE.DateTimeOriginal, _BASE.OffsetTimeOriginal, _BASE.SubsecTimeOriginal),
    *(_BASE.DateTimeDigitized, _BASE.OffsetTimeDigitized, _BASE.SubsecTimeDigitized),
)
_UNREADABLE = (
    *(struct.error, OSError, SyntaxError, ValueError, LookupError, TypeError, EOFError),
    *(ZeroDivisionError, AttributeError, OverflowError),
)
"""What Pillow's reader and writer of metadata raise on values that make no sense."""

log = logging.getLogger(__name__)


def kept_of(image: Image.Image, kept: Kept) -> bytes:
    """The metadata for an upright copy, as a JPEG takes it; of what cannot be read, nothing.

    A photo is worth more than its metadata: no error of theirs ends a conversion.
    """
    try:
        return _chosen(image.getexif(), kept)
    except _UNREADABLE as error:
        log.info("exif_dropped", extra={"error": type(error).__name__})
        return b""


def exif_of(tiff: BinaryIO) -> bytes:
    """What the metadata of a TIFF says of the photo, and how it is turned; of what cannot be read, nothing."""
    found, kept = Image.Exif(), Image.Exif()
    try:
        found.load_from_fp(tiff)
        kept.load(_chosen(found, "all"))
        kept[_BASE.Orientation] = found.get(_BASE.Orientation, 1)
        return kept.tobytes()
    except _UNREADABLE as error:
        log.info("exif_dropped", extra={"error": type(error).__name__})
        return b""


def _chosen(exif: Image.Exif, kept: Kept) -> bytes:
    about, place = exif.get_ifd(_IFD.Exif), exif.get_ifd(_IFD.GPSInfo)
    taken = about.get(_BASE.DateTimeOriginal)
    made = Image.Exif()
    own: dict[int, Any] = {tag: about[tag] for tag in _DATES if tag in about}
    if kept == "all":
        made.update({tag: value for tag, value in exif.items() if tag in _ABOUT})
        own = {tag: value for tag, value in about.items() if tag not in _NOT_OF_THE_COPY}
    if isinstance(taken, str):
        made.setdefault(_BASE.DateTime, taken)
    if own:
        made[_IFD.Exif] = own
    if place and kept != "date":
        made[_IFD.GPSInfo] = dict(place)
    return _fitting(made, own)


def _fitting(made: Image.Exif, own: dict[int, Any]) -> bytes:
    """As bytes; where there are too many, without the largest values (descriptions, comments, notes of programs)."""
    while len(data := made.tobytes()) > BYTES_MAX:
        sizes = {tag: len(str(value)) for tag, value in own.items()}
        sizes |= {tag: len(str(made[tag])) for tag in made if tag not in _DIRECTORIES}
        if not sizes:
            return b""
        largest = max(sizes, key=sizes.__getitem__)
        own.pop(largest, None)
        made.pop(largest, None)
        made[_IFD.Exif] = own
    return data
