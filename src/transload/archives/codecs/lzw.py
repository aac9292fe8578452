"""The compression of compress(1), `.Z`: LZW with codes of 9 to 16 bits.

Written here because no library at hand has it, and 7-Zip, which has, reads no stream. The format has no sum and no end
mark: its data ends where the file does. As in ncompress 5.0, `compress.c`.
"""

from transload.units import MIB

_HEAD_BYTES = 3
_MAGIC = b"\x1f\x9d"
_CLEARS = 0x80  # flag: code 256 empties the table
_WIDTH_LEAST, _WIDTH_MOST = 9, 16
_CLEAR = 256
TEXT_BYTES_MAX = 16 * MIB
"""Strings of the table that are kept whole; those beyond, of a bomb, are put together from their prefixes."""


class LzwDecoder:
    """One file, in the shape that all decoders have. Memory: 24 MiB at most, 4 MiB with real files."""

    def __init__(self) -> None:
        self._packed, self._at = b"", 0
        self._ready = b""  # unpacked and not yet asked for
        self._begun = self._ends = self._clears = False
        self._width_max = 0
        self._last, self._text = -1, b""  # the last code, and what it stood for
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        return not self._ready and not self._has_codes() and not self._ends

    def end_input(self) -> None:
        """There is no more input: the codes of the last, incomplete group come out, too."""
        self._ends = True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes. Raises ValueError on damage."""
        self._packed, self._at = self._packed[self._at :] + data, 0
        if not self._begun and not self._begin():
            return b""
        most = max_length if max_length > 0 else len(self._packed)
        pieces, made = [self._ready], len(self._ready)
        while made < most and self._has_codes():
            texts = self._group()
            pieces += texts
            made += sum(map(len, texts))
        whole = b"".join(pieces)
        out, self._ready = whole[:most], whole[most:]
        self.eof = self._ends and not self._ready and not self._has_codes()
        return out

    def _begin(self) -> bool:
        if len(self._packed) < _HEAD_BYTES:
            if self._ends:
                raise ValueError("the file ends inside its header")
            return False
        flags = self._packed[2]
        self._width_max, self._clears = flags & 31, bool(flags & _CLEARS)
        if not self._packed.startswith(_MAGIC) or not (
            _WIDTH_LEAST <= self._width_max <= _WIDTH_MOST
        ):
            raise ValueError("no file of compress begins here")
        self._at, self._begun = _HEAD_BYTES, True
        self._reset()
        if self._clears:
            self._add(0, 0, b"")  # the code that empties the table stands for nothing
        return True

    def _reset(self) -> None:
        self._width, self._kept = _WIDTH_LEAST, 0
        self._texts: list[bytes | None] = [bytes((byte,)) for byte in range(256)]
        self._prefixes, self._finals = list(range(256)), list(range(256))

    def _add(self, prefix: int, final: int, text: bytes) -> None:
        """A new code: the string of `prefix` with one byte more."""
        self._prefixes.append(prefix)
        self._finals.append(final)
        self._kept += len(text)
        self._texts.append(text if self._kept <= TEXT_BYTES_MAX else None)

    def _has_codes(self) -> bool:
        """Whether eight codes are there, as many as are written together, or what is left of the last ones."""
        left = len(self._packed) - self._at
        if not self._begun:
            return left >= _HEAD_BYTES
        return left >= self._width or (self._ends and 8 * left >= self._width)

    def _group(self) -> list[bytes]:
        """What the next eight codes stand for; a change of their width ends them early, the rest is padding."""
        width = self._width
        group = self._packed[self._at : self._at + width]
        self._at += len(group)
        bits, mask = int.from_bytes(group, "little"), (1 << width) - 1
        texts: list[bytes] = []
        for _ in range(8 * len(group) // width):
            code = bits & mask
            bits >>= width
            if code == _CLEAR and self._clears:
                self._reset()
                break
            text = self._text_of(code)
            texts.append(text)
            if self._last >= 0 and len(self._texts) < 1 << self._width_max:
                self._add(self._last, text[0], self._text + text[:1])
            self._last, self._text = code, text
            if len(self._texts) >> width and width < self._width_max:
                self._width += 1
                break
        return texts

    def _text_of(self, code: int) -> bytes:
        known = len(self._texts)
        if code < known and (self._last >= 0 or code < _CLEAR):
            return self._texts[code] or self._spelled(code)
        if code == known and self._last >= 0 and known < 1 << self._width_max:
            return self._text + self._text[:1]  # the code that is being made
        raise ValueError(f"the code {code} stands for nothing yet")

    def _spelled(self, code: int) -> bytes:
        """The string of a code of which only the prefix and the last byte are kept."""
        finals = bytearray()
        while (text := self._texts[code]) is None:
            finals.append(self._finals[code])
            code = self._prefixes[code]
        finals.reverse()
        return text + finals
