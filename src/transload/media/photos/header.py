"""What the header of a photo says, inside the decoder child, before any of its pixels is decoded.

Pillow is imported here, so the main process never imports this module.
"""

import logging
import struct
from dataclasses import replace
from typing import Any, BinaryIO, Literal

from PIL import ExifTags, Image

from transload.facts import PIXELS_MAX, FileFacts

# What a converted photo keeps of its metadata, inside the decoder child: all that fits, or when it was taken.
#
# Pillow is imported here, so the main process never imports this module.


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


JPEG = frozenset({"JPEG", "MPO"})
_PAGED = frozenset({"TIFF", "HEIF"})
PAGES_LOOKED_AT = 1000
_OF_STILLS = frozenset({"MPO", "TIFF", "PSD", "HEIF"})
"""Formats whose several pictures are pages, layers or a collection: the first or primary one is the photo."""
_WEBP_OPEN_BYTES = 8  # A pixel in libwebp's animation decoder: two canvases of RGBA.
_WEBP_BYTES = 12  # And as a picture of ours.
_TURNED_FROM = 5  # EXIF orientations 5..8 swap width and height.


def with_header(found: FileFacts, image: Image.Image) -> FileFacts:
    """The facts with format, upright size, mode, how many pictures and pages, play time, bytes that decoding takes."""
    orientation = _exif_before_decoding(image).get(ExifTags.Base.Orientation, 1)
    turned = isinstance(orientation, int) and _TURNED_FROM <= orientation <= 8
    width, height = reversed(image.size) if turned else image.size
    single = image.format in _OF_STILLS or width * height > PIXELS_MAX
    frames = 1 if single else int(getattr(image, "n_frames", 1))
    return replace(
        found,
        format=image.format or "",
        width=width,
        height=height,
        orientation=orientation if isinstance(orientation, int) else 1,
        mode=image.mode,
        frames=frames,
        pages=_pages(image),
        duration_s=_play_time(image, frames),
        progressive=bool(image.info.get("progressive")),
        decode_bytes=width * height * _pixel_bytes(image),
    )


def _pages(image: Image.Image) -> int:
    """Pictures of the file that are none of another's small copies (TIFF 6.0, NewSubfileType, bit 0)."""
    count = int(getattr(image, "n_frames", 1)) if image.format in _PAGED else 1
    if image.format != "TIFF" or count == 1:
        return count
    full = 0
    for page in range(min(count, PAGES_LOOKED_AT)):
        image.seek(page)
        full += not image.getexif().get(ExifTags.Base.NewSubfileType, 0) & 1
    image.seek(0)
    return max(1, full)


def large_webp(file: BinaryIO, decode_limit: int) -> FileFacts | None:
    """The facts of a WebP too large for `decode_limit`, from its header: opening one takes two canvases of memory.

    None for smaller ones. Layouts: RFC 9649, sections 2.5 to 2.7.
    """
    head = file.read(30)
    file.seek(0)
    numbers = int.from_bytes(head[21:25], "little")
    width, height = {
        b"VP8X": (
            1 + int.from_bytes(head[24:27], "little"),
            1 + int.from_bytes(head[27:30], "little"),
        ),
        b"VP8L": (1 + (numbers & 0x3FFF), 1 + (numbers >> 14 & 0x3FFF)),
        b"VP8 ": (
            int.from_bytes(head[26:28], "little") & 0x3FFF,
            int.from_bytes(head[28:30], "little") & 0x3FFF,
        ),
    }.get(head[12:16], (0, 0))
    if width * height * _WEBP_OPEN_BYTES <= decode_limit:
        return None
    return FileFacts(
        format="WEBP",
        width=width,
        height=height,
        mode="RGB",
        decoded="unproven",
        decode_bytes=width * height * _WEBP_BYTES,
    )


def _exif_before_decoding(image: Image.Image) -> Image.Exif:
    """Pillow's own `getexif` of a PNG decodes it whole, before its size was judged."""
    if image.format != "PNG":
        return image.getexif()
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif


def _play_time(image: Image.Image, frames: int) -> float | None:
    duration = image.info.get("duration")
    return (
        round(frames * float(duration) / 1000, 3)
        if frames > 1 and isinstance(duration, int | float)
        else None
    )


def _pixel_bytes(image: Image.Image) -> int:
    """Bytes a pixel takes while decoding: JPEG is drafted small, but a progressive one holds all coefficients."""
    if image.format in JPEG:
        return 3 if image.info.get("progressive") else 0
    return {
        "1": 1,
        "L": 1,
        "P": 1,
        "I;16": 2,
        "RGB": 4,
        "RGBA": 4,
        "CMYK": 4,
        "LA": 4,
        "PA": 4,
    }.get(image.mode, 4)
