"""What `7zz l -slt` says of an archive, as values. Pure: lines of bytes in, members out.

The listing is a claim of the archive: names may hold anything, sizes and sums may lie. Reading checks them.
"""

import calendar
import os
import re
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from transload.archives.limits import CHUNK, possible_size, too_many_entries
from transload.archives.sniff import HEAD_BYTES, archive_format
from transload.entry import Limits
from transload.errors import (
    CorruptError,
    MissingVolumeError,
    TransloadError,
    TruncatedError,
    UnsupportedError,
)
from transload.units import MIB

_TIME = re.compile(rb"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?")
_SIZED = re.compile(rb"(?:LZMA2?|mem|m\d)(?::|)(\d{1,4})([bkmg]?)", re.IGNORECASE)
_RAR5 = re.compile(rb"v\d+:m\d:(\d{1,4})([kmg])", re.IGNORECASE)
_DIRECTORY_OF_WIM = re.compile(rb"\[\d+\]\.xml")
_NUMBERED = re.compile(r"[0-9A-F]{6,16}(?::\S*)?")
_UNITS = {b"": 0, b"b": 0, b"k": 10, b"m": 20, b"g": 30}
_LARGEST_POWER = 40
START_BYTES = 32
"""Of a 7z: signature, version, place of the directory (7zFormat.txt); the packed blocks follow."""
_SHORT_SUMS = frozenset({b"Lzh"})
"""What they list as CRC is one of 16 bits, which 7zz alone compares."""
_FORMATS = {b"7z": "7z", b"Rar": "rar", b"Rar5": "rar", b"zip": "zip"}


@dataclass(frozen=True, slots=True)
class Member:
    """One record of the listing. `block` is the solid group; `dictionary_bytes` what its decoder must hold."""

    raw: bytes
    kind: Literal["file", "dir", "link"]
    size: int | None
    packed: int | None
    crc: int | None
    encrypted: bool
    block: int | None
    mtime_ms: int | None
    dictionary_bytes: int
    continues: bool  # its data go on in a volume that is not there; of an ARJ: or begin in one
    method: str  # as 7zz calls it; a number in hexadecimal is one it does not know
    place: tuple[int, int] | None = None  # of a zip over several volumes: which one, from 0, where


def is_unknown(method: str) -> bool:
    """Whether 7zz lists a method by its number: it has no decoder for it."""
    return any(_NUMBERED.fullmatch(word) for word in method.split())


@dataclass(frozen=True, slots=True)
class SevenZipListing:
    """A whole listing. `faulty`: 7zz met an error while it opened the archive; `warned`: something odd.

    `warned_inside`: in the archive itself.
    `tail_bytes` follow its end; `layers` are a file cut in pieces and the archive in it.
    """

    format: str
    members: list[Member]
    solid: bool
    faulty: bool
    volumes: int
    physical_bytes: int
    headers_bytes: int
    offset_bytes: int  # of a program before it
    tail_bytes: int = 0
    warned: bool = False
    warned_inside: bool = False
    layers: int = 1
    fields: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])


def parse(lines: Iterable[bytes], limits: Limits) -> SevenZipListing:
    """The listing in the lines of `l -slt`. Raises LimitError beyond `max_entries`."""
    blocks = _blocks(lines)
    head, layers = _head(blocks)
    solid = head.get(b"Solid") == b"+"
    spans = head.get(b"Multivolume") == b"+"
    kind = head.get(b"Type", b"")
    groups = _Groups(solid and kind.startswith(b"Rar"))
    members: list[Member] = []
    for block in blocks:
        if block.get(b"Alternate Stream") == b"+" or _is_own_directory(kind, block):
            continue
        if b"Path" in block:
            if len(members) >= limits.max_entries:
                raise too_many_entries(limits)
            if kind in _SHORT_SUMS:
                block.pop(b"CRC", None)
            place = _place(block) if spans else None
            members.append(_member(block, groups, place))
    return SevenZipListing(
        format=_FORMATS.get(kind, kind.decode("ascii", "replace").lower()),
        members=members,
        solid=solid,
        faulty=bool(head.keys() & {b"ERROR", b"ERRORS"}),
        volumes=_number(head.get(b"Volumes")) or 1,
        physical_bytes=_number(head.get(b"Total Physical Size"))
        or _number(head.get(b"Physical Size"))
        or 0,
        headers_bytes=_number(head.get(b"Headers Size")) or 0,
        offset_bytes=_number(head.get(b"Offset")) or 0,
        tail_bytes=_number(head.get(b"Tail Size")) or 0,
        warned=bool(head.keys() & {b"WARNING", b"WARNINGS"}),
        warned_inside=b"WARNING" in head,
        layers=layers,
        fields=head,
    )


