"""Subtitles of discs that are pictures (PGS), which no encoder at hand makes: one grey bar, shown twice.

Layout: US 2009/0185789 A1, presentation composition, window, palette, object and end segments.
"""

import struct

WIDTH, HEIGHT = 192, 108
BAR = (40, 10)
_CLOCK = 90_000


def captions() -> bytes:
    """A `.sup` stream: the bar from 0.5 to 1 and from 1.2 to 1.6 seconds."""
    return _shown(0.5) + _cleared(1.0) + _shown(1.2) + _cleared(1.6)


def _shown(at_s: float) -> bytes:
    line = b"\0" + bytes([0x80 | BAR[0]]) + b"\1" + b"\0\0"
    drawn = line * BAR[1]
    composed = struct.pack(">HHBHBBBB", WIDTH, HEIGHT, 16, 0, 0x80, 0, 0, 1)
    object_at = struct.pack(">HBBHH", 0, 0, 0, 50, 80)
    colours = bytes((0, 0, 1, 235, 128, 128, 255))
    head = struct.pack(">HBB", 0, 0, 0xC0) + (len(drawn) + 4).to_bytes(3, "big")
    return (
        _segment(at_s, 0x16, composed + object_at)
        + _window(at_s)
        + _segment(at_s, 0x14, colours)
        + _segment(at_s, 0x15, head + struct.pack(">HH", *BAR) + drawn)
        + _segment(at_s, 0x80, b"")
    )


def _cleared(at_s: float) -> bytes:
    composed = struct.pack(">HHBHBBBB", WIDTH, HEIGHT, 16, 1, 0, 0, 0, 0)
    return _segment(at_s, 0x16, composed) + _window(at_s) + _segment(at_s, 0x80, b"")


def _window(at_s: float) -> bytes:
    return _segment(at_s, 0x17, struct.pack(">BBHHHH", 1, 0, 50, 80, *BAR))


def _segment(at_s: float, kind: int, body: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", int(at_s * _CLOCK), 0, kind, len(body)) + body
