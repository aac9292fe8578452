"""Raw photos of cameras (DNG and the others that are TIFF inside: NEF, ARW, CR2, PEF): the preview in them.

What a sensor saw is no picture before it is developed, and the first picture of such a file is often one of 160 points.
Every camera writes a JPEG along that it shows on its own screen, mostly of full size: that one is the photo here.

Pillow is imported here, so the main process never imports this module.
"""

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from PIL import Image, TiffImagePlugin

from transload.media.photos.codings import coding_of
from transload.media.photos.header import exif_of

_DNG_VERSION = 50706
_SENSOR = frozenset({32803, 34892})
"""PhotometricInterpretation of a colour filter array and of linear raw data (DNG 1.7)."""
_PACKED_AS_JPEG = frozenset({6, 7})
_SUB_DIRECTORIES = 330  # Adobe's TIFF supplement, SubIFDs
_COMPRESSION, _PHOTOMETRIC = 259, 262
_STRIP_AT, _STRIP_BYTES, _JPEG_AT, _JPEG_BYTES = 273, 279, 513, 514
_TAGS = (_DNG_VERSION, _COMPRESSION, _PHOTOMETRIC, _STRIP_AT, _STRIP_BYTES, _JPEG_AT, _JPEG_BYTES)
_DIRECTORIES_MAX = 32
_HEAD_BYTES = 8
_CANON, _CANON_AT = b"CR\x02", 8
"""A CR2 says so after the header of TIFF, and nowhere in its directories."""
_LOOK_BYTES = 65_536
"""The start of a JPEG shows whether it is a viewable one."""
_CLASSIC = (b"II*\0", b"MM\0*")


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw photo: its largest preview as JPEG, None where it has none, and the metadata of the file."""

    jpeg: bytes | None
    exif: bytes

    def preview(self) -> Image.Image:
        """The preview, lazy, turned and dated as the file is. Raises ValueError without one, OSError of Pillow."""
        if self.jpeg is None:
            raise ValueError("a raw photo without a preview")
        image = Image.open(io.BytesIO(self.jpeg), formats=("JPEG",))
        image.info["exif"] = self.exif
        return image


def raw_of(file: BinaryIO) -> Raw | None:
    """What a file that begins as a TIFF has of a raw photo; None for every other one, and for headers that end early.

    Raises OSError of reading the file.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of values that make no sense
            return _found(file)
    except (struct.error, SyntaxError, ValueError, LookupError, TypeError, EOFError):
        return None
    finally:
        file.seek(0)


def _found(file: BinaryIO) -> Raw | None:
    directories = list(_directories(file))
    file.seek(_CANON_AT)
    is_canon = file.read(len(_CANON)) == _CANON
    named = any(_DNG_VERSION in one or one.get(_PHOTOMETRIC) in _SENSOR for one in directories)
    if not is_canon and not named:
        return None
    jpegs = (_read(file, *span) for one in directories for span in _spans(one))
    largest = max(filter(None, jpegs), key=_points, default=b"")
    file.seek(0)
    return Raw(largest if _points(largest) else None, exif_of(file))


def _directories(file: BinaryIO) -> Iterator[dict[int, int]]:
    """All of the file, those of the chain and those that each names below itself, with what `_spans` looks at.

    Tags of several numbers are left out: of several strips none is a whole picture.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    left = [TiffImagePlugin.ImageFileDirectory_v2(head).next] if head[:4] in _CLASSIC else []
    seen: set[int] = set()
    while left and len(seen) < _DIRECTORIES_MAX:
        place = left.pop(0)
        if not place or place in seen:
            continue
        seen.add(place)
        file.seek(place)
        found: Any = TiffImagePlugin.ImageFileDirectory_v2(head)
        found.load(file)
        left += [*_numbers(found.get(_SUB_DIRECTORIES)), found.next]
        values = {tag: _numbers(found.get(tag)) for tag in _TAGS}
        values[_DNG_VERSION] = values[_DNG_VERSION][:1]
        yield {tag: one[0] for tag, one in values.items() if len(one) == 1}


def _numbers(value: object) -> list[int]:
    """What a tag holds: Pillow gives one number alone, and bytes as they are."""
    several = cast("Sequence[object]", value) if isinstance(value, tuple | bytes) else (value,)
    return [one for one in several if isinstance(one, int)]


def _spans(directory: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Where a directory says that a JPEG lies: place and bytes."""
    if _JPEG_AT in directory and _JPEG_BYTES in directory:
        yield directory[_JPEG_AT], directory[_JPEG_BYTES]
    is_jpeg = directory.get(_COMPRESSION) in _PACKED_AS_JPEG
    if is_jpeg and _STRIP_AT in directory and _STRIP_BYTES in directory:
        yield directory[_STRIP_AT], directory[_STRIP_BYTES]


def _read(file: BinaryIO, place: int, size: int) -> bytes | None:
    """The JPEG there; None for what is none, and for the lossless kind that holds what the sensor saw."""
    file.seek(place)
    head = file.read(min(size, _LOOK_BYTES))
    if head[:3] != b"\xff\xd8\xff" or coding_of(io.BytesIO(head), "jpeg") is not None:
        return None
    left = file.seek(0, io.SEEK_END) - place - len(head)
    file.seek(place + len(head))
    return head + file.read(max(0, min(size - len(head), left)))


def _points(jpeg: bytes) -> int:
    """Width by height; 0 where no picture can be opened."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            return image.width * image.height
    except (OSError, SyntaxError, ValueError):
        return 0
