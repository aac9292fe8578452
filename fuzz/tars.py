"""Tars that lie, plain and packed, and single files in a compression of their own."""

import random
from functools import cache

from fuzz import mutate
from fuzz.cases import Outcome, Target
from fuzz.memory import MemoryBlob
from fuzz.payloads import contents, packed_as
from fuzz.reading import LIMITS, read_all
from transload.archives.codecs.decoders import COMPRESSIONS
from transload.archives.single import SingleReader
from transload.archives.sniff import archive_format
from transload.archives.tar.reader import TarReader, holds_tar
from transload.errors import UnsupportedError

_BLOCK = 512
_TYPES = b"0000000000\x00\x00755123466SSXDMA"
_BODILESS = b"123456"  # what `tarfile` looks for no content behind
_PAX_KEYS = (
    "path", "size", "mtime", "linkpath", "uid", "hdrcharset", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.map",
    "GNU.sparse.size", "GNU.sparse.name", "GNU.sparse.realsize", "GNU.sparse.numblocks", "GNU.sparse.offset", "comment",
)  # fmt: skip
_PAX_VALUES = (
    "0", "1", "-1", "512", "1e400", "nan", "inf", "0,10,5,7", "10,0", "9999999999999999999", "18446744073709551616",
    "BINARY", "1600000000.5", "a/b.jpg", "", "1_0", "0x10", "\u0663", "-9e18",
)  # fmt: skip
_COMPRESSIONS = ("gz", "bz2", "xz", "zst", "lz4", "lzma")


def make(rng: random.Random) -> bytes:
    """A plain tar."""
    out = bytearray()
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4, 6))):
        if rng.random() < 0.2:
            out += _before(rng)
        out += _member(rng)
    if rng.random() < 0.02:
        out *= 12  # beyond the limit on entries
    if rng.random() < 0.85:
        out += bytes(2 * _BLOCK)
    if rng.random() < 0.05:
        out += rng.randbytes(rng.choice((1, 512, 700)))
    data = bytes(out)
    return mutate.damaged(rng, data) if rng.random() < 0.3 else data


def check(data: bytes) -> Outcome:
    """Read it as a plain tar, whatever its first block says."""
    return read_all(TarReader(MemoryBlob(data, "case.tar"), LIMITS), data, tallies=2)


def make_packed(rng: random.Random) -> bytes:
    """A compressed tar, or a compressed file; of one or more members, with or without padding."""
    compression = rng.choice(_COMPRESSIONS)
    if rng.random() < 0.4:
        plain = make(rng)
        data = packed_as(plain[: 12 << 10], compression)
    else:
        data = b"".join(_pieces(rng, compression))
    return mutate.damaged(rng, data) if rng.random() < 0.5 else data


def check_packed(data: bytes) -> Outcome:
    """As the door does: told by its head, a tar when it holds one, else one file."""
    compression = archive_format(data[:1024])
    if compression not in COMPRESSIONS:
        raise UnsupportedError("no compressed file any more")
    blob = MemoryBlob(data, "case.txt.gz")
    if holds_tar(blob, compression):
        return read_all(TarReader(blob, LIMITS, compression), data, tallies=2)
    return read_all(SingleReader(blob, compression), data)


def _pieces(rng: random.Random, compression: str) -> list[bytes]:
    """Members of one compressed file, one of them perhaps of another kind."""
    pieces: list[bytes] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        kind = compression if rng.random() < 0.97 else rng.choice(_COMPRESSIONS)
        one = rng.choice(_packed(kind))
        pieces.append(_named(rng, one) if kind == "gz" and rng.random() < 0.5 else one)
        pieces.append(rng.choice((b"", b"", b"", b"\0", bytes(600), b"x")))
    return pieces


@cache
def _packed(compression: str) -> tuple[bytes, ...]:
    return tuple(packed_as(plain, compression) for plain in contents())


def _named(rng: random.Random, member: bytes) -> bytes:
    """The gzip member with its optional fields (RFC 1952): extra, name, comment."""
    flags = rng.choice((8, 8, 4, 12, 28, 16))
    extra = b""
    if flags & 4:
        body = rng.randbytes(rng.randint(0, 20))
        extra += len(body).to_bytes(2, "little") + body
    if flags & 8:
        extra += mutate.name(rng).replace(b"\0", b"") + b"\0"
    if flags & 16:
        extra += b"a comment\0"
    time = mutate.number(rng, 32).to_bytes(4, "little")
    return member[:3] + bytes([flags]) + time + member[8:10] + extra + member[10:]


