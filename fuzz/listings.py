"""What `7zz l -slt` might print: real listings and records by grammar, with names that play their syntax."""

import random
from functools import cache
from pathlib import Path

from fuzz import mutate
from fuzz.cases import Outcome, Target, promise
from transload.archives.sevenzip.listing import SevenZipListing, parse
from transload.entry import Limits

SEEDS = Path(__file__).with_name("seeds")
"""Real listings, made by `python -m fuzz.seeds_made`."""
_LIMITS = Limits(max_entries=24)
_ROW_MOST = (1 << 63) - 1

_TYPES = (b"7z", b"Rar", b"Rar5", b"zip", b"Split", b"Cab", b"PE", b"Ar", b"Xar", b"\xff\xfe", b"")
_METHODS = (
    b"LZMA2:24", b"LZMA:48m", b"LZMA2:999", b"v6:m3:32M", b"v7:m5:9999g", b"PPMD:o6:mem24", b"Deflate", b"Store",
    b"BCJ2 LZMA2:26 LZMA:20:lc0:lp2", b"LZMA2:24 BCJ v6:m3:32M", b"7zAES:19", b"AES-256 m3:22", b"LZMA2:9999b",
    b"m5:\xb2", b"",
)  # fmt: skip
_ATTRIBUTES = (
    b"A -rw-r--r--", b"D drwxr-xr-x", b"A lrwxrwxrwx", b"D", b"A", b"", b"AI_ -rw-r--r-- x", b"DLN", b"R\xff",
)  # fmt: skip
_TIMES = (
    b"2020-09-13 12:26:40", b"2020-09-13 12:26:40.1234567", b"1601-01-01 00:00:00", b"0000-00-00 00:00:00",
    b"9999-12-31 23:59:59.9", b"2020-02-31 99:99:99", b"2020-13-01 00:00:00", b"1600-12-31 00:00:00", b"x", b"",
)  # fmt: skip
_CRCS = (
    b"00000000",
    b"FFFFFFFF",
    b"DEADBEEF",
    b"",
    b"-1",
    b"0x10",
    b"1_0",
    b"F" * 60,
    b" 1",
    b"\xd9\xa3",
    b"zz",
)
_SIGNS = (b"+", b"-", b"", b"1")
_LINES = (
    b"",
    b"",
    b"----------",
    b"--",
    b"----",
    b"{",
    b"}",
    b"Path = x",
    b"Comment = ",
    b"Errors: 1",
    b"x =",
    b" = ",
)
_HEAD_KEYS = (
    b"Path", b"Type", b"Physical Size", b"Solid", b"Blocks", b"Volumes", b"Total Physical Size", b"ERROR", b"ERRORS",
    b"WARNINGS", b"Method", b"Offset", b"Characteristics", b"Multivolume", b"Volume Index",
)  # fmt: skip
_KEYS = (
    b"Size", b"Packed Size", b"Modified", b"Attributes", b"CRC", b"Encrypted", b"Method", b"Block", b"Folder",
    b"Symbolic Link", b"Hard Link", b"Split After", b"Alternate Stream", b"Created", b"Comment", b"Path",
)  # fmt: skip
_NUMBERS = (b"", b"-1", b"\xc2\xb2", b"1" * 5000, b"12 34")
_NAMED = frozenset({b"Path", b"Comment", b"Symbolic Link", b"Hard Link", b"ERROR", b"ERRORS"})
_VALUES = {
    b"Type": _TYPES, b"Method": _METHODS, b"Attributes": _ATTRIBUTES, b"Modified": _TIMES, b"Created": _TIMES,
    b"CRC": _CRCS, b"Folder": _SIGNS, b"Encrypted": _SIGNS, b"Solid": _SIGNS, b"Split After": _SIGNS,
    b"Alternate Stream": _SIGNS,
}  # fmt: skip


def make(rng: random.Random) -> bytes:
    """The bytes of a listing."""
    pick = rng.random()
    if pick < 0.25:
        return mutate.damaged(rng, rng.choice(_seeds()), most=8)
    if pick < 0.45:
        return b"\n".join(_shuffled(rng, rng.choice(_seeds()).split(b"\n")))
    text = _head(rng) + b"".join(_record(rng) for _ in range(rng.choice((0, 1, 2, 3, 5, 30))))
    return mutate.damaged(rng, text) if pick > 0.9 else text


def check(data: bytes) -> Outcome:
    """Parse it as its lines come; every value must be one that an entry may have."""
    told = parse(data.split(b"\n"), _LIMITS)
    _check_told(told)
    kinds = {f"{one.kind}{' locked' if one.encrypted else ''}" for one in told.members}
    return Outcome(opened=bool(told.members), kinds=tuple(kinds) or ("no member",))


def _check_told(told: SevenZipListing) -> None:
    promise(len(told.members) <= _LIMITS.max_entries, "more members than allowed", told)
    promise(told.volumes >= 1 and told.physical_bytes >= 0, "a sum below nothing", told)
    told.format.encode()
    for one in told.members:
        numbers = (one.size, one.packed, one.crc, one.block)
        promise(
            all(n is None or 0 <= n <= _ROW_MOST for n in numbers), "a number out of range", one
        )
        promise((one.size or 0) <= _ROW_MOST // 200_000, "a size that cannot be summed", one)
        promise((one.crc or 0) < 1 << 32, "a sum of more than 32 bits", one)
        promise(one.mtime_ms is None or abs(one.mtime_ms) < 1 << 50, "a time of no calendar", one)
        promise(one.dictionary_bytes >= 0, "a dictionary below nothing", one)


@cache
def _seeds() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(SEEDS.glob("*.slt")))


def _shuffled(rng: random.Random, lines: list[bytes]) -> list[bytes]:
    """Whole lines moved, doubled, left out, made up."""
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(lines))
        pick = rng.random()
        if pick < 0.3:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif pick < 0.5 and len(lines) > 1:
            del lines[at]
        elif pick < 0.7:
            lines.insert(at, rng.choice(_LINES))
        else:
            key = lines[at].partition(b" = ")[0]
            lines[at] = key + b" = " + _value(rng, key)
    return lines


def _head(rng: random.Random) -> bytes:
    lines = [b"", b"7-Zip (z) 26.02", b"", b"Listing archive: a", b"", b"--"]
    if rng.random() < 0.1:
        lines.append(b"Enter password:")
    for _ in range(rng.choice((1, 1, 1, 2))):
        keys = rng.sample(_HEAD_KEYS, rng.randint(2, 8))
        lines += [key + b" = " + _value(rng, key) for key in (*keys, b"Type")]
        lines += rng.choice(((), (b"----",), (b"",)))
    if rng.random() < 0.95:
        lines += [b"", b"----------"]
    return b"\n".join(lines) + b"\n"


def _record(rng: random.Random) -> bytes:
    keys = rng.sample(_KEYS, rng.randint(1, 10)) if rng.random() < 0.5 else _KEYS[:8]
    lines = [b"Path = " + mutate.name(rng)] if rng.random() < 0.97 else []
    lines += [key + b" = " + _value(rng, key) for key in keys]
    if rng.random() < 0.05:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(_LINES))
    ending = b"\r\n" if rng.random() < 0.05 else b"\n"
    return ending.join(lines) + ending * 2


def _value(rng: random.Random, key: bytes) -> bytes:
    if rng.random() < 0.03:
        return mutate.name(rng)
    if key in _NAMED:
        return mutate.name(rng)
    return rng.choice(_VALUES.get(key) or (b"%d" % mutate.number(rng, 70), *_NUMBERS))


TARGETS = (Target("listing", make, check),)
