"""How a picture is coded, by its header: kinds that browsers do not show or that no decoder here knows. No decoder.

A picture of such a kind is whole: it must not be called damaged when it cannot be opened.
"""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

JPEG_LS = "JPEG-LS"

_SHOWN_EVERYWHERE = frozenset({0xC0, 0xC1, 0xC2})
"""Frames of JPEG (ITU-T T.81, table B.1): baseline, extended, progressive."""
_JPEG_FRAMES = {
    0xC3: "lossless JPEG",
    0xC9: "arithmetic-coded JPEG",
    0xCA: "arithmetic-coded JPEG",
    0xCB: "lossless JPEG",
    0xF7: JPEG_LS,
}
_NO_FRAMES = frozenset(
    {0xC4, 0xC8, 0xCC}
)  # Tables in the range of frames, and one that is reserved.
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN = 0xDA
_SHOWN_BITS = 8

_PSD_HEAD = struct.Struct(">4sH16xH")
_LARGE = 2

_J2K_START = b"\xff\x4f\xff\x51"
_J2K_DEPTH = 42  # from the start of the codestream to the depth of its first component
_J2K_HEAD_BYTES = 65_536  # boxes with colour profiles may come before it


def coding_of(file: BinaryIO, sniffed: str) -> str | None:
    """The name of the kind; None for what decoders know everywhere, and where the header does not say."""
    look = _LOOKS.get(sniffed)
    if look is None:
        return None
    file.seek(0)
    try:
        return look(file)
    finally:
        file.seek(0)


def _of_jpeg(file: BinaryIO) -> str | None:
    """By the first frame header, looked for from segment to segment (T.81, annex B)."""
    file.seek(2)
    while True:
        mark = file.read(2)
        while mark == b"\xff\xff":  # fill bytes
            mark = mark[1:] + file.read(1)
        kind = mark[-1] if len(mark) == 2 and mark[0] == 0xFF else _SCAN
        if kind in _BARE_MARKERS:
            continue
        head = file.read(3)
        if kind == _SCAN or len(head) < 3:
            return None
        if (0xC0 <= kind <= 0xCF and kind not in _NO_FRAMES) or kind in _JPEG_FRAMES:
            return _named(kind, head[2])
        file.seek(int.from_bytes(head[:2], "big") - 3, 1)


def _named(kind: int, bits: int) -> str | None:
    if kind not in _SHOWN_EVERYWHERE:
        return _JPEG_FRAMES.get(kind, "hierarchical JPEG")
    return None if bits == _SHOWN_BITS else f"JPEG of {bits} bits"


def _of_psd(file: BinaryIO) -> str | None:
    """By version and depth (Adobe Photoshop File Formats, file header section)."""
    head = file.read(_PSD_HEAD.size)
    if len(head) < _PSD_HEAD.size:
        return None
    _, version, depth = _PSD_HEAD.unpack(head)
    if version == _LARGE:
        return "large Photoshop file (PSB)"
    return None if depth in (1, _SHOWN_BITS) else f"Photoshop file of {depth} bits"


def _of_jpeg2000(file: BinaryIO) -> str | None:
    """By the depth of the first of several components, in the SIZ marker after the start (ITU-T T.800, A.5.1)."""
    head = file.read(_J2K_HEAD_BYTES)
    at = head.find(_J2K_START)
    if at < 0 or at + _J2K_DEPTH >= len(head):
        return None
    count = int.from_bytes(head[at + _J2K_DEPTH - 2 : at + _J2K_DEPTH], "big")
    bits = (head[at + _J2K_DEPTH] & 0x7F) + 1
    return f"JPEG 2000 of {bits} bits" if bits > _SHOWN_BITS and count > 1 else None


# What the first directory of a TIFF says of its numbers and how they are packed (TIFF 6.0; BigTIFF by libtiff).


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
    """The name of what no decoder here reads; None for the rest, and where the header does not say."""
    layout, tags = _first_tags(file)
    if compression := _COMPRESSIONS.get(tags.get(_COMPRESSION, 0)):
        return f"TIFF compressed with {compression}"
    if tags.get(_BITS) == _LONG_BITS and tags.get(_SAMPLES, 1) > 1 and tags.get(_FORMAT) != _FLOATS:
        return _words(layout, tags)
    return None


def kind_of_tiff(file: BinaryIO) -> str | None:
    """What a valid header says, for a picture that no reader knows; None for a header that makes no sense."""
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


_LOOKS = {"jpeg": _of_jpeg, "tiff": coding_of_tiff, "psd": _of_psd, "jpeg2000": _of_jpeg2000}
