"""The top-level boxes of an MP4 file: order, brand, fragments, and whether the last one runs past the end.

The header of each box is read, never its content (but `ftyp`, and `moov` for its child names): microseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BOXES_MAX = (
    4096  # Far beyond what settles the question; at the top of a real file are less than ten.
)
_CHILDREN_MAX = 64
_TRACKS_MAX = 64
_STSD_FIELDS = 8  # version, flags and the number of entries come before them
_TO_ENTRIES = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_LOCKS = (b"encv", b"enca", b"drms", b"drmi")
"""Sample entries of encrypted tracks: ISO 14496-12, 8.12, and the audio and video of Apple's shop."""


@dataclass(frozen=True, slots=True)
class Mp4Layout:
    """What the walk found: `moov_at` in bytes (None: no `moov`) and its length, `missing` bytes, `locked` by DRM."""

    brand: str | None
    moov_at: int | None
    moov_first: bool
    fragmented: bool
    missing: int
    locked: bool = False
    moov_bytes: int = 0


def walk(file: BinaryIO, size: int) -> Mp4Layout:
    """The map of an ISO media file of `size` bytes; a file of another kind yields an empty map."""
    brand: str | None = None
    moov_at: int | None = None
    mdat_seen = moov_first = fragmented = locked = False
    at = missing = moov_bytes = 0
    for _ in range(BOXES_MAX):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind = _length(head, size - at), head[4:8]
        if kind == b"ftyp":
            brand = file_brand(file, at)
        elif kind == b"moov" and moov_at is None:
            moov_at, moov_bytes, moov_first = at, length, not mdat_seen
            fragmented |= _has_mvex(file, at + _head_bytes(head), at + length)
            locked = _is_locked(file, at, length)
        elif kind == b"moof":
            fragmented = True
        elif kind == b"mdat":
            mdat_seen = True
        if moov_at is not None and mdat_seen and not _is_kind(kind):
            break  # what others appended is no box, and nothing of the film is missing
        missing = max(0, at + length - size)
        if length < 8 or missing:
            break
        at += length
        if at >= size or (fragmented and mdat_seen):
            break
    return Mp4Layout(brand, moov_at, moov_first, fragmented, missing, locked, moov_bytes)


def _is_kind(kind: bytes) -> bool:
    """Whether four bytes can name a box: letters, digits, punctuation, and the copyright sign of QuickTime."""
    return all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def file_brand(file: BinaryIO, at: int) -> str:
    """The major brand of the `ftyp` box at `at`."""
    file.seek(at + 8)
    return file.read(4).decode("latin-1")


def _length(head: bytes, rest: int) -> int:
    """Length of a box: 32 bits, 64 bits after a 1, or "to the end of the file" for a 0 (ISO 14496-12, 4.2)."""
    short = int.from_bytes(head[:4], "big")
    if short == 1:
        return int.from_bytes(head[8:16], "big")
    return short or rest


def _head_bytes(head: bytes) -> int:
    """Where the content of a box begins."""
    return 16 if head[:4] == b"\0\0\0\1" else 8


def sample_entries(file: BinaryIO, at: int, length: int) -> Iterator[tuple[bytes, int, int]]:
    """What the `moov` box at `at` says of each track's samples: kind, and from where to where the content goes."""
    file.seek(at)
    spans = [(at + _head_bytes(file.read(8)), at + length)]
    for kind in _TO_ENTRIES:
        found = (box for start, end in spans for box in children(file, start, end))
        spans = [(start, end) for word, start, end in found if word == kind][:_TRACKS_MAX]
    for start, end in spans:
        yield from children(file, start + _STSD_FIELDS, end)


def _is_locked(file: BinaryIO, at: int, length: int) -> bool:
    """Whether the description of some track's samples is that of encrypted ones. A tag may hold the same letters."""
    return any(word in _LOCKS for word, _, _ in sample_entries(file, at, length))


def _has_mvex(file: BinaryIO, at: int, end: int) -> bool:
    return any(word == b"mvex" for word, _, _ in children(file, at, end))


def children(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes within a box: their kind, and from where to where their content goes."""
    for _ in range(_CHILDREN_MAX):
        file.seek(at)
        head = file.read(16)
        length = _length(head, end - at)
        if len(head) < 8 or length < 8 or at >= end:
            return
        yield head[4:8], at + _head_bytes(head), min(end, at + length)
        at += length