def listed_names(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Only the members' names."""
    blocks = _blocks(lines)
    _head(blocks)
    return (block[b"Path"] for block in blocks if b"Path" in block)


def _head(blocks: Iterator[dict[bytes, bytes]]) -> tuple[dict[bytes, bytes], int]:
    """The archive's own fields, those of the innermost layer (a split file holds the archive proper); the layers."""
    head: dict[bytes, bytes] = {}
    layers = 0
    for block in blocks:
        if b"Type" in block:
            layers += 1
            head = head | block if b"ERROR" in head else block
        if b"----------" in block:
            break
    return head, layers


def _blocks(lines: Iterable[bytes]) -> Iterator[dict[bytes, bytes]]:
    """Runs of `Key = value` lines. The line of dashes before the first record is a block of its own."""
    block: dict[bytes, bytes] = {}
    comment = False
    for line in lines:
        text = line.rstrip(b"\r\n")
        if comment or text == b"{":  # a comment of several lines is written in braces
            comment = text != b"}"
            continue
        key, sign, value = text.partition(b" = ")
        if not sign and text.endswith(b" ="):
            key, sign, value = text[:-2], b" = ", b""
        if sign:
            block.setdefault(key, value)
        elif text in (
            b"ERRORS:",
            b"WARNINGS:",
        ):  # what they are is in the next lines, without a key
            block.setdefault(text[:-1], b"")
        elif text in (b"", b"----------", b"--", b"----"):
            if block:
                yield block
            block = {}
            if text == b"----------":
                yield {text: b""}
    if block:
        yield block


class _Groups:
    """The solid group of each member: 7z says it, a solid RAR is one from its first to its last."""

    def __init__(self, whole: bool) -> None:
        self._whole = whole

    def of(self, block: dict[bytes, bytes]) -> int | None:
        if self._whole:
            return 0
        return _number(block.get(b"Block"))


def _place(block: dict[bytes, bytes]) -> tuple[int, int] | None:
    volume, offset = _number(block.get(b"Volume Index")), _number(block.get(b"Offset"))
    return None if volume is None or offset is None else (volume, offset)


def _member(block: dict[bytes, bytes], groups: _Groups, place: tuple[int, int] | None) -> Member:
    size = _number(block.get(b"Size"))
    crc = _hexadecimal(block.get(b"CRC"))
    copied = crc == 0 and bool(size)  # RAR5 lists copies and links with a sum of zeros
    return Member(
        raw=block[b"Path"],
        kind=_kind(block),
        size=size,
        packed=_number(block.get(b"Packed Size")),
        crc=None if copied else crc,
        encrypted=block.get(b"Encrypted") == b"+",
        block=groups.of(block),
        mtime_ms=_mtime_ms(block.get(b"Modified", b"")),
        dictionary_bytes=_dictionary_bytes(block.get(b"Method", b"")),
        continues=block.get(b"Split After") == b"+",
        method=block.get(b"Method", b"").decode("ascii", "replace"),
        place=place,
    )


def _is_own_directory(kind: bytes, block: dict[bytes, bytes]) -> bool:
    """Whether it is the directory of a xar, or that of a damaged wim: 7-Zip lists them as one more file."""
    path = block.get(b"Path", b"")
    if kind == b"Xar":
        return path == b"[TOC].xml" and not block.get(b"Type")
    return kind == b"wim" and bool(_DIRECTORY_OF_WIM.fullmatch(path)) and not block.get(b"Method")


def _kind(block: dict[bytes, bytes]) -> Literal["file", "dir", "link"]:
    attributes = block.get(b"Attributes", b"")
    unix = (attributes or block.get(b"Mode", b"")).split(b" ")[-1]
    if block.get(b"Type") == b"hardlink" and not block.get(b"Size"):
        return "link"  # of a xar, to the one of them that has the bytes and the size
    if block.get(b"Folder") == b"+" or attributes.startswith(b"D"):
        return "dir"
    if block.get(b"Symbolic Link") or block.get(b"Hard Link"):
        return "link"
    if len(unix) == len("-rw-r--r--") and unix[:1] in (b"l", b"d"):
        return "link" if unix[:1] == b"l" else "dir"
    return "file"


def _number(text: bytes | None) -> int | None:
    return possible_size(int(text)) if text and text.isdigit() and len(text) < 20 else None


def _hexadecimal(text: bytes | None) -> int | None:
    try:
        return int(text, 16) & 0xFFFFFFFF if text else None
    except ValueError:
        return None


def _mtime_ms(text: bytes) -> int | None:
    """Milliseconds of a time in UTC: the child runs with that zone."""
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and year >= 1601):
        return None
    fraction = int((found[7] or b"0").ljust(3, b"0"))
    return calendar.timegm((year, month, day, hour, minute, second)) * 1000 + fraction


