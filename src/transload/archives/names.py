"""Entry names from bytes, for display. Pure: a decoded name is data and never becomes a path here."""

import struct
import zlib

UNICODE_PATH = 0x7075  # APPNOTE.TXT 4.6.9, Info-ZIP Unicode Path Extra Field
_UNICODE_PATH_HEAD = struct.Struct("<BL")
_FIELD = struct.Struct("<HH")


def extra_field(extra: bytes, tag: int) -> bytes | None:
    """The body of a zip extra field, None when it is not there or the fields are cut short."""
    at = 0
    while at + _FIELD.size <= len(extra):
        found, size = _FIELD.unpack_from(extra, at)
        at += _FIELD.size
        if found == tag:
            return extra[at : at + size] if at + size <= len(extra) else None
        at += size
    return None


def decode_zip_name(raw: bytes, extra: bytes) -> str:
    """A zip entry's name: its Unicode extra field when that belongs to `raw`, else UTF-8, else code page 437.

    The UTF-8 flag is not asked for: bytes that are valid UTF-8 are hardly ever anything else, flagged or not.
    """
    field = extra_field(extra, UNICODE_PATH) if extra else None
    name = _unicode_path(field, raw) if field else None
    return name or _decode(raw, "cp437")


def decode_tar_name(raw: bytes) -> str:
    """A tar entry's or a file's name: UTF-8 if valid, else Latin-1 (any byte has a character there)."""
    return _decode(raw, "latin-1")


def _unicode_path(field: bytes, raw: bytes) -> str | None:
    """The name in an Info-ZIP Unicode field; None when the plain name was changed after it was written."""
    if len(field) <= _UNICODE_PATH_HEAD.size:
        return None
    version, checksum = _UNICODE_PATH_HEAD.unpack_from(field)
    if version != 1 or checksum != zlib.crc32(raw):
        return None
    try:
        return _without_nul(field[_UNICODE_PATH_HEAD.size :].decode())
    except UnicodeDecodeError:
        return None


def _decode(raw: bytes, legacy: str) -> str:
    try:
        return _without_nul(raw.decode())
    except UnicodeDecodeError:
        return _without_nul(raw.decode(legacy))


def _without_nul(name: str) -> str:
    """Text as people and databases take it: some refuse a NUL."""
    return name.replace("\0", "\N{REPLACEMENT CHARACTER}")
