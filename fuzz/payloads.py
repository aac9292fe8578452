"""Contents of entries, packed once: compression takes longer than reading and is not what is tested."""

import bz2
import gzip
import lzma
import random
import struct
import sys
import zlib
from dataclasses import dataclass
from functools import cache

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_SIZES = (0, 1, 5, 300, 2000)
_ZEROS = (20_000, 50_000)
"""Contents that pack to almost nothing: beyond the ratio, and beyond the limit of an entry too."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A content and what it is packed as."""

    plain: bytes
    packed: bytes
    crc: int


@cache
def contents() -> tuple[bytes, ...]:
    """Plain contents: noise, text and zeros of several sizes."""
    rng = random.Random(1)
    noise = tuple(rng.randbytes(size) for size in _SIZES)
    text = tuple(b"%08d a line of text\n" % size * (size // 25 + 1) for size in _SIZES)
    return noise + text + tuple(bytes(size) for size in _ZEROS)


@cache
def zipped(method: int) -> tuple[Payload, ...]:
    """The contents as a zip method packs them; unknown methods pack nothing."""
    return tuple(
        Payload(plain, _zip_packed(plain, method), zlib.crc32(plain)) for plain in contents()
    )


def _zip_packed(plain: bytes, method: int) -> bytes:
    if method == 8:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(plain) + packer.flush()
    if method == 12:
        return bz2.compress(plain)
    if method == 14:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
        head = struct.pack("<BBHBL", 9, 4, 5, 93, 1 << 16)
        return head + lzma.compress(plain, lzma.FORMAT_RAW, filters=filters)
    if method == 93:
        return zstd.compress(plain)
    return _xz(plain) if method == 95 else plain


def packed_as(plain: bytes, compression: str) -> bytes:
    """The bytes as a compressed file."""
    match compression:
        case "gz":
            return gzip.compress(plain, 1, mtime=0)
        case "bz2":
            return bz2.compress(plain, 1)
        case "xz":
            return _xz(plain)
        case "zst":
            return zstd.compress(plain)
        case "lz4":
            return _lz4(plain)
        case "lzma":
            return lzma.compress(plain, lzma.FORMAT_ALONE, preset=0)
    raise ValueError(compression)


def _xz(plain: bytes) -> bytes:
    # A small dictionary: the default one of 8 MiB would be cleared for every case.
    return lzma.compress(plain, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])


def _lz4(plain: bytes) -> bytes:
    """An LZ4 frame of stored blocks without its optional checksums (LZ4 frame format 1.6.1): needs no library."""
    blocks = [plain[at : at + 65_536] for at in range(0, len(plain), 65_536)]
    body = b"".join(struct.pack("<L", len(one) | 1 << 31) + one for one in blocks)
    # 0x82: the second byte of xxHash32 over the two bytes before, which are always these.
    return b"\x04\x22\x4d\x18\x60\x40\x82" + body + bytes(4)
