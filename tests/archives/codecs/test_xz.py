"""Streams that ask for too large a dictionary are told so; others are not."""

import io
import lzma
import struct
import zlib

import pytest

from tests.archives.makers import noise
from transload.archives.codecs.decoders import MAX_DICTIONARY_BYTES, Unpacked
from transload.errors import CorruptError, LimitError

CONTENT = noise(5000)


def alone(dictionary: int) -> bytes:
    """An .lzma whose header asks for a dictionary."""
    data = lzma.compress(CONTENT, lzma.FORMAT_ALONE)
    return data[:1] + struct.pack("<L", dictionary) + data[5:]


def xz(code: int, *, delta: bool = False) -> bytes:
    """An .xz whose first block asks for a dictionary: 36 is 1 GiB, 37 half as much again, 40 4 GiB."""
    filters = [{"id": lzma.FILTER_DELTA, "dist": 4}] if delta else []
    filters.append({"id": lzma.FILTER_LZMA2, "preset": 6})
    data = bytearray(lzma.compress(CONTENT, filters=filters))
    block = data[12 : 12 + 4 * (data[12] + 1)]
    block[block.index(b"\x21\x01") + 2] = code
    block[-4:] = zlib.crc32(bytes(block[:-4])).to_bytes(4, "little")
    data[12 : 12 + len(block)] = block
    return bytes(data)


def unpacked(compression: str, data: bytes) -> bytes:
    stream = Unpacked(compression, io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(10_000), b""))


@pytest.mark.parametrize(
    ("compression", "data", "size"),
    [
        ("lzma", alone((1 << 30) + (1 << 28)), (1 << 30) + (1 << 28)),
        ("lzma", alone((1 << 32) - 1), (1 << 32) - 1),
        ("xz", xz(37), 3 << 29),
        ("xz", xz(40), (1 << 32) - 1),
        ("xz", xz(37, delta=True), 3 << 29),
    ],
)
def test_too_large_a_dictionary_is_named(compression: str, data: bytes, size: int) -> None:
    with pytest.raises(LimitError, match=f"needs {size} bytes of memory"):
        unpacked(compression, data)


@pytest.mark.parametrize(
    ("compression", "data"), [("lzma", alone(MAX_DICTIONARY_BYTES)), ("xz", xz(36))]
)
def test_the_largest_that_is_allowed_is_given(compression: str, data: bytes) -> None:
    assert unpacked(compression, data) == CONTENT


@pytest.mark.parametrize("at", [8, 13, 16, 40])
@pytest.mark.parametrize("compression", ["xz", "lzma"])
def test_damage_stays_damage(compression: str, at: int) -> None:
    data = bytearray(xz(22) if compression == "xz" else alone(1 << 23))
    if compression == "lzma":
        at = 0 if at == 8 else at + 2000
    data[at] ^= 0xFF
    with pytest.raises(CorruptError):
        unpacked(compression, bytes(data))
