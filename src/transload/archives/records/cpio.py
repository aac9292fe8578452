"""The headers of cpio, after cpio(5): the ASCII ones (`newc`, `crc`, `odc`) and the binary one in both byte orders.

A flipped bit costs no more than it must: only the fields that say where the bytes lie have to be right.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from transload.archives.blob import ByteFile
from transload.archives.limits import possible_size
from transload.archives.records.reader import RecordHead, search
from transload.units import KIB

BIN_MAGICS = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
_NEWC, _CRC, _ODC = b"070701", b"070702", b"070707"
_NAME_MAX = 64 * KIB
_HEAD_BYTES = 512  # a header with most names, in one reading
_TRAILER = b"TRAILER!!!\0"
_FILE, _FOLDER = 0o100000, 0o040000
_OTHERS = frozenset({0o120000, 0o060000, 0o020000, 0o010000, 0o140000})  # links, devices, pipes
_BIN = struct.Struct("13H")


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a header says. `bytes` is its own length, `step` what headers and bytes are filled up to."""

    bytes: int
    step: int
    mode: int
    name_bytes: int
    size: int
    mtime_s: int | None
    node: tuple[int, int] | None
    total: int | None = None


class Cpio:
    """Headers of every dialect; they may change from one entry to the next, as in archives that were joined."""

    name = "cpio"
    has_end = True

    def head(self, file: ByteFile, at: int) -> RecordHead | None:
        """The header there. One byte of its mark may be wrong, and the last of its name."""
        return _head(file, at, 1)

    def find(self, file: ByteFile, at: int) -> RecordHead | None:
        """The first header from there on with its mark unharmed."""
        places = search(file, at, (_NEWC, _CRC, _ODC, *BIN_MAGICS))
        return next(filter(None, (_head(file, place, 0) for place in places)), None)

    def resembles(self, block: bytes) -> bool:
        """Whether nearly all of it are digits, as in ASCII headers; or it begins as a binary header does."""
        start = block[:76]  # the length of the shortest ASCII header
        digits = sum(byte in b"0123456789ABCDEFabcdef" for byte in start)
        return digits * 8 >= len(start) * 7 or block[:2] in BIN_MAGICS


def _head(file: ByteFile, at: int, slack: int) -> RecordHead | None:
    """The header with at most `slack` wrong bytes in its mark, None when it cannot be used."""
    block = file.read_at(at, _HEAD_BYTES)
    fields = _fields(block, slack)
    if fields is None:
        return None
    end = fields.bytes + fields.name_bytes
    if end > len(block):
        block = file.read_at(at, end)
    raw = block[fields.bytes : end]
    kind = _kind(fields, raw)
    if kind is None or not _is_name(raw[:-1] + b"\0" if slack else raw, fields.name_bytes):
        return None
    data_at = at + end + -end % fields.step
    size = fields.size
    mtime_ms = None if fields.mtime_s is None else fields.mtime_s * 1000
    next_at = data_at + size + -size % fields.step
    return RecordHead(
        at, raw[:-1], kind, size, data_at, next_at, mtime_ms, fields.total, fields.node
    )


def _kind(fields: _Fields, raw: bytes) -> Literal["file", "dir", "link", "end"] | None:
    kind = fields.mode & 0o170000
    if raw == _TRAILER and not (
        fields.size and kind
    ):  # afio counts the padding of the file as its bytes
        return "end"
    if kind == _FILE or (kind == _FOLDER and fields.size):
        return "file"
    if kind == _FOLDER:
        return "dir"
    return "link" if kind in _OTHERS else None


def _is_name(raw: bytes, size: int) -> bool:
    return len(raw) == size and size > 1 and raw.find(b"\0") == size - 1


def _fields(block: bytes, slack: int) -> _Fields | None:
    for magic, read in _DIALECTS:
        if len(block) > len(magic) and _wrong(block[: len(magic)], magic) <= slack:
            return read(block)
    return _bin(block)


def _wrong(found: bytes, magic: bytes) -> int:
    """How many bytes of the mark are wrong; the other dialects' marks differ in the last one alone."""
    wrong = sum(map(int.__ne__, found, magic))
    return 2 if wrong and found[-1] != magic[-1] else wrong


def _newc(block: bytes) -> _Fields | None:
    digits = [block[at : at + 8] for at in range(6, 110, 8)]
    inode, mode, _, _, links, mtime_s, size, major, minor, _, _, name_bytes, total = (
        _number(one, 16) for one in digits
    )
    if mode is None or size is None or name_bytes is None or name_bytes > _NAME_MAX:
        return None
    is_shared = links is not None and links > 1 and inode is not None
    node = ((major or 0) << 32 | (minor or 0), inode or 0) if is_shared else None
    checked = total if block.startswith(_CRC) else None
    return _Fields(110, 4, mode, name_bytes, size, mtime_s, node, checked)


def _odc(block: bytes) -> _Fields | None:
    digits = [block[at : at + 6] for at in range(6, 48, 6)] + [
        block[48:59],
        block[59:65],
        block[65:76],
    ]
    device, inode, mode, _, _, links, _, mtime_s, name_bytes, size = (
        _number(one, 8) for one in digits
    )
    if mode is None or size is None or name_bytes is None or possible_size(size) is None:
        return None
    is_shared = links is not None and links > 1 and inode is not None
    node = (device or 0, inode or 0) if is_shared else None
    return _Fields(76, 1, mode, min(name_bytes, _NAME_MAX), size, mtime_s, node)


def _bin(block: bytes) -> _Fields | None:
    order = BIN_MAGICS.get(block[:2])
    if order is None or len(block) < _BIN.size:
        return None
    words = struct.unpack(f"{order}{_BIN.format}", block[: _BIN.size])
    _, device, inode, mode, _, _, links, _, high_time, low_time, name_bytes, high_size, low_size = (
        words
    )
    if not mode & 0o170000 and links != 1:
        return None
    node = (device, inode) if links > 1 else None
    size, mtime_s = high_size << 16 | low_size, high_time << 16 | low_time
    return _Fields(_BIN.size, 2, mode, name_bytes, size, mtime_s, node)


def _number(digits: bytes, base: int) -> int | None:
    return int(digits, base) if digits.isalnum() and _is_whole(digits, base) else None


def _is_whole(digits: bytes, base: int) -> bool:
    known = b"0123456789ABCDEFabcdef" if base == 16 else b"01234567"
    return not digits.strip(known)


_DIALECTS: tuple[tuple[bytes, Callable[[bytes], _Fields | None]], ...] = (
    (_NEWC, _newc),
    (_CRC, _newc),
    (_ODC, _odc),
)
