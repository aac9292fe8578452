"""The directory of a zip: its real end record, and as many records as are whole.

The standard library's reader gives up on all of it at the first record that is damaged; here that record alone is lost.
"""

import operator
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import ZipInfo

from transload.archives.blob import ByteFile
from transload.archives.limits import too_many_entries
from transload.archives.names import extra_field
from transload.archives.zip.entries import UTF8_NAME
from transload.entry import Limits
from transload.units import MIB

RECORD_MAGIC = b"PK\x01\x02"
END_MAGIC = b"PK\x05\x06"
END_BYTES_MAX = 22 + 0xFFFF
"""An end record with the longest comment, APPNOTE.TXT 4.3.16."""

_RECORD = struct.Struct("<4s6H3L5H2L")  # APPNOTE.TXT 4.3.12
_END = struct.Struct("<4s4H2LH")
_LOCATOR64 = struct.Struct("<4sLQL")  # APPNOTE.TXT 4.3.15
_LOCATOR64_MAGIC = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")  # APPNOTE.TXT 4.3.14
_END64_MAGIC = b"PK\x06\x06"
ZIP64 = 0x0001
IN_ZIP64, _DISK_IN_ZIP64 = 0xFFFFFFFF, 0xFFFF
_SIGNATURE_MAGIC = b"PK\x05\x05"  # over the directory, at its end: APPNOTE.TXT 4.3.13
_STEP = MIB
_MARKS_MAX = 64  # end marks that are looked at: a comment may be full of them
_RECORD_BYTES_MAX = 1024
"""What a directory record may take on average: 46 bytes, a name and small extra fields are usual."""


@dataclass(frozen=True, slots=True)
class EndRecord:
    """What the end record says. `start` and `stop` are where the directory really is, None where none was found.

    `after` is where the archive ends, its comment included; `offset` where the directory would be if the file began
    with the archive; `disk` the number of the volume that this file is, the first being 0.
    """

    at: int
    after: int
    disk: int
    entries_here: int
    entries: int
    offset: int
    start: int | None
    stop: int

    @property
    def names_other_disks(self) -> bool:
        """Whether the archive is said to have more volumes than this one."""
        return self.disk > 0 or self.entries_here < self.entries


@dataclass(frozen=True, slots=True)
class Directory:
    """The records. `shift` was added to their offsets. `damaged`: some were lost."""

    end: EndRecord
    infos: list[ZipInfo]
    shift: int
    damaged: bool

    @property
    def lacks(self) -> bool:
        """Whether there are fewer records than the end record says; writers of old count modulo 65,536."""
        return len(self.infos) < self.end.entries


def find_end(file: ByteFile, size: int) -> EndRecord | None:
    """The end record of the archive that ends at `size`, or not further before it than a comment is long, or None.

    Of several marks the one is taken whose comment ends with the file and whose directory is where it says.
    """
    low = max(size - END_BYTES_MAX, 0)
    tail = file.read_at(low, size - low)
    found = [
        (end.after == size, end.start is not None, end.at, end) for end in _ends(file, tail, low)
    ]
    return max(found, key=lambda one: one[:3])[3] if found else None


def _ends(file: ByteFile, tail: bytes, low: int) -> Iterator[EndRecord]:
    """The end records in the tail, those first whose comment reaches exactly to the end of it."""
    marks = list(_marks(tail))
    fitting = [at for at in marks if at + _END.size + _comment_bytes(tail, at) == len(tail)]
    for at in (fitting[-_MARKS_MAX:] or marks)[-_MARKS_MAX:]:
        yield _end_at(file, tail[at : at + _END.size], low + at)


def _marks(tail: bytes) -> Iterator[int]:
    at = tail.find(END_MAGIC)
    while 0 <= at <= len(tail) - _END.size:
        yield at
        at = tail.find(END_MAGIC, at + 1)


def _comment_bytes(tail: bytes, at: int) -> int:
    return int.from_bytes(tail[at + _END.size - 2 : at + _END.size], "little")


def _end_at(file: ByteFile, block: bytes, at: int) -> EndRecord:
    _, disk, _, here, entries, size, offset, comment = _END.unpack(block)
    stop = at
    if large := _end64(file, at):
        stop, block64 = large
        disk, _, here, entries, size, offset = _END64.unpack(block64)[4:]
    start = next(
        (
            place
            for place in (stop - size, offset)
            if 0 <= place < stop and _is_record(file.read_at(place, 4), 0)
        ),
        None,
    )
    if start is None and not entries and not size:
        start = stop
    disk = 0 if disk == _DISK_IN_ZIP64 else disk  # its large record is lost
    return EndRecord(at, at + _END.size + comment, disk, here, entries, offset, start, stop)


