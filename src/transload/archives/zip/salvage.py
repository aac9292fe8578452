"""Entries of a zip without a usable directory, found by walking its local headers from the start.

Every entry has a small header before its data. Where that header knows the size, the walk steps over the data; where
the size comes after the data (written as a stream), the data is unpacked once to find its end.
"""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from zipfile import ZipInfo

from transload.archives.blob import ByteFile
from transload.archives.codecs.decoders import DECODE_ERRORS, zip_decoder
from transload.archives.codecs.zip_methods import STORED, ZIP_METHODS, can_decode
from transload.archives.limits import CHUNK, Tally, too_large_entry, too_many_entries
from transload.archives.names import extra_field
from transload.archives.zip.directory import END_MAGIC, IN_ZIP64, RECORD_MAGIC, ZIP64, decoded
from transload.archives.zip.entries import ENCRYPTED, LOCAL_HEAD, LOCAL_MAGIC, SIZES_FOLLOW
from transload.archives.zip.entry_bytes import (
    DESCRIPTOR_MAGIC,
    LONG,
    SHORT,
    Span,
    descriptor_end,
)
from transload.entry import Limits
from transload.errors import CorruptError, TransloadError, TruncatedError
from transload.faults import Fault
from transload.units import GIB

_MARKS = (LOCAL_MAGIC, RECORD_MAGIC, END_MAGIC, b"PK\x06\x06")
"""What may follow an entry: another one, the directory, or its end records."""
_MISLED_MAX = 100_000  # places where no entry ended or none was: a file may be full of such marks
_READ_TIMES, _READ_TIMES_MAX = 8, 64  # a search for an end that is not there reads up to the file's
_READ_BYTES_MAX = 4 * GIB  # unless the file itself is larger than an eighth of it
_VERSION_MAX = 99  # to unpack it; 6.3 is the latest there is


@dataclass(slots=True)
class Salvage:
    """What the walk found: records in file order, troubles by index, whether the file ended inside an entry.

    `directory_at` is where a directory follows the data of an entry, `made` how much was unpacked to find ends.
    """

    infos: list[ZipInfo] = field(default_factory=list[ZipInfo])
    troubles: dict[int, Fault] = field(default_factory=dict[int, Fault])
    cut: bool = False
    damaged: bool = False
    directory_at: int | None = None
    made: int = 0

    @property
    def whole(self) -> int:
        """How many entries seem complete (their checksums are compared when they are read)."""
        return len(self.infos) - len(self.troubles)


def salvage(file: ByteFile, limits: Limits, known: Sequence[tuple[int, int]] = ()) -> Salvage:
    """Find the entries outside of `known`: where entries found otherwise begin and end, sorted.

    Where an entry does not end before another header, the next one is looked for from its data on: bytes may be
    missing in it. Memory: the records and one chunk. What is read and unpacked to find ends has a bound, as headers
    may be made so that each costs a reading of the whole file. Raises LimitError on too many, UnreadableError.
    """
    found, gaps, misled = Salvage(), _Gaps(file, known), 0
    at, before = gaps.next_header(0), file.taken
    most = max(_READ_TIMES * file.size, min(_READ_TIMES_MAX * file.size, _READ_BYTES_MAX))
    while at is not None and misled < _MISLED_MAX:
        if file.taken - before > most or found.made > most + limits.max_total_bytes:
            found.damaged = found.cut = True
            break
        info = _read_header(file, at)
        if info is None:
            found.cut = True
            break
        if not _is_plausible(info):
            misled += 1
            at = gaps.next_header(at + len(LOCAL_MAGIC))
            continue
        if len(found.infos) >= limits.max_entries:
            raise too_many_entries(limits)
        found.infos.append(info)
        end = _locate_end(file, info, found, limits)
        after = b"" if end is None else file.read_at(end, 4)
        if after == RECORD_MAGIC:
            found.directory_at = end
        if end is None or not (gaps.is_known(end) or not after or after in _MARKS):
            found.damaged = True
            misled += 1
            end = _data_at(file, info)
        at = gaps.next_header(end)
        found.cut = at is None and len(found.infos) - 1 in found.troubles
    return found


def _is_plausible(info: ZipInfo) -> bool:
    """Whether it is a header, and not four bytes by chance."""
    method = info.compress_type in ZIP_METHODS
    return bool(info.orig_filename) and method and info.extract_version & 0xFF <= _VERSION_MAX


