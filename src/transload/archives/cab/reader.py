"""Cabinets whose folders are stored or in MSZIP, read here: damage costs the entries it lies in. 7zz gives up the rest.

Other methods (LZX, Quantum) and cabinets of a set are read by 7zz.
"""

import struct
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from transload.archives.blob import Blob, ByteFile
from transload.archives.cab.blocks import BLOCK_BYTES, MSZIP, STORED, Folder, Unpacked
from transload.archives.limits import Body, Tally, counted, too_many_entries
from transload.archives.names import decoder_for
from transload.archives.sniff import HEAD_BYTES, archive_format
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import CorruptError, TransloadError, TruncatedError, UnsupportedError
from transload.faults import Fault
from transload.source_port import Want

_HEAD = struct.Struct("<4s5L2B5H")  # [MS-CAB] 2.1, CFHEADER
_RESERVES = struct.Struct("<H2B")
_FOLDER = struct.Struct("<LHH")
_FILE = struct.Struct("<LLH3H")
_OF_A_SET, _HAS_RESERVES = 3, 4
_NAME_MAX = 512  # 255 letters, and more for those outside ASCII
_METHOD_MASK = 0xF


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in the cabinet: `start` is its place in what its folder unpacks to; `torn`: its size is wrong."""

    raw: bytes
    size: int
    start: int
    folder: int
    mtime_ms: int | None
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A cabinet's directory."""

    size: int
    folders: list[Folder]
    members: list[_Member]


