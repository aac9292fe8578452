"""Names: what they decode to, and the safe paths that the library makes of them."""

import random

from fuzz import mutate
from fuzz.cases import Outcome, Target, promise
from transload.archives.code_pages import detect
from transload.archives.names import (
    NameDecoder,
    decode_tar_name,
    decoder_for,
    extra_field,
    is_utf8,
    unicode_name,
)
from transload.destinations.library import (
    COMPONENT_MAX_BYTES,
    DEPTH_MAX,
    PATH_MAX_BYTES,
    key,
    numbered,
    safe_parts,
    with_suffix,
)

_FALLBACK = "cp437"
_COMPONENT_LONGEST = 255  # bytes: ext4, APFS; NTFS counts UTF-16, which is never more
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)
_NEVER = frozenset('<>:"|?*\\/\x7f') | {chr(code) for code in range(32)}
_SUFFIXES = (".jpg", ".mp4", ".JPG", ".html", ".tar.gz", "." + "x" * 40)


def make(rng: random.Random) -> bytes:
    """Up to five names of one archive, a line each, the first one perhaps as an extra field of the second."""
    names = [mutate.name(rng) for _ in range(rng.choice((1, 1, 2, 3, 5)))]
    return b"\n".join(names)


def check(data: bytes) -> Outcome:
    """Decode the names together and alone."""
    names = data.split(b"\n")
    codec = detect(names, _FALLBACK)
    decode = decoder_for(names, _FALLBACK)
    promise(decode == NameDecoder(codec), "two answers for the same names", codec, decode)
    for raw in names:
        _check_text(raw, decode(raw))
        _check_text(raw, decode_tar_name(raw))
        _check_extra(raw, names[0])
    plain = all(is_utf8(raw) for raw in names)
    promise(codec == "utf-8" or not plain, "UTF-8 is read as something else", codec)
    return Outcome(opened=not plain, kinds=("ascii" if data.isascii() else codec,))


def _check_text(raw: bytes, text: str) -> None:
    promise("\0" not in text, "a NUL in a name", raw, text)
    text.encode()
    if is_utf8(raw):
        expected = raw.decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
        promise(text == expected, "UTF-8 does not stay UTF-8", raw, text)


def _check_extra(raw: bytes, extra: bytes) -> None:
    field = extra_field(extra, 0x7075)
    promise(field is None or field in extra, "a field that is not there", extra, field)
    name = unicode_name(raw, extra)
    if name is not None:
        _check_text(name.encode(), name)


def make_path(rng: random.Random) -> bytes:
    """One name as text, of up to forty components."""
    parts = (mutate.word(rng) for _ in range(rng.choice((1, 1, 2, 3, 40))))
    return rng.choice(("/", "/", "\\", "//")).join(parts).encode()


def check_path(data: bytes) -> Outcome:
    """Make a safe path of it, as the library does, and look at each part with the eyes of three systems."""
    name = data.decode("utf-8", "surrogateescape")
    parts = safe_parts(name)
    promise(1 <= len(parts) <= DEPTH_MAX, "too deep, or nothing", parts)
    promise(len("/".join(parts).encode()) <= PATH_MAX_BYTES, "a path too long", parts)
    for part in parts:
        _check_part(part, COMPONENT_MAX_BYTES)
    promise(safe_parts("/".join(parts)) == parts, "a safe path is made safer", parts)
    for suffix in _SUFFIXES[:4]:
        _check_part(with_suffix(parts[-1], suffix), _COMPONENT_LONGEST)
    for number in (2, 99_999):
        _check_part(numbered(parts[-1], number), _COMPONENT_LONGEST)
    path = "/".join(parts)
    promise(key(key(path)) == key(path), "two keys of one path", path)
    return Outcome(opened=parts != ("file",), kinds=("kept" if path == name else "changed",))


def _check_part(part: str, most: int) -> None:
    promise(part not in {"", ".", ".."}, "a part that names nothing or leads up", part)
    promise(not _NEVER & set(part), "a character that some system forbids", part)
    promise(part[-1] not in ". " and part[0] != " ", "an end that Windows drops", part)
    promise(part.split(".")[0].strip().lower() not in _DEVICES, "a device of Windows", part)
    promise(len(part.encode()) <= most, "a part too long", part)


TARGETS = (
    Target("names", make, check),
    Target("paths", make_path, check_path),
)
