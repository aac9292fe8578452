"""Entries of a zip without a usable directory, found by walking its local headers from the start.

Every entry has a small header before its data. Where that header knows the size, the walk steps over the data; where
the size comes behind the data (written as a stream), the data is unpacked once to find its end.
"""

import struct
import zlib
from dataclasses import dataclass, field
from zipfile import ZipInfo

from transload.archives.blob import ByteFile
from transload.archives.decoders import DECODE_ERRORS, STORED, can_decode, zip_decoder
from transload.archives.limits import CHUNK, Tally, too_large_entry, too_many_entries
from transload.archives.names import extra_field
from transload.archives.zip_entries import ENCRYPTED, LOCAL_HEAD, LOCAL_MAGIC, UTF8_NAME
from transload.entry import Limits
from transload.errors import CorruptError, TransloadError, TruncatedError
from transload.kinds import Fault

_SIZES_FOLLOW = 0x8
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
_DIRECTORY_MAGICS = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06")
_ZIP64 = 0x0001
_IN_ZIP64 = 0xFFFFFFFF
_SHORT = struct.Struct("<3L")  # crc, packed, size: APPNOTE.TXT 4.3.9
_LONG = struct.Struct("<LQQ")


@dataclass(slots=True)
class Salvage:
    """What the walk found: records in file order, troubles by index, whether the file ended inside an entry."""

    infos: list[ZipInfo] = field(default_factory=list[ZipInfo])
    troubles: dict[int, Fault] = field(default_factory=dict[int, Fault])
    cut: bool = False
    damaged: bool = False

    @property
    def whole(self) -> int:
        """How many entries seem complete (their checksums are compared when they are read)."""
        return len(self.infos) - len(self.troubles)


def salvage(file: ByteFile, limits: Limits) -> Salvage:
    """Find the entries. Memory: their records and one chunk. Raises LimitError on too many, UnreadableError."""
    found = Salvage()
    at = _next_header(file, 0)
    while at is not None:
        info = _read_header(file, at)
        if info is None:
            found.cut = True
            break
        if len(found.infos) >= limits.max_entries:
            raise too_many_entries(limits)
        found.infos.append(info)
        end = _locate_end(file, info, found, limits)
        if end is None:
            break
        at = _step(file, end, found)
    return found


def _step(file: ByteFile, at: int, found: Salvage) -> int | None:
    """Offset of the next header at or behind `at`; None at the directory or the end of the file."""
    magic = file.read_at(at, 4)
    if magic in _DIRECTORY_MAGICS or not magic:
        return None
    if magic == LOCAL_MAGIC:
        return at
    following = _next_header(file, at)
    found.damaged = True
    return following


def _next_header(file: ByteFile, start: int) -> int | None:
    return _search(file, start, LOCAL_MAGIC)


def _search(file: ByteFile, start: int, magic: bytes) -> int | None:
    """Offset of the next `magic` at or behind `start`, None when there is none."""
    tail = b""
    at = start
    while chunk := file.read_at(at, CHUNK):
        window = tail + chunk
        place = window.find(magic)
        if place >= 0:
            return at - len(tail) + place
        at += len(chunk)
        tail = window[-(len(magic) - 1) :]
    return None


def _read_header(file: ByteFile, at: int) -> ZipInfo | None:
    """The record that a local header gives; None when the file ends inside it. Symbolic links are not told there."""
    head = file.read_at(at, LOCAL_HEAD.size)
    if len(head) < LOCAL_HEAD.size:
        return None
    _, version, flags, method, time, date, crc, packed, size, name_size, extra_size = (
        LOCAL_HEAD.unpack(head)
    )
    rest = file.read_at(at + LOCAL_HEAD.size, name_size + extra_size)
    if len(rest) < name_size + extra_size:
        return None
    name, flags = _decode(rest[:name_size], flags)
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


def _decode(raw: bytes, flags: int) -> tuple[str, int]:
    """The name as `zipfile` would hold it; a UTF-8 flag that lies is taken away, so that the bytes are kept."""
    if flags & UTF8_NAME:
        try:
            return raw.decode(), flags
        except UnicodeDecodeError:
            flags &= ~UTF8_NAME
    return raw.decode("cp437"), flags


def _apply_zip64(info: ZipInfo) -> None:
    sizes = extra_field(info.extra, _ZIP64)
    if sizes is None or len(sizes) < 16:
        return
    if info.file_size == _IN_ZIP64:
        info.file_size = int.from_bytes(sizes[:8], "little")
    if info.compress_size == _IN_ZIP64:
        info.compress_size = int.from_bytes(sizes[8:16], "little")


def _locate_end(file: ByteFile, info: ZipInfo, found: Salvage, limits: Limits) -> int | None:
    """Where the entry ends; None when the file is cut inside it. Damage becomes the entry's trouble."""
    start = info.header_offset + LOCAL_HEAD.size
    head = file.read_at(info.header_offset, LOCAL_HEAD.size)
    start += int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    try:
        if info.flag_bits & _SIZES_FOLLOW and not info.compress_size:
            return _behind_descriptor(file, info, start, limits)
        if start + info.compress_size > file.size:
            raise TruncatedError("the archive ends inside this entry")
    except TransloadError as error:
        error.item = info.filename
        found.troubles[len(found.infos) - 1] = error.fault()
        found.cut = found.cut or isinstance(error, TruncatedError)
        found.damaged = True
        return None if isinstance(error, TruncatedError) else start
    return start + info.compress_size


def _behind_descriptor(file: ByteFile, info: ZipInfo, start: int, limits: Limits) -> int:
    if (
        info.compress_type == STORED
        or info.flag_bits & ENCRYPTED
        or not can_decode(info.compress_type)
    ):
        return _search_descriptor(file, info, start)
    end = _unpack_to_end(file, info, start, limits)
    block = file.read_at(end, 4 + _LONG.size)
    lead = 4 if block.startswith(_DESCRIPTOR_MAGIC) else 0
    if len(block) < lead + _SHORT.size:
        raise TruncatedError("the archive ends inside this entry")
    found = (info.CRC, info.compress_size, info.file_size)
    if _SHORT.unpack_from(block, lead) == found:
        return end + lead + _SHORT.size
    if len(block) >= lead + _LONG.size and _LONG.unpack_from(block, lead) == found:
        return end + lead + _LONG.size
    raise CorruptError("the entry's content does not match its checksum and sizes")


def _unpack_to_end(file: ByteFile, info: ZipInfo, start: int, limits: Limits) -> int:
    """Unpack once and set the record's sizes and checksum; the offset behind the packed data comes back."""
    file.seek(start)
    decoder = zip_decoder(info.compress_type, file.read)
    tally = Tally(limits, lambda: file.taken)
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
    """Find the data descriptor of an entry that cannot be unpacked to its end: the one that tells this very length."""
    at = _search(file, start, _DESCRIPTOR_MAGIC)
    while at is not None:
        block = file.read_at(at + 4, _LONG.size)
        for shape in (_SHORT, _LONG):
            if len(block) >= shape.size and shape.unpack_from(block)[1] == at - start:
                info.CRC, info.compress_size, info.file_size = shape.unpack_from(block)
                return at + 4 + shape.size
        at = _search(file, at + 4, _DESCRIPTOR_MAGIC)
    raise TruncatedError("the archive ends inside this entry")
