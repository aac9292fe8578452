"""Pieces that hostile input is made of: numbers at edges, names of every kind, and damage to bytes."""

import random
from collections.abc import Callable

NUMBERS = (
    0, 1, 2, 3, 7, 8, 19, 22, 30, 46, 127, 128, 255, 256, 511, 512, 513, 1023, 4096, 32_767, 32_768, 65_535, 65_536,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 10**19 - 1, 10**20,
)  # fmt: skip
"""Where fields, formats and databases have their edges."""

_WORDS = (
    "a", "IMG_0001.JPG", "photo.jpg", "DCIM/100/IMG_1.HEIC", "..", "../../etc/passwd", "/abs/olute", "C:\\win\\x.png",
    "a\nPath = b", "{", "}", "----------", "Path = x", "a = b", "x\r\ny", "\0", "a\0b.jpg", " ", ".", "...", "nul.txt",
    "con", "COM1.jpg", "a" * 300, "ф" * 150, "Фото с отпуска.jpg", "写真/東京.jpg", "사진.png", "Zażółć gęślą.jpg",
    "Ærø Ünïcode.mov", "\u202egpj.exe", "e\u0301.jpg", "\U0001f600.png", "a/" * 60 + "b.jpg", "\\\\srv\\share\\f.avi",
    "name. . .", "x.zip.001", "x.part1.rar", "x.r00", "x.z01", "aux .jpg", "%00.jpg", "~", "\u2028", "\ufeffbom.jpg",
)  # fmt: skip
_CODECS = (
    "utf-8", "cp437", "cp850", "cp1252", "cp866", "cp1251", "koi8-r", "cp932", "gbk", "cp950", "cp949", "cp852",
    "cp1250", "utf-16-le", "latin-1",
)  # fmt: skip
_PRINTABLE = "abcdefghijklmnopqrstuvwxyz ABCXYZ 0123456789 ._-()[]{}=/\\:\n\t'\"é"


def number(rng: random.Random, bits: int) -> int:
    """A number that fits so many bits, more often an edge than not."""
    pick = rng.random()
    if pick < 0.6:
        value = rng.choice(NUMBERS)
    elif pick < 0.8:
        value = rng.choice(NUMBERS) + rng.randint(-2, 2)
    else:
        value = rng.getrandbits(rng.randint(1, bits))
    return value & ((1 << bits) - 1)


def word(rng: random.Random) -> str:
    """A name as text: a known troublemaker, a few letters, or any characters of Unicode."""
    pick = rng.random()
    if pick < 0.6:
        return rng.choice(_WORDS)
    if pick < 0.85:
        return "".join(rng.choices(_PRINTABLE, k=rng.randint(1, 24)))
    return "".join(chr(_any_character(rng)) for _ in range(rng.randint(1, 12)))


def _any_character(rng: random.Random) -> int:
    code = rng.choice((rng.randrange(0x100), rng.randrange(0x3000), rng.randrange(0x110000)))
    return 0xFFFD if 0xD800 <= code < 0xE000 else code


def name(rng: random.Random) -> bytes:
    """A name as bytes in some code page, or bytes of none."""
    pick = rng.random()
    if pick < 0.1:
        return rng.randbytes(rng.randint(0, 40))
    raw = word(rng).encode(rng.choice(_CODECS) if pick < 0.6 else "utf-8", "ignore")
    return damaged(rng, raw) if pick > 0.9 else raw


def damaged(rng: random.Random, data: bytes, most: int = 4) -> bytes:
    """The bytes with up to `most` wounds: changed, cut, doubled, moved."""
    if not data:
        return rng.randbytes(rng.randint(0, 4))
    block = bytearray(data)
    for _ in range(rng.randint(1, most)):
        rng.choice(_WOUNDS)(rng, block)
    return bytes(block)


def _flip(rng: random.Random, block: bytearray) -> None:
    if block:
        block[rng.randrange(len(block))] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, block: bytearray) -> None:
    if block:
        block[rng.randrange(len(block))] = rng.choice((0, 1, 0x20, 0x7F, 0x80, 0xFF))


def _field(rng: random.Random, block: bytearray) -> None:
    """A number of some width at an edge, little end first."""
    width = rng.choice((2, 4, 8))
    if len(block) >= width:
        at = rng.randrange(len(block) - width + 1)
        block[at : at + width] = number(rng, 8 * width).to_bytes(width, "little")


def _cut(rng: random.Random, block: bytearray) -> None:
    if rng.random() < 0.5:
        del block[rng.randrange(len(block) + 1) :]


def _drop(rng: random.Random, block: bytearray) -> None:
    at = rng.randrange(len(block) + 1)
    del block[at : at + rng.randint(1, 32)]


def _insert(rng: random.Random, block: bytearray) -> None:
    at = rng.randrange(len(block) + 1)
    block[at:at] = rng.randbytes(rng.randint(1, 16))


def _double(rng: random.Random, block: bytearray) -> None:
    at = rng.randrange(len(block) + 1)
    piece = block[at : at + rng.choice((4, 30, 64, 512))]
    where = rng.randrange(len(block) + 1)
    block[where:where] = piece


_WOUNDS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip, _flip, _set, _field, _field, _cut, _drop, _insert, _double,
)  # fmt: skip