def _dictionary_bytes(method: bytes) -> int:
    """The largest dictionary a method names: `LZMA2:24` is 2**24 bytes, `LZMA:48m`, `v6:m3:32M`, `PPMD:o6:mem24`."""
    largest = 0
    found = _RAR5.findall(method) or _SIZED.findall(method)
    for number, unit in found:
        value, power = int(number), _UNITS[unit.lower()]
        size = value << power if unit else 1 << min(value, _LARGEST_POWER)
        largest = max(largest, size)
    return largest


def block_starts(members: Sequence[Member]) -> "array[int]":
    """For each member the bytes of its solid block that come before it; 0 for one that stands alone."""
    before: array[int] = array("q")
    held: dict[int, int] = {}
    for one in members:
        if one.block is None:
            before.append(0)
            continue
        before.append(held.get(one.block, 0))
        held[one.block] = held.get(one.block, 0) + (one.size or 0)
    return before


def packed_blocks(members: Sequence[Member], start: int) -> dict[int, tuple[int, int]]:
    """From where to where each block of a 7z is packed: one after the other from `start`.

    A block's first member says how long it is.
    """
    found: dict[int, tuple[int, int]] = {}
    end = start
    for one in members:
        if one.block is not None and one.block not in found:
            found[one.block] = (end, end + (one.packed or 0))
            end = found[one.block][1]
    return found


def solid_before(members: Sequence[Member], index: int) -> list[int]:
    """The members before this one in its solid block, in order."""
    block = members[index].block
    return [] if block is None else [n for n in range(index) if members[n].block == block]


# What a listing says of the archive as a whole: cut short, damaged, without a volume, with something after its end.
#
# 7zz ends with status 0 also where it lists a part and warns. What counts are the fields that it lists: errors,
# warnings, and how many bytes follow the end that it found.


_SELF_MEASURED = frozenset({"7z", "zip", "cab", "xar", "iso", "udf", "squashfs", "fat", "wim"})
"""Their directories say all that is in them: what follows is no part of them. The others are walked through from header
to header, and the walk ends at a damaged one as at the archive's end."""
_SPLIT_IT = (
    "Cut the file where the first archive ends, or unpack it with the program that joined them."
)
_START = struct.Struct("<6s2BLQQL")  # 7zFormat.txt: SignatureHeader
_DIRECTORY_BYTES_MAX = 64 * MIB
_SQUASHFS = struct.Struct("<4s16xH6xH")  # squashfs_fs.h: the mark, the method, the version
_LZ4 = 5


