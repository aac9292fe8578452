"""H.264 whose pictures are single fields (PAFF), which no encoder at hand makes: written bit by bit.

ITU-T H.264, 7.3: every macroblock is I_PCM, each frame an IDR field and its other field.
"""

from collections.abc import Callable
from itertools import product

WIDTH, HEIGHT, RATE = 128, 64, 25
_MACROBLOCK = 16
_PCM = 25
_GREY = 128
Luma = Callable[[int, int, int], int]
"""What the film shows in a field, counted from its begin, at a column and a line of the whole picture: 16 to 235."""


class _Bits:
    """Numbers behind one another, as the standard writes them."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def plain(self, value: int, width: int) -> "_Bits":
        """u(n)."""
        self._text.append(f"{value:0{width}b}")
        return self

    def golomb(self, *values: int) -> "_Bits":
        """ue(v)."""
        for value in values:
            digits = f"{value + 1:b}"
            self._text.append("0" * (len(digits) - 1) + digits)
        return self

    def aligned(self) -> "_Bits":
        """Zeros up to the next byte."""
        have = sum(map(len, self._text))
        return self.plain(0, -have % 8) if have % 8 else self

    def ended(self) -> bytes:
        """The stop bit, zeros to the byte, and no start code inside (7.4.1)."""
        self.plain(1, 1).aligned()
        text = "".join(self._text)
        out = bytearray()
        for at in range(0, len(text), 8):
            byte = int(text[at : at + 8], 2)
            if byte <= 3 and out[-2:] == b"\0\0":
                out.append(3)
            out.append(byte)
        return bytes(out)


def film(frames: int, luma: Luma) -> bytes:
    """A stream in the format of annex B, the upper field first."""
    units = [_unit(0x67, _sequence()), _unit(0x68, _picture())]
    for frame in range(frames):
        for bottom in (0, 1):
            units.append(_unit(0x61 if bottom else 0x65, _field(frame, bottom, luma)))
    return b"".join(units)


def _unit(head: int, content: bytes) -> bytes:
    return b"\0\0\0\1" + bytes([head]) + content


def _sequence() -> bytes:
    """Main profile, level 3, fields, 50 of them a second."""
    bits = _Bits().plain(77, 8).plain(0, 8).plain(30, 8).golomb(0, 0, 0, 4, 1).plain(0, 1)
    bits.golomb(WIDTH // _MACROBLOCK - 1, HEIGHT // (2 * _MACROBLOCK) - 1)
    bits.plain(0, 1).plain(0, 1).plain(1, 1).plain(0, 1)  # fields, none mixed, 8x8, no cropping
    bits.plain(1, 1).plain(0, 4)  # what follows says only how fast it is
    bits.plain(1, 1).plain(1, 32).plain(2 * RATE, 32).plain(1, 1)
    return bits.plain(0, 4).ended()


def _picture() -> bytes:
    bits = _Bits().golomb(0, 0).plain(0, 2).golomb(0, 0, 0).plain(0, 3).golomb(0, 0, 0)
    return bits.plain(1, 1).plain(0, 2).ended()


def _field(frame: int, bottom: int, luma: Luma) -> bytes:
    bits = _Bits().golomb(0, 7, 0).plain(0, 4).plain(1, 1).plain(bottom, 1)
    if not bottom:
        bits.golomb(frame % 2)
    bits.plain(bottom, 8)
    bits.plain(0, 1 if bottom else 2)  # nothing special is done with what was shown before
    bits.golomb(0, 1)  # same quantizer, no smoothing
    n = 2 * frame + bottom
    for top in range(0, HEIGHT // 2, _MACROBLOCK):
        for left in range(0, WIDTH, _MACROBLOCK):
            bits.golomb(_PCM).aligned()
            places = product(range(top, top + _MACROBLOCK), range(left, left + _MACROBLOCK))
            for line, column in places:
                bits.plain(luma(n, column, 2 * line + bottom), 8)
            for _ in range(2 * (_MACROBLOCK // 2) ** 2):
                bits.plain(_GREY, 8)
    return bits.ended()
