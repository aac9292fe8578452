"""Zips that lie: written field by field, some fields wrong, then wounded; read by the directory and without one."""

import random
import struct
import zlib
from dataclasses import dataclass

from fuzz import mutate
from fuzz.cases import Outcome, Target
from fuzz.memory import MemoryBlob
from fuzz.payloads import Payload, zipped
from fuzz.reading import LIMITS, read_all
from transload.archives.zip.reader import ZipReader

_METHODS = (0, 0, 8, 8, 8, 12, 14, 93, 95)
_STRANGE_METHODS = (1, 9, 98, 99, 65_535)
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_STREAMED, _UTF8, _LOCKED = 0x8, 0x800, 0x1
_MODES = (0, 0o100644 << 16, 0o120777 << 16, 0o040755 << 16 | 0x10, 0x10, 0o010644 << 16)


@dataclass(slots=True)
class _Record:
    """One entry: what its header and its directory record say."""

    name: bytes
    payload: Payload
    method: int
    flags: int
    extra: bytes
    crc: int
    packed: int
    size: int
    offset: int = 0


def make(rng: random.Random) -> bytes:
    """A zip of up to five entries, honest, lying, wounded, without a directory."""
    records = [_record(rng) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5)))]
    if rng.random() < 0.02:
        records *= 12  # beyond the limit on entries
    out = bytearray()
    for one in records:
        _lie(rng, one, 0.1)
        _append(rng, out, one)
    ending = rng.random()
    if ending < 0.85:
        _append_directory(rng, out, records)
    data = bytes(out)
    return mutate.damaged(rng, data) if rng.random() < 0.4 else data


def make_streamed(rng: random.Random) -> bytes:
    """A zip whose directory is gone: what is left is found by its headers."""
    out = bytearray()
    for _ in range(rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 30))):
        one = _record(rng)
        one.flags |= _STREAMED if rng.random() < 0.6 else 0
        _lie(rng, one, 0.1)
        _append(rng, out, one)
    data = bytes(out) + rng.choice((b"", b"", b"PK\x01\x02", b"PK\x07\x08", b"PK\x03\x04"))
    return mutate.damaged(rng, data) if rng.random() < 0.4 else data


def check(data: bytes) -> Outcome:
    """Read it all."""
    return read_all(ZipReader(MemoryBlob(data, "case.zip"), LIMITS), data)


def _record(rng: random.Random) -> _Record:
    method = rng.choice(_METHODS)
    payload = rng.choice(zipped(method))
    flags = rng.choice((0, 0, 0, _UTF8, _STREAMED, _UTF8 | _STREAMED))
    name = mutate.name(rng) + (b"/" if rng.random() < 0.05 else b"")
    if rng.random() < 0.03:
        method = rng.choice(_STRANGE_METHODS)
    if rng.random() < 0.03:
        flags |= _LOCKED
    sizes = (payload.crc, len(payload.packed), len(payload.plain))
    return _Record(name[:0xFFFF], payload, method, flags, _extra(rng, name), *sizes)


def _extra(rng: random.Random, name: bytes) -> bytes:
    pick = rng.random()
    if pick < 0.7:
        return b""
    if pick < 0.78:
        body = b"\x01" + mutate.number(rng, 32).to_bytes(4, "little")
        return struct.pack("<HH", 0x5455, 5) + body
    if pick < 0.88:
        text = mutate.name(rng)
        body = struct.pack("<BL", 1, zlib.crc32(name)) + text
        return struct.pack("<HH", 0x7075, len(body) & 0xFFFF) + body
    if pick < 0.96:
        count = rng.randint(0, 3)
        body = b"".join(mutate.number(rng, 64).to_bytes(8, "little") for _ in range(count))
        return struct.pack("<HH", 1, len(body)) + body
    return rng.randbytes(rng.randint(1, 12))


def _lie(rng: random.Random, one: _Record, share: float) -> None:
    if rng.random() < share:
        one.crc = mutate.number(rng, 32)
    if rng.random() < share:
        one.packed = mutate.number(rng, 32)
    if rng.random() < share:
        one.size = mutate.number(rng, 32)
    if rng.random() < share / 2:
        one.size = one.packed = 0xFFFFFFFF  # told in the zip64 field, or not at all


def _append(rng: random.Random, out: bytearray, one: _Record) -> None:
    one.offset = len(out) if rng.random() < 0.97 else rng.randrange(len(out) + 1)
    told = (0, 0, 0) if one.flags & _STREAMED else (one.crc, one.packed, one.size)
    version, time, date = 20, rng.getrandbits(16), rng.getrandbits(16)
    sizes = (len(one.name), len(one.extra))
    out += _LOCAL.pack(b"PK\x03\x04", version, one.flags, one.method, time, date, *told, *sizes)
    out += one.name + one.extra + one.payload.packed
    if one.flags & _STREAMED:
        out += rng.choice((b"PK\x07\x08", b"PK\x07\x08", b""))
        shape = rng.choice(("<LLL", "<LLL", "<LQQ"))
        out += struct.pack(shape, one.crc, one.packed, one.size)


def _append_directory(rng: random.Random, out: bytearray, records: list[_Record]) -> None:
    start = len(out)
    for one in records:
        system = rng.choice((0, 0, 3, 19))
        offset = one.offset if rng.random() < 0.97 else mutate.number(rng, 32)
        out += _CENTRAL.pack(
            b"PK\x01\x02", 20 | system << 8, rng.choice((20, 20, 45, 63, 99)), one.flags, one.method,
            rng.getrandbits(16), rng.getrandbits(16), one.crc, one.packed, one.size, len(one.name), len(one.extra), 0,
            0, 0, rng.choice(_MODES), offset,
        )  # fmt: skip
        out += one.name + one.extra
    size = len(out) - start
    if rng.random() < 0.15:
        _append_end64(rng, out, len(records), size, start)
    count = len(records) if rng.random() < 0.95 else mutate.number(rng, 16)
    told = size if rng.random() < 0.95 else mutate.number(rng, 32)
    where = start if rng.random() < 0.95 else mutate.number(rng, 32)
    comment = b"" if rng.random() < 0.9 else rng.choice((b"hello", b"PK\x05\x06", bytes(30)))
    out += _END.pack(b"PK\x05\x06", 0, 0, count, count, told, where, len(comment)) + comment


def _append_end64(rng: random.Random, out: bytearray, count: int, size: int, start: int) -> None:
    at = len(out)
    values = [
        value if rng.random() < 0.9 else mutate.number(rng, 64)
        for value in (count, count, size, start)
    ]
    out += _END64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, *values)
    out += _LOCATOR64.pack(
        b"PK\x06\x07", 0, at if rng.random() < 0.9 else mutate.number(rng, 64), 1
    )


TARGETS = (Target("zip", make, check), Target("salvage", make_streamed, check))
