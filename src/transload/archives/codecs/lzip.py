"""Lzip members: raw LZMA between a header of six bytes and a trailer with the sum (draft-diaz-lzip)."""

import lzma
import struct
import zlib

from transload.errors import LimitError

_HEAD_BYTES = 6
_MAGIC = b"LZIP\x01"
_TRAILER = struct.Struct("<LQQ")  # CRC32 of the data, its size, the size of the whole member
_DICTIONARY_BITS = range(12, 30)  # 4 KiB to 512 MiB


class LzipDecoder:
    """One member, in the shape that all decoders have. Memory: its dictionary, beside what `lzma` takes."""

    def __init__(self, dictionary_max_bytes: int) -> None:
        self._most = dictionary_max_bytes
        self._stream: lzma.LZMADecompressor | None = None
        self._held = b""  # of the header or trailer, not complete yet
        self._crc = self._made = self._taken = 0
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        return self._stream is None or self._stream.eof or self._stream.needs_input

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes. Raises ValueError, lzma.LZMAError on damage, LimitError for too large a dictionary."""
        self._taken += len(data)
        if self._stream is None:
            self._held += data
            if len(self._held) < _HEAD_BYTES:
                return b""
            self._stream = self._open(self._held[:_HEAD_BYTES])
            data, self._held = self._held[_HEAD_BYTES:], b""
        return self._unpack(self._stream, data, max_length)

    def _unpack(self, stream: lzma.LZMADecompressor, data: bytes, max_length: int) -> bytes:
        behind = data
        out = b""
        if not stream.eof:
            out = stream.decompress(data, max_length)
            behind = stream.unused_data
        self._crc = zlib.crc32(out, self._crc)
        self._made += len(out)
        if stream.eof:
            self._finish(behind)
        return out

    def _open(self, head: bytes) -> lzma.LZMADecompressor:
        bits, eighths = head[5] & 31, head[5] >> 5
        if not head.startswith(_MAGIC) or bits not in _DICTIONARY_BITS:
            raise ValueError("no lzip member begins here")
        size = (1 << bits) - eighths * (1 << bits) // 16
        if size > self._most:
            raise LimitError(
                f"its dictionary needs {size} bytes of memory (archive.max_dictionary_bytes)"
            )
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}]
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)

    def _finish(self, data: bytes) -> None:
        """Compare the trailer once it is complete; what follows it is left for the next member."""
        self._held += data
        if len(self._held) < _TRAILER.size:
            return
        trailer, self.unused_data = self._held[: _TRAILER.size], self._held[_TRAILER.size :]
        whole = self._taken - len(self.unused_data)
        if _TRAILER.unpack(trailer) != (self._crc, self._made, whole):
            raise ValueError("the sum or the sizes at the end of the lzip member are wrong")
        self.eof = True