def error_of_listing(
    archive: Path, name: str, listing: SevenZipListing, status: int, missing: tuple[str, ...]
) -> TransloadError | None:
    """Why a listing without entries is not that of an empty archive; None for one with entries, or an empty one.

    An archive is empty when it says so: nothing is wrong with it, and nothing follows.
    """
    if listing.members:
        return None
    if missing:
        return MissingVolumeError(f"{name}: {', '.join(missing)} is missing")
    well = status == 0 and bool(listing.fields) and not (listing.faulty or listing.warned_inside)
    if well and (listing.tail_bytes or not listing.warned) and not _tail(archive, listing):
        return None
    if archive.exists() and _is_lz4_squashfs(archive):
        return UnsupportedError(
            f"{name} is packed by LZ4, which 7-Zip does not read in a squashfs",
            suggestion="Unpack it with unsquashfs and send the folder.",
        )
    if archive.exists() and _is_intact_7z(archive):
        return UnsupportedError(
            f"{name} is a whole 7z that uses something 7-Zip cannot read",
            suggestion="Unpack it with the program that made it and send the folder.",
        )
    return CorruptError(f"{name}: the index is missing or damaged, so nothing in it can be found")


def error_of_archive(
    archive: Path, name: str, listing: SevenZipListing, missing: tuple[str, ...]
) -> TransloadError | None:
    """What is wrong with an archive that lists entries, None when nothing is."""
    if listing.format == "arj" and any(one.continues for one in listing.members):
        return UnsupportedError(
            f"{name} is one of several volumes: the files cut over two of them are not put together here",
            suggestion="Unpack the set with the program that made it (`arj x -v`) and send the folder.",
        )
    lacks_volume = listing.fields.get(b"Multivolume") == b"+" and b"ERROR" in listing.fields
    if missing or lacks_volume or (listing.members and listing.members[-1].continues):
        names = ", ".join(missing) or f"the volume after number {listing.volumes}"
        return MissingVolumeError(f"{name}: {names} is missing")
    if listing.faulty:
        return TruncatedError(f"{name} is damaged or cut short")
    if listing.warned and listing.layers == listing.volumes == 1:
        return _error_of_end(name, listing, _tail(archive, listing))
    return None


def _error_of_end(name: str, listing: SevenZipListing, tail: bytes) -> TransloadError | None:
    """What 7-Zip warned of, by what follows the archive: nothing but zeros is no matter."""
    if listing.warned_inside or not listing.tail_bytes:
        return CorruptError(f"{name} is damaged: 7-Zip warns of it")
    if tail and listing.format not in _SELF_MEASURED:
        return CorruptError(
            f"{name} is damaged: {listing.tail_bytes:,} bytes at its end were not read"
        )
    if found := archive_format(tail):
        return UnsupportedError(
            f"{name}: {listing.tail_bytes:,} bytes after its end are another archive ({found}), which was not read",
            suggestion=_SPLIT_IT,
        )
    return None


def _tail(archive: Path, listing: SevenZipListing) -> bytes:
    """The first bytes after the archive's end, b"" when there are none, or nothing but zeros."""
    if not listing.tail_bytes:
        return b""
    with archive.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - listing.tail_bytes))
        head = file.read(HEAD_BYTES)
        if head.strip(b"\0"):
            return head
        while block := file.read(CHUNK):
            if block.strip(b"\0"):
                return block.lstrip(b"\0")[:HEAD_BYTES]
    return b""


def _is_lz4_squashfs(archive: Path) -> bool:
    with archive.open("rb") as file:
        start = file.read(_SQUASHFS.size)
    return len(start) == _SQUASHFS.size and _SQUASHFS.unpack(start) == (b"hsqs", _LZ4, 4)


def size_of_7z(start: bytes) -> int | None:
    """How many bytes a whole 7z has, by its first START_BYTES; None where they are no start of one, or damaged."""
    if len(start) < START_BYTES or not start.startswith(b"7z\xbc\xaf\x27\x1c"):
        return None
    _, _, _, start_sum, offset, size, _ = _START.unpack(start)
    return START_BYTES + offset + size if zlib.crc32(start[12:]) == start_sum else None


def _is_intact_7z(archive: Path) -> bool:
    """Whether the sums over a 7z's start and over its directory are right."""
    with archive.open("rb") as file:
        start = file.read(START_BYTES)
        if size_of_7z(start) is None:
            return False
        _, _, _, _, offset, size, directory_sum = _START.unpack(start)
        if not 0 < size <= _DIRECTORY_BYTES_MAX:
            return False
        try:
            file.seek(START_BYTES + offset)
        except (OverflowError, OSError):
            return False
        return bool(zlib.crc32(file.read(size)) == directory_sum)
