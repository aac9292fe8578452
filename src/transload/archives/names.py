"""Entry names from bytes, for display. Pure: a decoded name is data and never becomes a path here."""

import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

UNICODE_PATH = 0x7075  # APPNOTE.TXT 4.6.9, Info-ZIP Unicode Path Extra Field
_UNICODE_PATH_HEAD = struct.Struct("<BL")
_FIELD = struct.Struct("<HH")
_SAMPLE = 2_000
_DIGITS = re.compile(rb"\d+")


def is_utf8(name: bytes) -> bool:
    """Whether the bytes are UTF-8; other text hardly ever is by chance."""
    if name.isascii():
        return True
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class NameDecoder:
    """Reads names: UTF-8 where they are that, else the code page `legacy`; damaged characters become U+FFFD."""

    legacy: str

    def __call__(self, raw: bytes) -> str:
        """The name as text without a NUL."""
        return _without_nul(raw.decode("utf-8" if is_utf8(raw) else self.legacy, "replace"))


def decoder_for(raws: Iterable[bytes], fallback: str) -> NameDecoder:
    """A decoder for names that do not say what they are written in, from all such names of one archive.

    `fallback` is the codec when no reading makes sense. Looks at the first 2,000 names outside ASCII.
    """
    odd = list(islice((raw for raw in raws if not raw.isascii()), _SAMPLE))
    if not odd:
        return NameDecoder("utf-8")
    from transload.archives.code_pages import detect  # nearly all archives do without

    return NameDecoder(detect(odd, fallback))


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


def unicode_name(raw: bytes, extra: bytes) -> str | None:
    """A zip entry's name in its Unicode extra field; None when there is none, or none that belongs to `raw`."""
    field = extra_field(extra, UNICODE_PATH) if extra else None
    return (_unicode_path(field, raw) or None) if field else None


def decode_tar_name(raw: bytes) -> str:
    """A tar entry's or a file's name: UTF-8 if valid, else the code page it is surely in, else Latin-1.

    Every name is read alone: a tar has no directory, and a name must read the same in every pass.
    """
    return NameDecoder("utf-8" if is_utf8(raw) else _sure_codec(_DIGITS.sub(b"0", raw)))(raw)


@lru_cache(maxsize=4096)
def _sure_codec(words: bytes) -> str:
    """Numbers do not count: the names of a series are one question."""
    from transload.archives.code_pages import guess

    found = guess([words])
    return found.codec if found and found.confident else "latin-1"


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


def _without_nul(name: str) -> str:
    """Text as people and databases take it: some refuse a NUL."""
    return name.replace("\0", "\N{REPLACEMENT CHARACTER}")
