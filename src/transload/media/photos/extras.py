"""What a photo holds beside its picture: the film of a motion photo, the gain map of a bright screen.

Other readers of the file show them, a converted copy has neither.
"""

import io
import re
from typing import BinaryIO

from transload.media.probe.mp4_boxes import children

FILM, GAIN_MAP = "film", "gain map"
_HEAD_BYTES = 196_608
"""Three segments of JPEG: metadata of the camera with its thumbnail, then XMP."""
_GAIN_MAPS = (b"hdrgm:Version", b":aux:hdrgainmap", b"urn:iso:std:iso:ts:21496")
"""XMP of Adobe and Google (Ultra HDR 1.1), Apple's auxiliary picture, ISO 21496-1."""
_PROMISED = (b"MotionPhoto", b"MicroVideo")
_PROMISE = re.compile(rb"(?:MotionPhoto|MicroVideo)(?:=[\"']|>)1")
"""Google's Motion Photo format 1.0, and the one before it."""
_SAMSUNG_END, _SAMSUNG = b"SEFT", b"MotionPhoto_Data"
_FILM_BOX = b"mpvd"
_FILM_BEGINS = re.compile(rb"\0\0\0[\x08-\x80]ftyp")


def extras_of(file: BinaryIO, sniffed: str) -> list[str]:
    """`FILM` and `GAIN_MAP`, as far as a JPEG or HEIC holds them. Raises OSError of reading the file."""
    if sniffed not in ("jpeg", "heif"):
        return []
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    film = _in_jpeg(file, head) if sniffed == "jpeg" else _in_boxes(file, size)
    return [
        *([FILM] if film else []),
        *([GAIN_MAP] if any(mark in head for mark in _GAIN_MAPS) else []),
    ]


def _in_jpeg(file: BinaryIO, head: bytes) -> bool:
    """Whether a film is promised, and one begins after the picture."""
    file.seek(max(0, file.seek(0, io.SEEK_END) - len(_SAMSUNG_END)))
    samsung = file.read() == _SAMSUNG_END
    promised = any(word in head for word in _PROMISED) and _PROMISE.search(head)  # words are faster
    if not samsung and not promised:
        return False
    file.seek(0)
    content = file.read()
    return bool(_FILM_BEGINS.search(content, max(0, content.find(_SAMSUNG)) if samsung else 0))


def _in_boxes(file: BinaryIO, size: int) -> bool:
    return any(kind == _FILM_BOX for kind, _, _ in children(file, 0, size))
