"""Image sequences of HEIF: a track of pictures that moves, in a file that may hold stills beside it.

Stills are Pillow's (`photo.py`): of several, the primary one is the photo (ISO 23008-12, 6.2). A sequence is an
animation, which libav reads like a film.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from transload.facts import FileFacts
from transload.media.probe.mp4_boxes import BOXES_MAX


def facts_of_sequence(seen: FileFacts) -> FileFacts | None:
    """Facts of the track that `probe_video` saw, as an animation's; None where no track of two pictures decodes."""
    tracks = (one for one in seen.streams if one.type == "video" and not one.cover)
    track = next((one for one in tracks if one.frames > 1), None)
    if track is None or not seen.frames_decoded:
        return None
    width, height = track.width, track.height
    if (seen.rotation or 0) % 180:
        width, height = height, width
    return replace(
        seen,
        format="HEIF",
        decoded="whole",
        mode="RGB",
        width=width,
        height=height,
        frames=track.frames,
    )


def without_stills(path: Path, into: Path) -> None:
    """Write the file without the box that describes its stills; everything else stays where it was. Raises OSError."""
    shutil.copyfile(path, into)
    with into.open("r+b") as file:
        for at in _of_kind(file, b"meta", into.stat().st_size):
            file.seek(at + 4)
            file.write(b"free")  # ISO 14496-12, 8.1.2: to be passed over


def _of_kind(file: BinaryIO, kind: bytes, size: int) -> list[int]:
    """Where the boxes of this kind at the top of a file begin."""
    found: list[int] = []
    at = 0
    for _ in range(BOXES_MAX):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if head[4:8] == kind:
            found.append(at)
        if length < 8 or at + length >= size:
            break
        at += length
    return found
