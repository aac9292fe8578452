"""Members of a 7z that are stored as they are: read straight from the file, without a child in between.

A pipe costs three times what reading stored bytes does. 7zz does not say where they lie, but the packed blocks lie one
behind the other from the start. That they do is checked: with the headers, their sizes must make up the whole file.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

from transload.archives.counted import CountedFile
from transload.archives.limits import ended_early, wrong_checksum
from transload.archives.sevenzip_listing import Member, Told

START_BYTES = 32  # signature, version, place of the directory (7zFormat.txt)


def places(archive: Path, told: Told) -> dict[int, int]:
    """Where each stored member with a checksum begins in the file; none where that is not sure."""
    if told.format != "7z" or not _adds_up(archive, told):
        return {}
    found: dict[int, int] = {}
    end = START_BYTES + told.offset_bytes
    inside: dict[int, int] = {}
    for index, one in enumerate(told.members):
        if one.block is None:
            continue
        if one.block not in inside:
            inside[one.block], end = end, end + (one.packed or 0)
        if one.method == "Copy" and not one.encrypted and one.crc is not None:
            found[index] = inside[one.block]
        inside[one.block] += one.size or 0
    return found


def _adds_up(archive: Path, told: Told) -> bool:
    packed = sum(_packed_by_block(told.members).values())
    whole = told.headers_bytes + packed == told.physical_bytes
    return whole and archive.stat().st_size == told.offset_bytes + told.physical_bytes


def _packed_by_block(members: Sequence[Member]) -> dict[int, int]:
    """The packed size of each block: its first member tells it."""
    sizes: dict[int, int] = {}
    for one in members:
        if one.block is not None:
            sizes.setdefault(one.block, one.packed or 0)
    return sizes


class Stored:
    """A stored member's bytes; call it for the next ones. Raises CorruptError, TruncatedError, UnreadableError."""

    def __init__(self, file: CountedFile, at: int, member: Member) -> None:
        self._file, self._at, self._member = file, at, member
        self._left, self._sum = member.size or 0, 0

    def __call__(self, size: int) -> bytes:
        whole = self._member.size or 0
        if not self._left:
            if self._sum != self._member.crc:
                raise wrong_checksum(whole)
            return b""
        data = self._file.read_at(self._at, min(size, self._left))
        if not data:
            raise ended_early(whole - self._left, whole)
        self._at += len(data)
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        return data