class _Gaps:
    """The parts of a file in which headers are looked for: those between the entries that are known."""

    def __init__(self, file: ByteFile, known: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._starts = [start for start, _ in known]
        self._ends = [end for _, end in known]

    def is_known(self, at: int) -> bool:
        """Whether a known entry begins there."""
        place = bisect_left(self._starts, at)
        return place < len(self._starts) and self._starts[place] == at

    def next_header(self, start: int) -> int | None:
        """Offset of the next header mark at or after `start`, None when there is none."""
        at = self._after_known(start)
        if self._file.read_at(at, len(LOCAL_MAGIC)) == LOCAL_MAGIC:
            return at
        while at < self._file.size:
            place = bisect_right(self._starts, at)
            stop = self._starts[place] if place < len(self._starts) else self._file.size
            found = _search(self._file, at, LOCAL_MAGIC, stop)
            if found is not None:
                return found
            at = self._after_known(stop)
        return None

    def _after_known(self, at: int) -> int:
        place = bisect_right(self._starts, at)
        return max(at, self._ends[place - 1]) if place else at


def _search(file: ByteFile, start: int, magic: bytes, stop: int) -> int | None:
    """Offset of the next `magic` at or after `start` and before `stop`, None when there is none."""
    tail = b""
    at = start
    while at < stop and (chunk := file.read_at(at, min(CHUNK, stop - at))):
        window = tail + chunk
        place = window.find(magic)
        if place >= 0:
            return at - len(tail) + place
        at += len(chunk)
        tail = window[-(len(magic) - 1) :]
    return None


def _read_header(file: ByteFile, at: int) -> ZipInfo | None:
    """The record that a local header gives; None when the file ends inside it. Symbolic links are not marked there."""
    head = file.read_at(at, LOCAL_HEAD.size)
    if len(head) < LOCAL_HEAD.size:
        return None
    _, version, flags, method, time, date, crc, packed, size, name_size, extra_size = (
        LOCAL_HEAD.unpack(head)
    )
    rest = file.read_at(at + LOCAL_HEAD.size, name_size + extra_size)
    if len(rest) < name_size + extra_size:
        return None
    name, flags = decoded(rest[:name_size], flags)
    info = ZipInfo(name, (
        (date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2,
    ))  # fmt: skip
    info.extra = rest[name_size:]
    info.extract_version, info.flag_bits, info.compress_type = version, flags, method
    info.CRC, info.compress_size, info.file_size, info.header_offset = crc, packed, size, at
    info.external_attr = 0
    info.create_system = 0
    _apply_zip64(info)
    return info


def _apply_zip64(info: ZipInfo) -> None:
    sizes = extra_field(info.extra, ZIP64)
    if sizes is None or len(sizes) < 16:
        return
    if info.file_size == IN_ZIP64:
        info.file_size = int.from_bytes(sizes[:8], "little")
    if info.compress_size == IN_ZIP64:
        info.compress_size = int.from_bytes(sizes[8:16], "little")


def _data_at(file: ByteFile, info: ZipInfo) -> int:
    head = file.read_at(info.header_offset, LOCAL_HEAD.size)
    sizes = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    return info.header_offset + LOCAL_HEAD.size + sizes


def _locate_end(file: ByteFile, info: ZipInfo, found: Salvage, limits: Limits) -> int | None:
    """Where the entry ends; None where that is unknown. Damage becomes the entry's trouble."""
    start = _data_at(file, info)
    try:
        if info.flag_bits & SIZES_FOLLOW and not info.compress_size:
            return _after_descriptor(file, info, start, found, limits)
        if start + info.compress_size > file.size:
            raise TruncatedError("the archive ends inside this entry")
    except TransloadError as error:
        error.item = info.filename
        found.troubles[len(found.infos) - 1] = error.fault()
        return None
    span = Span(start, info.compress_size, info.file_size, info.CRC, info.compress_type)
    return (descriptor_end(file, span) if info.flag_bits & SIZES_FOLLOW else None) or span.end


def _after_descriptor(
    file: ByteFile, info: ZipInfo, start: int, found: Salvage, limits: Limits
) -> int:
    if (
        info.compress_type == STORED
        or info.flag_bits & ENCRYPTED
        or not can_decode(info.compress_type)
    ):
        return _search_descriptor(file, info, start)
    try:
        end = _unpack_to_end(file, info, start, limits)
    finally:
        found.made += info.file_size
    span = Span(start, info.compress_size, info.file_size, info.CRC, info.compress_type)
    after = descriptor_end(file, span)
    if after is not None:
        return after
    if end + SHORT.size > file.size:
        raise TruncatedError("the archive ends inside this entry")
    raise CorruptError("the entry's content does not match its checksum and sizes")


def _unpack_to_end(file: ByteFile, info: ZipInfo, start: int, limits: Limits) -> int:
    """Unpack once and set the record's sizes and checksum; returns the offset after the packed data."""
    file.seek(start)
    decoder = zip_decoder(info.compress_type, file.read)
    tally = Tally(limits, lambda: file.taken)
    info.CRC = info.file_size = 0  # Info-ZIP writes the size that it expects, also where all follow
    while not decoder.eof:
        packed = file.read(CHUNK) if decoder.needs_input else b""
        if not packed and decoder.needs_input:
            raise TruncatedError("the archive ends inside this entry")
        try:
            data = decoder.decompress(packed, CHUNK)
        except DECODE_ERRORS as error:
            raise CorruptError("the packed data is damaged", evidence=str(error)) from error
        tally.add(len(data))
        info.CRC = zlib.crc32(data, info.CRC)
        info.file_size += len(data)
        if info.file_size > limits.max_entry_bytes:
            raise too_large_entry(limits)
    end = file.tell() - len(decoder.unused_data)
    info.compress_size = end - start
    return end


def _search_descriptor(file: ByteFile, info: ZipInfo, start: int) -> int:
    """Find the data descriptor of an entry that cannot be unpacked to its end: the one that states this very length."""
    at = _search(file, start, DESCRIPTOR_MAGIC, file.size)
    while at is not None:
        block = file.read_at(at + 4, LONG.size)
        for shape in (SHORT, LONG):
            crc, packed, size = shape.unpack_from(block) if len(block) >= shape.size else (0, -1, 0)
            if packed != at - start or (crc and not size):  # its long shape read as the short one
                continue
            info.CRC, info.compress_size, info.file_size = crc, packed, size
            return at + 4 + shape.size
        at = _search(file, at + 4, DESCRIPTOR_MAGIC, file.size)
    raise TruncatedError("the archive ends inside this entry")
