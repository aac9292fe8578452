"""What `7zz l -slt` tells of an archive, as values. Pure: lines of bytes in, members out.

The listing is a claim of the archive: names may hold anything, sizes and sums may lie. Reading checks them.
"""

import calendar
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from transload.archives.limits import possible_size, too_many_entries
from transload.entry import Limits

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
        ):  # what they are stands in the next lines, without a key
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
