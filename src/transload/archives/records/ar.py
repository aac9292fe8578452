"""The headers of ar, after ar(5): names of System V and GNU (long ones in a table) and of BSD (before the bytes)."""

import re

from transload.archives.blob import ByteFile
from transload.archives.limits import possible_size
from transload.archives.records.reader import RecordHead, search
from transload.units import MIB

MAGIC = b"!<arch>\n"
_HEAD_BYTES = 60
_END = b"`\n"
_END_AT = 58
_NUMBERS = re.compile(rb"[0-9]*[ \0]*")
_SIZE = re.compile(rb"[0-9]{1,10} *")
_BSD = re.compile(rb"#1/([0-9]{1,5}) *")
_GNU = re.compile(rb"/([0-9]{1,14}) *")
_INDICES = (b"/", b"//", b"/SYM64/", b"__.SYMDEF", b"__.SYMDEF SORTED")
_TABLE_MAX = 16 * MIB


class Ar:
    """Headers of one archive; the table of long names is remembered when the walk comes to it."""

    name = "ar"
    has_end = False

    def __init__(self) -> None:
        self._table = b""

    def head(self, file: ByteFile, at: int) -> RecordHead | None:
        """The header there. One of its fields may be wrong, if it is not the size."""
        return self._head(file, at, 1)

    def _head(self, file: ByteFile, at: int, slack: int) -> RecordHead | None:
        block = file.read_at(at, _HEAD_BYTES)
        if block.startswith(MAGIC):  # of an archive that was joined to this one
            return RecordHead(at, MAGIC, "index", 0, at + len(MAGIC), at + len(MAGIC))
        size = _size(block, slack)
        if size is None:
            return None
        name, data_at = block[:16].rstrip(b" "), at + _HEAD_BYTES
        next_at = (
            data_at + size + size % 2
        )  # even from its own start: bytes before it may be missing
        seconds = block[16:28].strip(b" \0")
        mtime_ms = int(seconds) * 1000 if seconds.isdigit() else None
        if found := _BSD.fullmatch(block[:16]):
            length = min(int(found[1]), size)
            name = file.read_at(data_at, length).rstrip(b"\0")
            data_at, size = data_at + length, size - length
        if name in _INDICES:
            if name == b"//":
                self._table = file.read_at(data_at, min(size, _TABLE_MAX))
            return RecordHead(at, name, "index", size, data_at, next_at)
        raw = self._long(block[:16]) or name.removesuffix(b"/") or b"unnamed"
        return RecordHead(at, raw, "file", size, data_at, next_at, mtime_ms)

    def find(self, file: ByteFile, at: int) -> RecordHead | None:
        """The first header there or after it."""
        for place in search(file, at + _END_AT, (_END,)):
            if (head := self._head(file, place - _END_AT, 0)) is not None:
                return head
        return None

    def resembles(self, block: bytes) -> bool:
        """Whether it ends as a header does, or is printable as one is."""
        start = block[:_HEAD_BYTES]
        printable = sum(32 <= byte < 127 for byte in start)
        return start[_END_AT:] == _END or printable * 8 >= len(start) * 7

    def _long(self, field: bytes) -> bytes:
        found = _GNU.fullmatch(field)
        if found is None:
            return b""
        line, _, _ = self._table[int(found[1]) :].partition(b"\n")
        return line.removesuffix(b"/")


def _size(block: bytes, slack: int) -> int | None:
    """The size that a header states, None when it is no header: more than `slack` of its other fields are wrong."""
    numbers = (block[16:28], block[28:34], block[34:40], block[40:48])
    wrong = sum(_NUMBERS.fullmatch(one) is None for one in numbers) + (block[_END_AT:] != _END)
    size = block[48:_END_AT]
    return possible_size(int(size)) if wrong <= slack and _SIZE.fullmatch(size) else None