def _member(rng: random.Random) -> bytes:
    kind = _TYPES[rng.randrange(len(_TYPES))]
    content = rng.choice(contents()[:-2]) if rng.random() < 0.97 else contents()[-1]
    if kind in _BODILESS and rng.random() < 0.9:
        content = b""
    body = content + bytes(-len(content) % _BLOCK)
    size = len(content)
    if rng.random() < 0.05:
        size = mutate.number(rng, 64) if rng.random() < 0.5 else mutate.number(rng, 12)
    if kind == ord("S"):
        return _header(rng, mutate.name(rng), size, kind, _old_sparse(rng, size)) + body
    return _header(rng, mutate.name(rng), size, kind) + body


def _before(rng: random.Random) -> bytes:
    """A record that speaks of the member behind it: a long name, or pax fields."""
    kind = rng.choice(b"LKxxxg")
    if kind in b"LK":
        body = mutate.name(rng) * rng.choice((1, 1, 20)) + b"\0"
    else:
        body = b"".join(_pax_field(rng) for _ in range(rng.randint(0, 3)))
    size = len(body) if rng.random() < 0.95 else mutate.number(rng, 40)
    return _header(rng, b"././@LongLink", size, kind) + body + bytes(-len(body) % _BLOCK)


def _pax_field(rng: random.Random) -> bytes:
    pick = rng.random()
    if pick < 0.2:
        value = mutate.name(rng)
    elif pick < 0.35:
        value = str(mutate.number(rng, 70)).encode()
    else:
        value = rng.choice(_PAX_VALUES).encode()
    body = b" " + rng.choice(_PAX_KEYS).encode() + b"=" + value + b"\n"
    length = len(body) + 1
    length += len(str(length)) - (len(str(length)) == 1)
    told = length if rng.random() < 0.98 else mutate.number(rng, 20)
    return str(told).encode() + body


def _old_sparse(rng: random.Random, size: int) -> bytes:
    """GNU's own map of holes, in the header at byte 386: four pairs, whether more follow, the real size."""
    at, fields = 0, b""
    for _ in range(4):
        length = rng.choice((0, 100, 512)) if rng.random() < 0.8 else mutate.number(rng, 33)
        length = -length if rng.random() < 0.1 else length
        fields += _octal(at, 12) + _octal(length, 12)
        at += length + rng.choice((0, 512, 5000))
        at = mutate.number(rng, 33) if rng.random() < 0.1 else at
    real = max(at, size) if rng.random() < 0.9 else mutate.number(rng, 40)
    return fields + bytes([rng.random() < 0.1]) + _octal(real, 12)


def _header(rng: random.Random, name: bytes, size: int, kind: int, sparse: bytes = b"") -> bytes:
    """A header block; its checksum is right but for one in thirty, so that what it says is believed."""
    magic = rng.choice((b"ustar\x0000", b"ustar  \x00", bytes(8)))
    prefix = mutate.name(rng)[:155] if magic[5:6] == b"\0" and rng.random() < 0.1 else b""
    time = mutate.number(rng, 33) if rng.random() < 0.5 else mutate.number(rng, 80)
    block = bytearray(
        name[:100].ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2
        + _octal(size, 12) + _octal(time, 12) + b" " * 8 + bytes([kind])
        + mutate.name(rng)[:100].ljust(100, b"\0") + magic + bytes(64) + bytes(16)
    )  # fmt: skip
    block += sparse.rjust(len(sparse) + 41, b"\0") if sparse else prefix
    block = bytearray(bytes(block).ljust(_BLOCK, b"\0")[:_BLOCK])
    if rng.random() < 0.03:
        block[rng.randrange(_BLOCK)] = rng.randrange(256)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    if rng.random() < 0.03:
        block[rng.randrange(_BLOCK)] ^= 1
    return bytes(block)


def _octal(value: int, width: int) -> bytes:
    """The number as tars write it: octal digits, or base 256 when they are too few."""
    text = b"%o" % value
    if value >= 0 and len(text) < width:
        return text.rjust(width - 1, b"0") + b"\0"
    sign = b"\x80" if value >= 0 else b"\xff"
    return sign + value.to_bytes(width - 1, "big", signed=value < 0)


TARGETS = (
    Target("tar", make, check),
    Target("packed", make_packed, check_packed),
)
