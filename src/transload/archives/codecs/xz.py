"""xz and .lzma streams within a bound on their dictionary: what asks for more is too large, not damaged."""

import lzma
import zlib

from transload.archives.codecs.by_header import HeaderCheckedDecoder
from transload.errors import LimitError
from transload.units import MIB

_HEAD_BYTES = 1024 + 12
"""An xz stream header and the longest block header (the .xz format, sections 2.1.1 and 3.1.1)."""
_STREAM_HEADER_BYTES = 12
_ALONE_HEADER_BYTES = 5
_LZMA2 = 0x21
_SLACK_BYTES = MIB  # what liblzma takes beside the dictionary


def lzma_decoder(kind: int, dictionary_bytes_max: int) -> HeaderCheckedDecoder:
    """A decoder of one stream, `lzma.FORMAT_XZ` or `FORMAT_ALONE`.

    It raises lzma.LZMAError on damage, LimitError for a dictionary that is larger than `dictionary_bytes_max`.
    """
    size_of = _of_alone if kind == lzma.FORMAT_ALONE else _of_first_block

    def refusal(head: bytes) -> LimitError | None:
        if (size := size_of(head)) <= dictionary_bytes_max:
            return None
        return LimitError(
            f"its LZMA dictionary needs {size} bytes of memory, more than {dictionary_bytes_max}",
            suggestion="Unpack it with `xz -d` on a machine with so much memory and send what comes out.",
        )

    stream = lzma.LZMADecompressor(kind, memlimit=dictionary_bytes_max + _SLACK_BYTES)
    return HeaderCheckedDecoder(stream, _HEAD_BYTES, lzma.LZMAError, refusal)


def _of_alone(head: bytes) -> int:
    return int.from_bytes(head[1:_ALONE_HEADER_BYTES], "little")


def _of_first_block(head: bytes) -> int:
    """The dictionary of an xz stream's first block in bytes, 0 where its header cannot be read."""
    block = head[_STREAM_HEADER_BYTES:]
    if not block or len(block) < (length := 4 * (block[0] + 1)):
        return 0
    if zlib.crc32(block[: length - 4]) != int.from_bytes(block[length - 4 : length], "little"):
        return 0
    at = 2
    try:
        for bit in (0x40, 0x80):  # packed and unpacked size, if they are present
            if block[1] & bit:
                _, at = _number(block, at)
        while at < length:
            kind, at = _number(block, at)
            size, at = _number(block, at)
            if kind == _LZMA2:
                return _lzma2(block[at])
            at += size
    except IndexError:
        return 0
    return 0


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends (section 1.2)."""
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def _lzma2(packed: int) -> int:
    """Section 5.3.1."""
    bits = packed & 0x3F
    return (1 << 32) - 1 if bits >= 40 else (2 | bits & 1) << (bits // 2 + 11)