def read_directory(file: ByteFile, limits: Limits) -> Cabinet | None:
    """The directory, None when it is damaged or of a kind that is not read here. Raises LimitError, UnreadableError."""
    head = file.read_at(0, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    _, _, size, _, files_at, _, _, _, folder_count, file_count, flags, _, _ = _HEAD.unpack(head)
    if flags & _OF_A_SET or not folder_count:
        return None
    if file_count > limits.max_entries:
        raise too_many_entries(limits)
    at, of_folder, of_block = _HEAD.size, 0, 0
    if flags & _HAS_RESERVES:
        own, of_folder, of_block = _RESERVES.unpack(file.read_at(at, 4).ljust(4, b"\0"))
        at += _RESERVES.size + own
    members = _members(file, files_at, file_count, folder_count)
    if members is None:
        return None
    folders: list[Folder] = []
    for number in range(folder_count):
        record = file.read_at(at, _FOLDER.size).ljust(_FOLDER.size, b"\xff")
        start, _count, method = _FOLDER.unpack(record)
        plain = max((one.start + one.size for one in members if one.folder == number), default=0)
        folders.append(Folder(start, plain, method & _METHOD_MASK, of_block))
        at += _FOLDER.size + of_folder
    known = all(one.method in (STORED, MSZIP) for one in folders)
    return Cabinet(size, folders, members) if known else None


def _members(file: ByteFile, at: int, count: int, folders: int) -> list[_Member] | None:
    found: list[_Member] = []
    for _number in range(count):
        record = file.read_at(at, _FILE.size + _NAME_MAX)
        end = record.find(b"\0", _FILE.size)
        if end <= _FILE.size:
            return None
        size, start, folder, date, time, _attributes = _FILE.unpack_from(record)
        if folder >= folders:
            return None
        raw = record[_FILE.size : end].replace(b"\\", b"/")
        found.append(_Member(raw, size, start, folder, _mtime_ms(date, time)))
        at += end + 1
    return [_checked(one, found[number + 1 :][:1]) for number, one in enumerate(found)]


def _checked(one: _Member, following: list[_Member]) -> _Member:
    """Files lie one after the other: where the next does not begin at the end of this one, its size is wrong."""
    gapless = all(
        other.folder != one.folder or other.start in (one.start + one.size, 0)
        for other in following
    )
    if gapless:
        return one
    return _Member(one.raw, one.size, one.start, one.folder, one.mtime_ms, torn=True)


def _mtime_ms(date: int, time: int) -> int | None:
    year, month, day = (date >> 9) + 1980, date >> 5 & 15, date & 31
    if not (1 <= month <= 12 and day):
        return None
    return timegm((year, month, day, time >> 11, time >> 5 & 63, (time & 31) * 2)) * 1000


class CabReader:
    """An `ArchiveReader` over such a cabinet. Memory: 0.4 KiB an entry, one record a block, two blocks."""

    def __init__(self, blob: Blob, file: ByteFile, cabinet: Cabinet, limits: Limits) -> None:
        """`file` is an opening of the blob; the reader closes it."""
        self._file, self._cabinet, self._limits = file, cabinet, limits
        self._folders = [Unpacked(file, folder) for folder in cabinet.folders]
        error = self._error(blob.name)
        self._fault: Fault | None = None if error is None else error.fault()
        self._decode = decoder_for((one.raw for one in cabinet.members), "cp437")
        self._read_before = file.taken

    @property
    def listed(self) -> bool:
        """True: the directory comes first."""
        return True

    def listing(self) -> Listing:
        """Number and sizes of the entries."""
        members = self._cabinet.members
        return Listing("cab", len(members), sum(one.size for one in members))

    def entries(self) -> Iterator[Entry]:
        """Every entry in the directory's order."""
        for index, member in enumerate(self._cabinet.members):
            yield self._entry(index, member)

    def cost_to(self, index: int) -> int:
        """Bytes of the same folder before the entry."""
        member = self._cabinet.members[index]
        return member.start if self._cabinet.folders[member.folder].method == MSZIP else 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        tally = Tally(limits, lambda: self._file.taken)
        for index in range(start, len(self._cabinet.members)):
            member = self._cabinet.members[index]
            entry = self._entry(index, member)
            if not want(entry):
                continue
            pull = counted(_Bytes(self._folders[member.folder], member), tally)
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                return

    def finish(self) -> ReadReport:
        """Bytes of entries read so far, and what was wrong with the cabinet as a whole."""
        return ReadReport(self._file.taken - self._read_before, self._fault)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._file.close()

    def _error(self, name: str) -> TransloadError | None:
        if self._file.size < self._cabinet.size:
            return TruncatedError(f"{name} is cut short")
        if not all(one.is_whole for one in self._folders):
            return CorruptError(f"{name} is damaged: bytes are missing, or too many")
        if any(one.torn for one in self._cabinet.members):
            return CorruptError(f"{name} is damaged: its directory has wrong sizes")
        tail = self._file.read_at(self._cabinet.size, HEAD_BYTES)
        if found := archive_format(tail):
            left = self._file.size - self._cabinet.size
            return UnsupportedError(
                f"{name}: {left:,} bytes after its end are another archive ({found}), which was not read"
            )
        return None

    def _entry(self, index: int, member: _Member) -> Entry:
        is_packed = self._cabinet.folders[member.folder].method == MSZIP
        return Entry(
            index=index,
            name=self._decode(member.raw),
            raw_name=member.raw,
            size=member.size,
            block=member.folder if is_packed else None,
            mtime_ms=member.mtime_ms,
        )


class _Bytes:
    """One entry's bytes; call it for the next ones. What is damaged is given, too, as far as it was found: the error
    comes at the end. Raises CorruptError, TruncatedError, UnreadableError.
    """

    def __init__(self, folder: Unpacked, member: _Member) -> None:
        self._folder, self._member = folder, member
        self._got = 0
        self._known = not member.torn

    def __call__(self, size: int) -> bytes:
        member = self._member
        left = member.size - self._got
        if not left:
            if not self._known:
                raise CorruptError("a checksum over its packed data is wrong, or its size")
            return b""
        number, start = divmod(member.start + self._got, BLOCK_BYTES)
        plain = self._folder.block(number)
        if plain is None or start >= len(plain.data):
            raise TruncatedError(f"the data ends after {self._got} of {member.size} bytes")
        end = min(start + min(size, left), len(plain.data))
        self._known = self._known and plain.known(start, end)
        self._got += end - start
        return plain.data[start:end]
