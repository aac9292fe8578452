"""ARJ archives and ISO images, field by field: as small as programs that read them allow."""

import struct
import zlib
from collections.abc import Mapping

SECTOR = 2048
_GOES_ON, _COMES_FROM = 0x04, 0x08


def arj_bytes(tree: Mapping[str, bytes], *, goes_on: str = "", comes_from: str = "") -> bytes:
    """A stored ARJ; the file called `goes_on` is flagged as continued elsewhere, `comes_from` as begun elsewhere."""
    out = _arj_record("set.arj", kind=2, flags=_GOES_ON if goes_on else 0)
    for name, data in tree.items():
        flags = _GOES_ON * (name == goes_on) | _COMES_FROM * (name == comes_from)
        out += _arj_record(name, flags=flags, data=data) + data
    return out + b"\x60\xea\0\0"


def _arj_record(name: str, *, kind: int = 0, flags: int = 0, data: bytes = b"") -> bytes:
    time = 0x5A21_6000
    fixed = struct.pack("<8B4L3H", 30, 11, 1, 2, flags, 0, kind, 0, time, len(data), len(data),
                        zlib.crc32(data), 0, 0o100644, 0)  # fmt: skip
    head = fixed + name.encode() + b"\0\0"
    return (
        struct.pack("<2sH", b"\x60\xea", len(head)) + head + struct.pack("<LH", zlib.crc32(head), 0)
    )


def iso_bytes(tree: Mapping[str, bytes]) -> bytes:
    """An ISO 9660 image whose files lie in its root; their names are of upper case letters."""
    root_at, at = 18, 19
    records = _iso_record(b"\0", root_at, SECTOR, 2) + _iso_record(b"\1", root_at, SECTOR, 2)
    bodies = b""
    for name, data in sorted(tree.items()):
        records += _iso_record(f"{name};1".encode(), at, len(data), 0)
        body = data.ljust(-(-len(data) // SECTOR) * SECTOR, b"\0")
        bodies, at = bodies + body, at + len(body) // SECTOR
    root = _iso_record(b"\0", root_at, SECTOR, 2)
    volume = bytearray(SECTOR)
    volume[:7] = b"\x01CD001\x01"
    volume[8:72] = b" " * 64
    volume[80:88] = _both(at, 4)
    volume[120:124] = volume[124:128] = _both(1, 2)
    volume[128:132] = _both(SECTOR, 2)
    volume[156 : 156 + len(root)] = root
    volume[190:813] = b" " * 623
    volume[881] = 1
    end = b"\xffCD001\x01".ljust(SECTOR, b"\0")
    return bytes(16 * SECTOR) + bytes(volume) + end + records.ljust(SECTOR, b"\0") + bodies


def _iso_record(name: bytes, at: int, size: int, flags: int) -> bytes:
    body = _both(at, 4) + _both(size, 4) + bytes([126, 1, 2, 3, 4, 5, 0, flags, 0, 0])
    body += _both(1, 2) + bytes([len(name)]) + name
    body += bytes(len(body) % 2)
    return bytes([len(body) + 2, 0]) + body


def _both(value: int, width: int) -> bytes:
    return value.to_bytes(width, "little") + value.to_bytes(width, "big")
