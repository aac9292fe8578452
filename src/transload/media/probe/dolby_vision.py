"""Dolby Vision by its configuration record: whether its pictures have colours that only players of that kind know.

Layout: Dolby Vision Streams Within the ISO Base Media File Format 2.1.2, 3.2, and the same for Matroska.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from transload.media.probe.mp4_boxes import children, sample_entries

RECORDS = frozenset({b"dvcC", b"dvvC", b"dvwC"})
_VISUAL_FIELDS = 78  # of a sample entry for pictures, before its boxes (ISO 14496-12, 12.1.3)
_IN_MATROSKA = re.compile(
    rb"\x41\xe7\x84dv[cvw]C(?:\xec[\x80-\xff].{0,16})?\x41\xed\x98(.{5})", re.DOTALL
)
"""BlockAddIDType, then BlockAddIDExtraData of 24 bytes (RFC 9559, 5.1.4.1.17)."""
_HEAD_BYTES = 1 << 16
_NEUTRAL_AT = 4
"""Where the record says with what its pictures are compatible (upper four bits): 0 is with nothing."""


def is_only_in_boxes(file: BinaryIO, at: int, length: int) -> bool:
    """Whether others show its pictures in wrong colours (profile 5, and 10.0 of AV1), by the `moov` of a file."""
    return any(map(_is_only, _of_boxes(file, at, length)))


def is_only_in_matroska(file: BinaryIO) -> bool:
    """The same by the tracks at the begin of a Matroska file."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    return any(_is_only(found.group(1)) for found in _IN_MATROSKA.finditer(head))


def _is_only(record: bytes) -> bool:
    return len(record) > _NEUTRAL_AT and record[_NEUTRAL_AT] >> 4 == 0


def _of_boxes(file: BinaryIO, at: int, length: int) -> Iterator[bytes]:
    for _, start, end in list(sample_entries(file, at, length)):
        for kind, begin, _ in children(file, start + _VISUAL_FIELDS, end):
            if kind in RECORDS:
                file.seek(begin)
                yield file.read(_NEUTRAL_AT + 1)
                break
