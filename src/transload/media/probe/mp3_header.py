"""What the first frame of an MP3 promises: how many frames and bytes follow (the "Xing" or "Info" tag of encoders)."""

from typing import BinaryIO

ID3_HEAD_BYTES = 10
ID3_FOOTER = 0x10
HEAD_BYTES = 64
"""The tag begins within 38 bytes: after the frame's header and its side information, which are 13 to 36, and a CRC."""
FRAMES_KNOWN, BYTES_KNOWN = 1, 2
RATES = range(4_000, 400_000)
"""Bits a second that an MP3 has on average, with room at both ends: 8,000 to 320,000; else the numbers are made up."""
HERTZ = ((11025, 12000, 8000), (0, 0, 0), (22050, 24000, 16000), (44100, 48000, 32000))
SAMPLES = (576, 0, 576, 1152)
"""Of a layer III frame, like the rates by the header's two bits of version: MPEG-2.5, none, MPEG-2, MPEG-1."""


def promised(file: BinaryIO) -> tuple[int, float] | None:
    """Where the file should end, in bytes from its begin, and its seconds; None where nothing is promised."""
    start = after_id3(file)
    file.seek(start)
    head = file.read(HEAD_BYTES)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or at + 16 > len(head) or head[0] != 0xFF:
        return None
    flags, frames, size = (_number(head[at + 4 + 4 * n :]) for n in range(3))
    version, rate = head[1] >> 3 & 3, head[2] >> 2 & 3
    hertz = HERTZ[version][rate] if rate < len(HERTZ[version]) else 0
    if flags & 3 != FRAMES_KNOWN | BYTES_KNOWN or not hertz:
        return None
    whole_s = frames * SAMPLES[version] / hertz
    return (start + size, whole_s) if whole_s and int(8 * size / whole_s) in RATES else None


def after_id3(file: BinaryIO) -> int:
    """Where the first frame is: after an ID3v2 tag, whose size has seven bits a byte (ID3 2.4.0, 3.1).

    The file stands at its beginning; 0 where no such tag is.
    """
    head = file.read(ID3_HEAD_BYTES)
    if head[:3] != b"ID3" or len(head) < ID3_HEAD_BYTES:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return ID3_HEAD_BYTES + size + (ID3_HEAD_BYTES if head[5] & ID3_FOOTER else 0)


def _number(some: bytes) -> int:
    return int.from_bytes(some[:4], "big")
