"""Dolby Vision as no encoder at hand makes it: the configuration record put into a film of HEVC.

Layout of the record: Dolby Vision Streams Within the ISO Base Media File Format 2.1.2, 3.2.
"""

import struct
from pathlib import Path

from tests.kept import encode

_FILM = "-f lavfi -i testsrc2=s=160x96:r=25:d=2 -f lavfi -i sine=d=2 -c:a aac -pix_fmt yuv420p10le"
_HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1"
_TO_ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1")
_FIELDS = {b"stsd": 8}


def record(profile: int, compatible: int) -> bytes:
    """The box: level 6, base layer and metadata, `compatible` with nothing (0), HDR10 (1), SDR (2) or HLG (4)."""
    bits = profile << 9 | 6 << 3 | 0b101
    body = bytes((1, 0)) + struct.pack(">HB", bits, compatible << 4) + bytes(19)
    return struct.pack(">I4s", 8 + len(body), b"dvcC" if profile < 8 else b"dvvC") + body


def film(target: Path, profile: int, compatible: int, tag: bytes = b"dvh1") -> Path:
    """An MP4 of two seconds, its index behind, whose picture says it is Dolby Vision of that profile."""
    encode(target, (*_FILM.split(), *_HEVC.split(), "-bitexact"))
    data, box = bytearray(target.read_bytes()), record(profile, compatible)
    places = _places(data)
    entry = places[-1]
    end = entry + int.from_bytes(data[entry : entry + 4], "big")
    data[end:end] = box
    for at in places:
        data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + len(box)).to_bytes(4, "big")
    data[entry + 4 : entry + 8] = tag
    target.write_bytes(data)
    return target


def _places(data: bytearray) -> list[int]:
    """Where the boxes begin that lead to the description of the picture, the outermost first."""
    found: list[int] = []
    at = 0
    while len(found) < len(_TO_ENTRY):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == _TO_ENTRY[len(found)]:
            found.append(at)
            at += 8 + _FIELDS.get(kind, 0)
        else:
            at += size
    return found
