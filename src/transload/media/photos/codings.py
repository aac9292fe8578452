"""How a picture is coded, by its header: kinds that browsers do not show or that no decoder here knows. No decoder.

A picture of such a kind is whole: it is not to be told as damaged when it cannot be opened.
"""

import struct
from typing import BinaryIO

from transload.media.photos.tiff_codings import coding_of_tiff

JPEG_LS = "JPEG-LS"

_SHOWN_EVERYWHERE = frozenset({0xC0, 0xC1, 0xC2})
"""Frames of JPEG (ITU-T T.81, table B.1): baseline, extended, progressive."""
_JPEG_FRAMES = {
    0xC3: "lossless JPEG",
    0xC9: "arithmetic-coded JPEG",
    0xCA: "arithmetic-coded JPEG",
    0xCB: "lossless JPEG",
    0xF7: JPEG_LS,
}
_NO_FRAMES = frozenset(
    {0xC4, 0xC8, 0xCC}
)  # Tables in the range of frames, and one that is reserved.
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN = 0xDA
_BITS = 8

_PSD_HEAD = struct.Struct(">4sH16xH")
_LARGE = 2

_J2K_START = b"\xff\x4f\xff\x51"
_J2K_DEPTH = 42  # from the start of the codestream to the depth of its first component
_J2K_HEAD_BYTES = 65_536  # boxes with colour profiles may stand before it


def coding_of(file: BinaryIO, sniffed: str) -> str | None:
    """The name of the kind; None for what decoders know everywhere, and where the header does not tell."""
    look = _LOOKS.get(sniffed)
    if look is None:
        return None
    file.seek(0)
    try:
        return look(file)
    finally:
        file.seek(0)


def _of_jpeg(file: BinaryIO) -> str | None:
    """By the first frame header, looked for from segment to segment (T.81, annex B)."""
    file.seek(2)
    while True:
        mark = file.read(2)
        while mark == b"\xff\xff":  # fill bytes
            mark = mark[1:] + file.read(1)
        kind = mark[-1] if len(mark) == 2 and mark[0] == 0xFF else _SCAN
        if kind in _BARE_MARKERS:
            continue
        head = file.read(3)
        if kind == _SCAN or len(head) < 3:
            return None
        if (0xC0 <= kind <= 0xCF and kind not in _NO_FRAMES) or kind in _JPEG_FRAMES:
            return _named(kind, head[2])
        file.seek(int.from_bytes(head[:2], "big") - 3, 1)


def _named(kind: int, bits: int) -> str | None:
    if kind not in _SHOWN_EVERYWHERE:
        return _JPEG_FRAMES.get(kind, "hierarchical JPEG")
    return None if bits == _BITS else f"JPEG of {bits} bits"


def _of_psd(file: BinaryIO) -> str | None:
    """By version and depth (Adobe Photoshop File Formats, file header section)."""
    head = file.read(_PSD_HEAD.size)
    if len(head) < _PSD_HEAD.size:
        return None
    _, version, depth = _PSD_HEAD.unpack(head)
    if version == _LARGE:
        return "large Photoshop file (PSB)"
    return None if depth in (1, _BITS) else f"Photoshop file of {depth} bits"


def _of_jpeg2000(file: BinaryIO) -> str | None:
    """By the depth of the first of several components, in the SIZ marker after the start (ITU-T T.800, A.5.1)."""
    head = file.read(_J2K_HEAD_BYTES)
    at = head.find(_J2K_START)
    if at < 0 or at + _J2K_DEPTH >= len(head):
        return None
    count = int.from_bytes(head[at + _J2K_DEPTH - 2 : at + _J2K_DEPTH], "big")
    bits = (head[at + _J2K_DEPTH] & 0x7F) + 1
    return f"JPEG 2000 of {bits} bits" if bits > _BITS and count > 1 else None


_LOOKS = {"jpeg": _of_jpeg, "tiff": coding_of_tiff, "psd": _of_psd, "jpeg2000": _of_jpeg2000}
