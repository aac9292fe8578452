"""The keyframes of a film that is too large for one file, inside the decoder child.

`av` is imported here, so the main process never imports this module.
"""

from array import array
from itertools import pairwise
from pathlib import Path

import av.error
from av.container import InputContainer

from transload.media.encode.splitter import Key, cuts_of
from transload.media.failures import DamagedError, evidence_of
from transload.media.probe.packets import Beat, packets
from transload.media.requests import Pieces
from transload.media.segments.remux import opened, picture_of

PACKET_BYTES = 24
"""What the index of an MP4 takes for a packet: size, time, offset, place in the file."""


def plan(path: Path, sniffed: str, most: int, beat: Beat) -> Pieces:
    """Where to cut a film, so that each file stays below `most` bytes."""
    try:
        with opened(path, sniffed) as box:
            picture = picture_of(box)
            hevc = picture is not None and picture.codec_context.codec.canonical_name == "hevc"
            cuts = _planned(box, most, beat)
            return Pieces(cuts=None if cuts is None else tuple(cuts), hevc=hevc)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        raise DamagedError("the film cannot be cut", evidence_of(error)) from error


def _planned(box: InputContainer, most: int, beat: Beat) -> list[float] | None:
    picture, sound = picture_of(box), next(iter(box.streams.audio), None)
    if picture is None or picture.time_base is None:
        return None
    begins, keys, before, total = array("q"), list[tuple[int, int]](), array("q"), 0
    for packet in packets(box, [one for one in (picture, sound) if one is not None], beat):
        if not packet.size:
            continue
        if packet.stream is picture and packet.pts is not None:
            if packet.is_keyframe:
                keys.append((len(begins), packet.pts))
                before.append(total)
            begins.append(packet.pts)
        total += packet.size + PACKET_BYTES
    if not keys:
        return None
    first, tick_s = keys[0][1], float(picture.time_base)
    between = [(here + there) / 2 - first for (_, here), (_, there) in pairwise(keys)]
    ready = [
        (Key(middle * tick_s, stored), whole)
        for middle, stored, whole in zip(between, before[1:], closed(begins, keys)[1:], strict=True)
    ]
    found = cuts_of([key for key, whole in ready if whole], total, most)
    return found or cuts_of([key for key, _ in ready], total, most)


def closed(begins: "array[int]", keys: list[tuple[int, int]]) -> list[bool]:
    """Whether no picture stored after a keyframe is shown before it: such a one would need the file before."""
    least, at, found = 1 << 62, len(begins), list[bool]()
    for place, begin in reversed(keys):
        while at > place:
            at -= 1
            least = min(least, begins[at])
        found.append(least >= begin)
    return found[::-1]
