"""The header block of a tar in every dialect (v7, ustar, old GNU, star, pax), read from its 512 bytes. Pure.

Offsets and meanings: POSIX.1-2017 pax (ustar and pax interchange formats), GNU tar's tar.h, star(5).
"""

import re
from dataclasses import dataclass
from typing import Literal

from transload.errors import CorruptError
from transload.units import MIB

TAR_BLOCK = 512
NO_BLOCK = bytes(TAR_BLOCK)
"""A block of zeros: two of them end a tar."""

REGULAR, HARD_LINK, SYMBOLIC_LINK = b"0", b"1", b"2"
CHARACTERS, BLOCKS, FOLDER, PIPE = b"3", b"4", b"5", b"6"
GNU_FOLDER = b"D"  # of an incremental backup: its bytes are the names of what was in the folder
GNU_SPARSE, GNU_LONG_NAME, GNU_LONG_LINK = b"S", b"L", b"K"
GNU_LABEL, GNU_REST, GNU_NAMES = b"V", b"M", b"N"
PAX, PAX_OF_SOLARIS, PAX_FOR_ALL = b"x", b"X", b"g"

RECORDS = frozenset({GNU_LONG_NAME, GNU_LONG_LINK, PAX, PAX_OF_SOLARIS, PAX_FOR_ALL})
"""Types whose bytes speak of the entry that follows."""
RECORD_BYTES_MAX = MIB
"""Records are read as a whole; real ones are a few KiB."""
SAYS_NOTHING = frozenset({GNU_LABEL, GNU_NAMES})
"""Types that are neither an entry nor about one: the volume's label, the lists of very old GNU tars."""

_BODILESS = frozenset({HARD_LINK, SYMBOLIC_LINK, CHARACTERS, BLOCKS, FOLDER, PIPE})
_SUM = slice(148, 156)
_SUM_DIGITS = re.compile(rb"[ \0]*([0-7]+)(?:[ \0]|$)")
_OCTAL = re.compile(rb" *([0-7]*)(?:[ \0]|$)")
_HOLES_IN_HEADER, _HOLES_IN_EXTENSION = 4, 21
_HOLE_BYTES = 24

Span = tuple[int, int]
"""Offset and length of a stretch of data in a sparse file."""


class DamagedTarError(CorruptError):
    """What the tar says of itself makes no sense; it can be passed over, unlike damage of the compression around it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What one header block says. `size` is what lies after it in the archive, in bytes before padding.

    Of an old GNU sparse file: `spans` of its map, whether `more_spans` follow in blocks of their own, and `real_size`
    with the holes. `mtime_s` is None where it cannot be read.
    """

    name: bytes
    type: bytes
    size: int
    mtime_s: int | None
    spans: tuple[Span, ...] = ()
    more_spans: bool = False
    real_size: int = 0

    @property
    def has_body(self) -> bool:
        """Whether `size` bytes lie after the header: for links and folders it may mean other things."""
        return self.type not in _BODILESS


def has_right_sum(block: bytes) -> bool:
    """Whether the checksum of a block is right, counted signed or unsigned as old tars did."""
    found = _SUM_DIGITS.match(block, _SUM.start, _SUM.stop)
    if found is None or len(block) != TAR_BLOCK:
        return False
    stored = int(found[1], 8)
    unsigned = sum(block) - sum(block[_SUM]) + 8 * ord(" ")
    if stored == unsigned:
        return True
    counted = block[: _SUM.start] + block[_SUM.stop :]
    return stored == unsigned - 256 * sum(byte > 127 for byte in counted)


def read_header(block: bytes) -> Header:
    """What a block says. Raises DamagedTarError when it is no valid header."""
    if not has_right_sum(block):
        raise DamagedTarError("a header of the tar is damaged", evidence=_guess(block))
    dialect = _dialect(block)
    said = block[156:157]
    kind = said.replace(b"\0", REGULAR)
    name = _text(block, 0, 100)
    if dialect in ("ustar", "star") and (
        folder := _text(block, 345, 131 if dialect == "star" else 155)
    ):
        name = folder + b"/" + name
    size = _number(block, 124, 12)
    if size < 0 or (kind in RECORDS and size > RECORD_BYTES_MAX):
        raise DamagedTarError("a header of the tar is damaged", evidence=f"a size of {size} bytes")
    if said == b"\0" and name.endswith(b"/"):  # v7 had no other word for folders
        kind, size = FOLDER, 0
    mtime_s = _time(block)
    if kind != GNU_SPARSE:
        return Header(name, kind, size, mtime_s)
    return Header(
        name,
        kind,
        size,
        mtime_s,
        read_spans(block, 386, _HOLES_IN_HEADER),
        block[482] != 0,
        _number(block, 483, 12),
    )


def read_extension(block: bytes) -> tuple[tuple[Span, ...], bool]:
    """The spans of a block that goes on with the map of an old GNU sparse file, and whether another follows.

    Raises DamagedTarError.
    """
    return read_spans(block, 0, _HOLES_IN_EXTENSION), block[504] != 0


def read_spans(block: bytes, at: int, most: int) -> tuple[Span, ...]:
    """Up to `most` spans from an offset of a block; the first field of zeros ends them. Raises DamagedTarError."""
    spans: list[Span] = []
    for start in range(at, at + most * _HOLE_BYTES, _HOLE_BYTES):
        if not block[start + 12]:
            break
        offset, length = _number(block, start, 12), _number(block, start + 12, 12)
        if length:  # GNU tar marks the end of a file that ends in a hole with an empty one
            spans.append((offset, length))
    return tuple(spans)


def _guess(block: bytes) -> str:
    """What a damaged header may have been of."""
    name = _text(block, 0, 100).decode("utf-8", "replace")
    named = f"; the entry may have been {name}" if name and name.isprintable() else ""
    return f"its checksum is wrong{named}"


Dialect = Literal["v7", "ustar", "gnu", "star"]


def _dialect(block: bytes) -> Dialect:
    """Only ustar has the rest of a long name after its other fields: GNU keeps times and sparse maps there."""
    if block[257:265] == b"ustar  \0":
        return "gnu"
    if block[257:262] != b"ustar":
        return "v7"
    return "star" if block[508:512] == b"tar\0" else "ustar"


def _text(block: bytes, at: int, size: int) -> bytes:
    end = block.find(b"\0", at, at + size)
    return block[at : at + size if end < 0 else end]


def _number(block: bytes, at: int, size: int) -> int:
    """Octal digits, or GNU's base 256 where the first byte says so. Raises DamagedTarError."""
    first = block[at]
    if first in (0x80, 0xFF):
        whole = int.from_bytes(block[at + 1 : at + size], "big")
        return whole if first == 0x80 else whole - (1 << 8 * (size - 1))
    found = _OCTAL.match(block, at, at + size)
    if found is None:
        raise DamagedTarError(
            "a header of the tar is damaged", evidence="a number has other digits"
        )
    return int(found[1] or b"0", 8)


def _time(block: bytes) -> int | None:
    """No entry is lost for its time."""
    try:
        return _number(block, 136, 12)
    except DamagedTarError:
        return None
