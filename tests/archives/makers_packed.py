"""Packings that Python has no packer for: lzip, and the LZW of compress(1)."""

import lzma
import struct
import zlib


def lzipped(data: bytes) -> bytes:
    """One lzip member, with a dictionary of 1 MiB."""
    chosen = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    packed = lzma.compress(data, lzma.FORMAT_RAW, filters=chosen)
    size = 6 + len(packed) + 20
    return b"LZIP\x01\x14" + packed + struct.pack("<LQQ", zlib.crc32(data), len(data), size)


def compressed(data: bytes, bits: int = 16, clear_at: int = 0) -> bytes:
    """A `.Z` file; its table is emptied once, behind `clear_at` codes, where that is not 0."""
    writer = _Groups(bits)
    table = {bytes((byte,)): byte for byte in range(256)}
    text, free, written = b"", 257, 0
    for byte in data:
        longer = text + bytes((byte,))
        if longer in table:
            text = longer
            continue
        writer.write(table[text])
        written += 1
        if written == clear_at:
            writer.clear()
            table, free = {bytes((one,)): one for one in range(256)}, 256
        if free < 1 << bits:
            table[longer] = free
            free += 1
        if written == clear_at:  # the reader makes an entry of what it cannot see: nobody uses it
            del table[longer]
        text = longer[-1:]
    if text:
        writer.write(table[text])
    return b"\x1f\x9d" + bytes((bits | 0x80,)) + writer.whole()


class _Groups:
    """Codes, eight to a group; a group is filled up with zeros where the width changes."""

    def __init__(self, bits: int) -> None:
        self._bits, self._out, self._codes = bits, bytearray(), list[int]()
        self._width, self._known = 9, 256

    def write(self, code: int) -> None:
        self._codes.append(code)
        if len(self._codes) == 8:
            self._flush(self._width)
        self._known += 1  # the reader is one behind: its first code makes no entry
        if self._known >= 1 << self._width and self._width < self._bits:
            self._flush(self._width)
            self._width += 1

    def clear(self) -> None:
        self._codes.append(256)
        self._flush(self._width)
        self._width, self._known = 9, 256

    def whole(self) -> bytes:
        self._flush(0)
        return bytes(self._out)

    def _flush(self, least: int) -> None:
        if self._codes:
            whole = sum(code << n * self._width for n, code in enumerate(self._codes))
            size = max(-(-len(self._codes) * self._width // 8), least)
            self._out += whole.to_bytes(size, "little")
            self._codes.clear()
