"""xz and .lzma streams within a bound on their dictionary: what asks for more is too large, not damaged."""

import lzma
import zlib

from transload.errors import LimitError

_HEAD_BYTES = 1024 + 12
"""An xz stream header and the longest block header (the .xz format, sections 2.1.1 and 3.1.1)."""
_STREAM_HEADER_BYTES = 12
_ALONE_HEADER_BYTES = 5
_LZMA2 = 0x21
_SLACK_BYTES = 1 << 20  # what liblzma takes beside the dictionary


class LzmaDecoder:
    """One stream (`lzma.FORMAT_XZ` or `FORMAT_ALONE`), in the shape that all decoders have."""

    def __init__(self, kind: int, dictionary_max_bytes: int) -> None:
        self._alone = kind == lzma.FORMAT_ALONE
        self._most = dictionary_max_bytes
        self._stream = lzma.LZMADecompressor(kind, memlimit=dictionary_max_bytes + _SLACK_BYTES)
        self._head = b""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        return self._stream.needs_input

    @property
    def unused_data(self) -> bytes:
        """Input behind the end of the stream."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes. Raises lzma.LZMAError on damage, LimitError for too large a dictionary."""
        if len(self._head) < _HEAD_BYTES:
            self._head += data[:_HEAD_BYTES]
        try:
            return self._stream.decompress(data, max_length)
        except lzma.LZMAError:
            # One type of error for both; the header tells which it was.
            size = (_of_alone if self._alone else _of_first_block)(self._head)
            if size <= self._most:
                raise
        raise LimitError(
            f"its LZMA dictionary needs {size} bytes of memory, more than {self._most}",
            suggestion="unpack it with xz on a machine with so much memory, and send what comes out",
        )


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
        for bit in (0x40, 0x80):  # packed and unpacked size, if they are told
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
