"""What the first directory of a TIFF says of its numbers and how they are packed (TIFF 6.0; BigTIFF by libtiff)."""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

_COMPRESSIONS = {
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34713: "Nikon NEF",
    34887: "LERC",
    34927: "WebP",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
"""Values of the tag Compression (TIFF 6.0 and the register of libtiff) that Pillow's wheels do not decode."""
_ORDERS = {b"II": "<", b"MM": ">"}
_BIG = 43
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _STRIPS, _SAMPLES, _TILES, _FORMAT = (
    *(256, 257, 258, 259, 273),
    *(277, 324, 339),
)
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_FORMATS = {
    1: "",
    2: " with a sign",
    3: " of floats",
    5: " of complex numbers",
    6: " of complex numbers",
}
_ENTRIES_MAX = 512
_FLOATS = 3
_LONG_BITS = 32


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF of this order and size of numbers is read."""

    order: str
    big: bool

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, count, value or place of a tag."""
        return struct.Struct(f"{self.order}HHQ8s" if self.big else f"{self.order}HHI4s")

    def number(self, code: str, data: bytes) -> int:
        """The first number of this width; 0 where there are too few bytes."""
        packed = struct.Struct(self.order + code)
        return int(packed.unpack(data[: packed.size])[0]) if len(data) >= packed.size else 0


def coding_of_tiff(file: BinaryIO) -> str | None:
    """The name of what no decoder here reads; None for the rest, and where the header does not tell."""
    layout, tags = _first_tags(file)
    if compression := _COMPRESSIONS.get(tags.get(_COMPRESSION, 0)):
        return f"TIFF compressed with {compression}"
    if tags.get(_BITS) == _LONG_BITS and tags.get(_SAMPLES, 1) > 1 and tags.get(_FORMAT) != _FLOATS:
        return _words(layout, tags)
    return None


def kind_of_tiff(file: BinaryIO) -> str | None:
    """What a sound header says, for a picture that no reader knows; None for a header that makes no sense."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    layout, tags = _first_tags(file)
    at = tags.get(_STRIPS) or tags.get(_TILES) or 0
    is_sound = tags.get(_WIDTH) and tags.get(_HEIGHT) and 0 < at < size
    return _words(layout, tags) if is_sound else None


def _words(layout: _Layout, tags: dict[int, int]) -> str:
    numbers = f"{tags.get(_SAMPLES, 1)} x {tags.get(_BITS, 1)} bits{_FORMATS.get(tags.get(_FORMAT, 1), '')}"
    return f"{'BigTIFF' if layout.big else 'TIFF'} of {numbers}"


def _first_tags(file: BinaryIO) -> tuple[_Layout, dict[int, int]]:
    """The tags of the first page, each with its first number; none where the header ends early."""
    head = file.read(16)
    order = _ORDERS.get(head[:2], "<")
    layout = _Layout(order, big=len(head) > 3 and struct.unpack(f"{order}H", head[2:4])[0] == _BIG)
    file.seek(layout.number("Q", head[8:]) if layout.big else layout.number("I", head[4:]))
    count = layout.number("Q", file.read(8)) if layout.big else layout.number("H", file.read(2))
    entries = file.read(layout.entry.size * min(_ENTRIES_MAX, count))
    whole = len(entries) // layout.entry.size * layout.entry.size
    found: dict[int, int] = {}
    for tag, kind, many, value in layout.entry.iter_unpack(entries[:whole]):
        if code := _NUMBERS.get(kind):
            found[tag] = layout.number(
                code, _bytes_of(file, layout, struct.calcsize(code) * many, value)
            )
    return layout, found


def _bytes_of(file: BinaryIO, layout: _Layout, size: int, value: bytes) -> bytes:
    """The first bytes of a tag's numbers, which lie elsewhere when they do not fit the entry."""
    if size <= len(value):
        return value
    file.seek(layout.number("Q" if layout.big else "I", value))
    return file.read(8)
