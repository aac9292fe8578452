"""Photos as cameras write them, with a thumbnail in their metadata, and ways in which files go bad."""

import io
import random
import struct
from collections.abc import Callable
from functools import cache

from PIL import Image

KINDS = ("flipped", "cut", "zeroed", "glued")
PLACES = ("segments", "scan")
_THUMB = (160, 120)
_SHORT, _LONG = 3, 4


@cache
def camera_photos() -> tuple[bytes, ...]:
    """One of each coding that cameras and programs use, 1600 x 1200 pixels of grain, each with its thumbnail."""
    rng = random.Random(11)
    rough = Image.frombytes("RGB", (64, 48), rng.randbytes(64 * 48 * 3)).resize((1600, 1200))
    grain = Image.frombytes("L", (800, 600), rng.randbytes(800 * 600)).resize((1600, 1200))
    picture = Image.blend(rough, grain.convert("RGB"), 0.2)
    grey, small = picture.convert("L"), picture.resize((320, 240))
    return (
        with_thumbnail(_jpeg(picture, quality=85)),
        with_thumbnail(_jpeg(picture, quality=90, subsampling=0)),
        with_thumbnail(_jpeg(picture, quality=80, optimize=True)),
        with_thumbnail(_jpeg(picture, quality=80, restart_marker_rows=1)),
        with_thumbnail(_jpeg(picture, quality=80, restart_marker_blocks=7)),
        with_thumbnail(_jpeg(picture, quality=80, progressive=True)),
        with_thumbnail(_jpeg(grey, quality=80)),
        with_thumbnail(_jpeg(small, quality=85)),
    )


def _jpeg(picture: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


def with_thumbnail(
    photo: bytes, size: tuple[int, int] = _THUMB, *, orientation: int = 1, own: int | None = None
) -> bytes:
    """The JPEG with metadata as a camera writes it: how it is turned, and itself made small (Exif 2.32, 4.5).

    `own` is the orientation that the thumbnail is said to have.
    """
    shown = Image.open(io.BytesIO(photo))
    thumb = _jpeg(shown.resize(size), quality=75)
    first = _directory(8, [(0x0112, _SHORT, orientation)])
    begin = 8 + len(first)
    tags = [(0x0103, _SHORT, 6), (0x0201, _LONG, 0), (0x0202, _LONG, len(thumb))]
    tags += [(0x0112, _SHORT, own)] if own is not None else []
    at = begin + len(_directory(0, tags))
    tags[1] = (0x0201, _LONG, at)
    second = _directory(begin, sorted(tags), last=True)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + thumb
    return photo[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + photo[2:]


def _directory(begin: int, tags: list[tuple[int, int, int]], *, last: bool = False) -> bytes:
    body = struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        body += struct.pack("<HHII", tag, kind, 1, value)
    return body + struct.pack("<I", 0 if last else begin + len(body) + 4)


def scan_of(photo: bytes) -> int:
    """Where the first scan begins."""
    at = 2
    while photo[at + 1] != 0xDA:
        at += 2 + int.from_bytes(photo[at + 2 : at + 4], "big")
    return at + 2 + int.from_bytes(photo[at + 2 : at + 4], "big")


def damaged(photo: bytes, other: bytes, kind: str, place: str, rng: random.Random) -> bytes:
    """A photo gone bad in one of `KINDS`, from somewhere in its segments or its scan; `other` is glued into it."""
    begin, end = (2, scan_of(photo)) if place == "segments" else (scan_of(photo), len(photo) - 2)
    return _DAMAGES[kind](photo, other, rng.randrange(begin, end), (begin, end), rng)


_Span = tuple[int, int]
_Damage = Callable[[bytes, bytes, int, _Span, random.Random], bytes]


def _flipped(photo: bytes, _other: bytes, at: int, span: _Span, rng: random.Random) -> bytes:
    made = bytearray(photo)
    for place in (at, *(rng.randrange(*span) for _ in range(rng.choice((0, 1, 7, 60))))):
        made[place] ^= 1 << rng.randrange(8)
    return bytes(made)


def _cut(photo: bytes, _other: bytes, at: int, _span: _Span, _rng: random.Random) -> bytes:
    return photo[:at]


def _zeroed(photo: bytes, _other: bytes, at: int, _span: _Span, rng: random.Random) -> bytes:
    """A block of a disk that was never written, or all from there on, as an interrupted copy leaves it."""
    size = min(rng.choice((16, 512, 4096, 65_536, len(photo))), len(photo) - at)
    return photo[:at] + bytes(size) + photo[at + size :]


def _glued(photo: bytes, other: bytes, at: int, _span: _Span, rng: random.Random) -> bytes:
    """The end of another photo after the beginning, blocks of one inside, blocks left out, blocks twice."""
    size, there = rng.choice((512, 4096, 65_536)), rng.randrange(2, len(other))
    ways = (
        lambda: photo[:at] + other[there:],
        lambda: photo[:at] + other[there : there + size] + photo[at + size :],
        lambda: photo[:at] + photo[at + size :],
        lambda: photo[:at] + photo[max(0, at - size) :],
    )
    return rng.choice(ways)()


_DAMAGES: dict[str, _Damage] = {
    "flipped": _flipped,
    "cut": _cut,
    "zeroed": _zeroed,
    "glued": _glued,
}