def _end64(file: ByteFile, at: int) -> tuple[int, bytes] | None:
    """Where the large end record of the small one at `at` is, and its fixed part; None where there is none."""
    locator = file.read_at(at - _LOCATOR64.size, _LOCATOR64.size)
    if not locator.startswith(_LOCATOR64_MAGIC) or len(locator) < _LOCATOR64.size:
        return None
    for place in (at - _LOCATOR64.size - _END64.size, _LOCATOR64.unpack(locator)[2]):
        block = file.read_at(place, _END64.size)
        if block.startswith(_END64_MAGIC) and len(block) == _END64.size:
            return place, block
    return None


def end_after(file: ByteFile, start: int) -> EndRecord | None:
    """The end record of the directory that begins at `start`, where nothing at all comes before the archive."""
    block, at = b"", start
    while (place := block.find(END_MAGIC)) < 0 or len(block) - place < _END.size:
        more = file.read_at(at, _STEP)
        if not more:
            return None
        block, at = block[-_END.size :] + more, at + len(more)
    mark = at - len(block) + place
    end = _end_at(file, block[place : place + _END.size], mark)
    return end if end.start == end.offset == start else None


def read_directory(file: ByteFile, end: EndRecord, limits: Limits) -> Directory:
    """The records between the directory's start and the end record. Raises LimitError on too many, UnreadableError.

    Memory: the directory, and about 0.7 KiB a record.
    """
    start = end.stop if end.start is None else end.start
    size = end.stop - start
    if size > limits.max_entries * _RECORD_BYTES_MAX:
        raise too_many_entries(limits)
    data, shift = file.read_at(start, size), start - end.offset
    infos: list[ZipInfo] = []
    damaged, at = end.start is None, 0
    while at < len(data):
        info, after = _record(data, at)
        if info is not None:
            info.header_offset += shift
            infos.append(info)
        damaged = damaged or info is None
        at = after
        if len(infos) > limits.max_entries:
            raise too_many_entries(limits)
    return Directory(end, infos, shift, damaged)


def _record(data: bytes, at: int) -> tuple[ZipInfo | None, int]:
    """The record at `at`, None if it is damaged, and where the next one begins."""
    if not _is_record(data, at) or len(data) - at < _RECORD.size:
        return None, _next_record(data, at)
    fields = _RECORD.unpack_from(data, at)
    name_size, extra_size, comment_size = fields[10:13]
    name_at = at + _RECORD.size
    after = name_at + name_size + extra_size + comment_size
    if after != len(data) and not _is_record(data, after):
        if not data.startswith(_SIGNATURE_MAGIC, after):
            return None, _next_record(data, at)
        after = len(data)
    extra_at = name_at + name_size
    name, extra = data[name_at:extra_at], data[extra_at : extra_at + extra_size]
    return _info(fields, name, extra), after


def _is_record(data: bytes, at: int) -> bool:
    """Whether a record begins there; one byte of its mark may be damaged."""
    mark = data[at : at + len(RECORD_MAGIC)]
    return (
        mark == RECORD_MAGIC or sum(map(operator.eq, mark, RECORD_MAGIC)) >= len(RECORD_MAGIC) - 1
    )


def _next_record(data: bytes, at: int) -> int:
    following = data.find(RECORD_MAGIC, at + len(RECORD_MAGIC))
    return len(data) if following < 0 else following


def _info(fields: tuple[int, ...], raw: bytes, extra: bytes) -> ZipInfo:
    _, made_by, version, flags, method, time, date, crc, packed, size = fields[:10]
    disk, _, attributes, offset = fields[13:17]
    name, flags = decoded(raw, flags)
    info = ZipInfo(name, (
        (date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2,
    ))  # fmt: skip
    info.create_system = made_by >> 8
    info.extra = extra
    info.extract_version, info.flag_bits, info.compress_type = version, flags, method
    info.CRC, info.external_attr = crc, attributes
    info.file_size, info.compress_size, info.header_offset, info.volume = size, packed, offset, disk
    if IN_ZIP64 in (size, packed, offset) or disk == _DISK_IN_ZIP64:
        _apply_zip64(info)
    return info


def decoded(raw: bytes, flags: int) -> tuple[str, int]:
    """The name as `zipfile` would hold it; a UTF-8 flag that lies is taken away, so that the bytes are kept."""
    if flags & UTF8_NAME:
        try:
            return raw.decode(), flags
        except UnicodeDecodeError:
            flags &= ~UTF8_NAME
    return raw.decode("cp437"), flags


def _apply_zip64(info: ZipInfo) -> None:
    """Take from the zip64 field what is full of ones in the record: size, packed size, offset, disk, in this order."""
    field = extra_field(info.extra, ZIP64) or b""
    at = 0
    for name in ("file_size", "compress_size", "header_offset"):
        if getattr(info, name) == IN_ZIP64 and len(field) - at >= 8:
            setattr(info, name, int.from_bytes(field[at : at + 8], "little"))
            at += 8
    if info.volume == _DISK_IN_ZIP64 and len(field) - at >= 4:
        info.volume = int.from_bytes(field[at : at + 4], "little")
