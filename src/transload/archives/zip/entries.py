"""Zip entries as `zipfile.ZipInfo` has them, in the words of our model."""

import stat
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal
from zipfile import ZipInfo

from transload.archives.codecs.zip_methods import ZIP_METHODS, can_decode
from transload.archives.limits import impossible_size, possible_size
from transload.archives.names import NameDecoder, extra_field, unicode_name
from transload.entry import Entry
from transload.errors import LimitError, PasswordNeededError, UnsupportedError
from transload.faults import Fault

LOCAL_HEAD = struct.Struct("<4s5H3L2H")  # APPNOTE.TXT 4.3.7
LOCAL_MAGIC = b"PK\x03\x04"
ENCRYPTED = 0x1
UTF8_NAME = 0x800
SIZES_FOLLOW = 0x8
"""Flag: crc and sizes are in a descriptor after the data."""
_EXTENDED_TIME = 0x5455  # Info-ZIP extra field "UT": modification time as seconds since 1970, UTC
_UNIX_HOSTS = frozenset({3, 19})  # APPNOTE.TXT 4.4.2: UNIX, OS X
_DOS_FOLDER = 0x10


def raw_name(info: ZipInfo) -> bytes:
    """The bytes of the name as they are in the archive; `zipfile` decodes them one of two ways, both reversible."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & UTF8_NAME else "cp437")


def unmarked_names(infos: Sequence[ZipInfo]) -> Iterator[bytes]:
    """Names outside ASCII that neither the UTF-8 flag nor a Unicode field speaks for."""
    for info in infos:
        if not info.orig_filename.isascii() and not info.flag_bits & UTF8_NAME:
            raw = raw_name(info)
            if unicode_name(raw, info.extra) is None:
                yield raw


def entry_of(index: int, info: ZipInfo, trouble: Fault | None, decode: NameDecoder) -> Entry:
    """The entry as a listing shows it. `trouble` is what the archive knows beyond the record itself.

    The UTF-8 flag is not asked for: bytes that are valid UTF-8 are hardly ever anything else, flagged or not.
    """
    raw = raw_name(info)
    name = _display(info, raw, decode)
    encrypted = bool(info.flag_bits & ENCRYPTED)
    return Entry(
        index=index,
        name=name.rstrip("/") or name,
        raw_name=raw,
        size=possible_size(info.file_size),
        crc=info.CRC,
        packed=possible_size(info.compress_size),
        kind=_kind(info, name),
        encrypted=encrypted,
        mtime_ms=_mtime_ms(info),
        trouble=trouble or _own_trouble(info, name, encrypted),
    )


def _display(info: ZipInfo, raw: bytes, decode: NameDecoder) -> str:
    name = unicode_name(raw, info.extra) or decode(raw)
    if "\\" in name and "/" not in name and info.create_system not in _UNIX_HOSTS and raw.isascii():
        return name.replace(
            "\\", "/"
        )  # .NET before 4.6.1 wrote folders so, against APPNOTE.TXT 4.4.17
    return name


def _kind(info: ZipInfo, name: str) -> Literal["file", "dir", "link"]:
    if info.create_system in _UNIX_HOSTS and stat.S_ISLNK(info.external_attr >> 16):
        return "link"  # other special modes do carry content: Info-ZIP marks what it packed from a pipe as one
    folder = name.endswith("/") or (info.external_attr & _DOS_FOLDER and not info.file_size)
    return "dir" if folder else "file"


def _mtime_ms(info: ZipInfo) -> int | None:
    field = extra_field(info.extra, _EXTENDED_TIME) if info.extra else None
    if field and len(field) >= 5 and field[0] & 1:
        return int.from_bytes(field[1:5], "little", signed=True) * 1000
    try:
        return int(datetime(*info.date_time, tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def _own_trouble(info: ZipInfo, name: str, encrypted: bool) -> Fault | None:
    if encrypted:
        return PasswordNeededError("the entry is encrypted", item=name).fault()
    if not can_decode(info.compress_type):
        method = ZIP_METHODS.get(info.compress_type, "unknown")
        return UnsupportedError(
            f"the entry is packed with {method} (zip method {info.compress_type})",
            item=name,
            suggestion="Unpack the archive with 7-Zip and send the folder.",
        ).fault()
    for claim in (info.file_size, info.compress_size):
        if possible_size(claim) is None:
            return impossible_size(claim, name).fault()
    return None


def overlapping(infos: Sequence[ZipInfo], packed: Sequence[int] | None = None) -> dict[int, Fault]:
    """Troubles of entries whose bytes in the file overlap others', by index: the mark of a bomb.

    A record that repeats another's header keeps the first readable. A range is taken as its least possible size (the
    local extra field is not looked at), so that honest archives are never refused. `packed` are the sizes of the data
    where they are known better than from the records. Memory: nothing for ordered ones.
    """
    order: Sequence[int] = range(len(infos))
    if not _is_ordered(infos):
        order = sorted(order, key=lambda index: infos[index].header_offset)

    troubles: dict[int, Fault] = {}
    holder = holder_end = -1
    for index in order:
        info = infos[index]
        size = info.compress_size if packed is None else packed[index]
        end = info.header_offset + LOCAL_HEAD.size + len(info.orig_filename) + size
        if holder >= 0 and info.header_offset < holder_end:
            troubles[index] = _overlap(info, infos[holder])
            if info.header_offset == infos[holder].header_offset:
                continue
            troubles.setdefault(holder, _overlap(infos[holder], info))
        if holder < 0 or end > holder_end:
            holder, holder_end = index, end
    return troubles


def _is_ordered(infos: Sequence[ZipInfo]) -> bool:
    last = -1
    for info in infos:
        if info.header_offset < last:
            return False
        last = info.header_offset
    return True


def needs_more(info: ZipInfo) -> bool:
    """Whether it is encrypted, or packed in a way that cannot be read here."""
    return bool(info.flag_bits & ENCRYPTED) or not can_decode(info.compress_type)


def span_of(info: ZipInfo) -> int:
    """Bytes of the entry with its header, as near as the directory says: its own extra field may be longer."""
    names = len(raw_name(info)) + len(info.extra)
    return LOCAL_HEAD.size + names + info.compress_size


def _overlap(info: ZipInfo, other: ZipInfo) -> Fault:
    return LimitError(
        f"its data overlap with those of {other.filename!r}, as in an archive bomb",
        item=info.filename,
        suggestion="If you trust the source, unpack the archive yourself and send the folder.",
    ).fault()
