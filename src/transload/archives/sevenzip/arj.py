"""Which members of an ARJ go on in another volume: 7zz lists what lies in one file as if it were all of it.

`arj -v` cuts a file where a volume is full and packs the rest as a member of the next one; both are flagged in their
headers (arj's technote, "ARJ archive structure").
"""

import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from transload.archives.blob import CountedFile
from transload.archives.sevenzip.listing import Member, SevenZipListing

_MARK = b"\x60\xea"
_HEAD = struct.Struct("<2sH")
_GOES_ON, _COMES_FROM = 0x04, 0x08
_COMMENT = 2  # the kind of the header that begins an archive: no data follow
_FIXED_BYTES = 30  # what every header has at least


def with_split_members(listing: SevenZipListing, archive: Path) -> SevenZipListing:
    """The listing of an ARJ with `continues` set where a member is one piece of a file. Raises UnreadableError."""
    with closing(CountedFile(archive)) as file:
        records = _records(file, listing.offset_bytes)
        members = [replace(one, continues=_is_piece(one, records)) for one in listing.members]
    return replace(listing, members=members)


def _is_piece(member: Member, records: Iterator[tuple[int, int, int]]) -> bool:
    """Whether the next record of the member's sizes is flagged; 7zz lists in their order, perhaps not all of them."""
    sizes = (member.packed, member.size)
    flags = next((flags for flags, *found in records if tuple(found) == sizes), 0)
    return bool(flags & (_GOES_ON | _COMES_FROM))


def _records(file: CountedFile, at: int) -> Iterator[tuple[int, int, int]]:
    """Flags, packed and plain size of every file in the order of the headers, up to the first that is none."""
    while (head := _header(file, at)) is not None:
        packed, plain = struct.unpack_from("<LL", head, 12)
        if head[6] == _COMMENT:
            packed = 0
        else:
            yield head[4], packed, plain
        at = _data_at(file, at + _HEAD.size + len(head)) + packed


def _header(file: CountedFile, at: int) -> bytes | None:
    start = file.read_at(at, _HEAD.size)
    if len(start) < _HEAD.size or not start.startswith(_MARK):
        return None
    head = file.read_at(at + _HEAD.size, _HEAD.unpack(start)[1])
    return head if len(head) >= _FIXED_BYTES else None


def _data_at(file: CountedFile, at: int) -> int:
    """Where the data begin after a header that ends at `at`: its sum comes first, then extended headers."""
    at += 4
    while size := int.from_bytes(file.read_at(at, 2), "little"):
        at += 2 + size + 4
    return at + 2
