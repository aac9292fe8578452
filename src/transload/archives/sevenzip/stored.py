"""Members of a 7z that are stored as they are: read straight from the file, without a child in between.

A pipe costs three times what reading stored bytes does. 7zz does not say where they lie, but the packed blocks lie one
after the other from the start. That they do is checked: with the headers, their sizes must make up the whole file.
"""

import zlib
from pathlib import Path

from transload.archives.blob import CountedFile
from transload.archives.limits import ended_early, wrong_checksum
from transload.archives.sevenzip.listing import (
    START_BYTES,
    Member,
    SevenZipListing,
    block_starts,
    packed_blocks,
)


def places(archive: Path, told: SevenZipListing) -> dict[int, int]:
    """Where each stored member with a checksum begins in the file; none where that is not sure."""
    start = told.offset_bytes + START_BYTES
    blocks = packed_blocks(told.members, start)
    packed = max((end for _, end in blocks.values()), default=start) - start
    adds_up = told.headers_bytes + packed == told.physical_bytes
    whole = archive.stat().st_size == told.offset_bytes + told.physical_bytes
    if told.format != "7z" or not adds_up or not whole:
        return {}
    before = block_starts(told.members)
    return {
        index: blocks[one.block][0] + before[index]
        for index, one in enumerate(told.members)
        if one.block is not None
        and one.method == "Copy"
        and not one.encrypted
        and one.crc is not None
    }


class StoredMember:
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
