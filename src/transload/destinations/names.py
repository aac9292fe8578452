"""Readable names that are safe as paths, made from names that are not. Pure; the only road from a name to a path."""

import re
import unicodedata

from transload import endings

COMPONENT_MAX_BYTES = (
    200  # file systems take 255 (ext4, APFS, NTFS in UTF-16): room for " (2)" and a new ending
)
PATH_MAX_BYTES = 1000  # of 1024 (macOS) and 4096 (Linux) for the whole path, so the library's own root still fits
DEPTH_MAX = 32
SUFFIX_MAX_BYTES = 16

_SEPARATORS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"\A[A-Za-z]:")
_FORBIDDEN = re.compile('[<>:"|?*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
# Unicode property Bidi_Control: they reorder what a reader sees, so that "gpj.exe" shows as "exe.jpg".
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Windows: "Naming files, paths and namespaces"; reserved with any ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.I)
_SUFFIX = re.compile(r"(?<=[^.])\.[^\s.]+$")


def safe_parts(name: str) -> tuple[str, ...]:
    """The components of a safe relative path for an entry's name; at least one, never `.` or `..`.

    Bounds: `COMPONENT_MAX_BYTES` each, `DEPTH_MAX` components, `PATH_MAX_BYTES` joined by "/". What is too deep loses
    its innermost folders, never the file's own name.
    """
    relative = _DRIVE.sub("", name.lstrip("\\/"), count=1)
    parts = [part for part in map(_component, _SEPARATORS.split(relative)) if part]
    if not parts:
        return ("file",)
    folders, file = parts[:-1][: DEPTH_MAX - 1], parts[-1]
    while len("/".join([*folders, file]).encode()) > PATH_MAX_BYTES:
        folders.pop()
    return (*folders, file)


def _component(text: str) -> str:
    """One safe component, or "" for what names nothing (empty, `.`, `..`, only dots and spaces)."""
    plain = _BIDI.sub("", _FORBIDDEN.sub("_", text))
    plain = unicodedata.normalize("NFC", plain).strip().rstrip(". ")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    stem, suffix = _split(plain)
    if len(suffix.encode()) > SUFFIX_MAX_BYTES:
        stem, suffix = plain, ""
    return _cut(stem, COMPONENT_MAX_BYTES - len(suffix.encode())) + suffix


def _cut(text: str, size_bytes: int) -> str:
    """As much of the text as fits, never half a character, ending in neither a dot nor a space."""
    raw = text.encode()
    if len(raw) <= size_bytes:
        return text
    return raw[:size_bytes].decode(errors="ignore").rstrip(". ")


def _split(name: str) -> tuple[str, str]:
    """Stem and ending; the ending is "" for `.hidden`, `Mr. Smith` and names without one."""
    found = _SUFFIX.search(name)
    if found is None or "/" in found[0] or name[: found.start()].endswith("/"):
        return name, ""
    return name[: found.start()], found[0]


def numbered(name: str, number: int) -> str:
    """The `number`th of equal names: `a.jpg`, `a (2).jpg`. `name` may be a path; only its last part changes."""
    if number < 2:
        return name
    stem, suffix = _split(name)
    return f"{stem} ({number}){suffix}"


def key(path: str) -> str:
    """What two paths share when a file system that ignores case or composition takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def with_suffix(name: str, suffix: str) -> str:
    """The name with this ending: in place of a media ending, else after what is there. `name` may be a path."""
    stem, old = _split(name)
    if old.casefold() == suffix.casefold():
        return name
    return (stem if old.casefold() in endings.MEDIA else name) + suffix
