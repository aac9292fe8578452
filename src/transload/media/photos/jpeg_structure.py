"""Whether the structure of a JPEG proves as much as decoding it would, inside the decoder child.

A decoder of JPEG raises an error for what stands in marker segments, for a marker where none may be, and where the end
is missing; wrong bits inside the scan are a wrong picture to it, and no error. The first three can be had without
decoding: its own code reads the tables and one row, the rest is searched for markers. Layout: ITU-T T.81, annex B.

Pillow is imported here, so the main process never imports this module.
"""

import io
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from transload.units import KIB

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SIMPLE_FRAMES = frozenset({0xC0, 0xC1})
"""Baseline and extended: one pass over the picture. The scans of a progressive one have tables between them."""
_TABLES = frozenset({0xC4, 0xDB, 0xDD})
_APPS_OF_DECODERS = frozenset({0xE0, 0xEE})
"""JFIF's and Adobe's: they say how colours are coded. Decoders pass over the other ones by their length."""
_PASSED_OVER = frozenset({*range(0xE0, 0xF0), 0xFE})
_SCAN = 0xDA
_FRAME = struct.Struct(">BHHB")
"""Precision, height, width, components."""
_SIDE_MAX = 65_500  # libjpeg's JPEG_MAX_DIMENSION
_ROWS = 16  # one row of blocks, whatever the sampling
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""Inside a scan, FF is followed by 00, or is a restart marker (T.81, B.1.1.5)."""
_CHUNK_BYTES = 256 * KIB
_ROW_BYTES = 64 * KIB
"""Of the scan, for one row; where it is longer the rest of the row is plain, which decoders allow."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The segments that a decoder reads before the scan, with few rows; the scan begins at `scan_at`."""

    segments: bytes
    scan_at: int


def is_proven(file: BinaryIO) -> bool:
    """Whether it is sure without decoding that a decoder reads the picture to its end.

    False is a doubt and no damage. Raises OSError of reading the file.
    """
    head = _head_of(file)
    return head is not None and _has_one_scan(file, head.scan_at) and _begins_well(file, head)


def _head_of(file: BinaryIO) -> _Head | None:
    """Everything before the scan, one frame of one pass; None for whatever is not exactly so."""
    file.seek(0)
    segments = [file.read(2)]
    frames = 0
    while segments[0] == _START:
        mark = file.read(4)
        if len(mark) < 4 or mark[0] != 0xFF:
            return None
        kind, length = mark[1], int.from_bytes(mark[2:], "big") - 2
        body = file.read(max(0, length))
        if length < 0 or len(body) < length:
            return None
        if kind in _SIMPLE_FRAMES:
            frames += 1
            body = _with_few_rows(body)
        if kind == _SCAN:
            segments.append(mark + body)
            return _Head(b"".join(segments), file.tell()) if frames == 1 else None
        if kind in _SIMPLE_FRAMES | _TABLES | _APPS_OF_DECODERS:
            segments.append(mark + body)
        elif kind not in _PASSED_OVER:
            return None
    return None


def _with_few_rows(frame: bytes) -> bytes:
    """The frame header of the topmost rows. What makes no sense is left to the decoder, which will say so."""
    if len(frame) < _FRAME.size:
        return frame
    precision, height, width, count = _FRAME.unpack_from(frame)
    rows = min(height, _ROWS) if height <= _SIDE_MAX else height
    return _FRAME.pack(precision, rows, width, count) + frame[_FRAME.size :]


def _has_one_scan(file: BinaryIO, begin: int) -> bool:
    """Whether the first marker of the scan that is no restart is the end of the picture."""
    file.seek(begin)
    last = b""
    while chunk := file.read(_CHUNK_BYTES):
        chunk = last + chunk
        if found := _MARKER.search(chunk):
            return found[0] == _END
        last = chunk[-1:] if chunk.endswith(b"\xff") else b""
    return False


def _begins_well(file: BinaryIO, head: _Head) -> bool:
    """Whether the decoder takes all tables, and one row."""
    file.seek(head.scan_at)
    short = io.BytesIO(head.segments + file.read(_ROW_BYTES) + _END)
    try:
        with Image.open(short, formats=("JPEG",)) as image:
            image.draft(None, (1, 1))
            image.load()
    except (
        OSError,
        SyntaxError,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        struct.error,
    ):
        return False
    return True
