"""The packets of a container, inside the decoder child, and the holes that damage left between them.

`av` is imported here, so the main process never imports this module.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, Self

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from transload.facts import StreamFacts

# Whether a container keeps the moments at which reordered pictures are shown. Pure.
#
# H.264 and HEVC store a picture after those that it is predicted from, so that its place in the file is not its place
# in time. MP4, Matroska, transport streams, FLV and NUT have a time of presentation for each; AVI, ASF and some MXF
# have one time a packet, in stored order; raw streams have none, and a program stream (.mpg, .vob) may leave some out.
# A copy of such pictures into MP4 gives them the moments of others.


Found = Literal["kept", "lost", "unsure"]

FRAMES_WANTED = 2
FRAMES_FOR_ORDER = 32
REORDERED = frozenset({"h264", "hevc"})
"""What is copied into MP4 and has B-frames; other codecs are encoded again in any case."""
_TRUE_TIMES = frozenset({"mov", "matroska", "mpegts", "flv", "nut"})


@dataclass(slots=True)
class FrameOrder:
    """What the first pictures tell. `doubted` is False where container or codec leave no question."""

    doubted: bool
    before: int | None = None
    seen_b: bool = False
    jumps: bool = False

    @classmethod
    def of(cls, container: str, stream: StreamFacts) -> Self:
        """By libav's name of the container ("mov,mp4,…") and the facts of the stream."""
        known = container.split(",")[0] in _TRUE_TIMES
        reordered = stream.codec in REORDERED and stream.has_b_frames
        return cls(doubted=reordered and not known)

    @property
    def frames_wanted(self) -> int:
        """Pictures to decode before `found` is asked for."""
        return FRAMES_FOR_ORDER if self.doubted else FRAMES_WANTED

    def note(self, pts: int | None, *, is_b: bool) -> None:
        """The next picture in the order in which they are shown."""
        self.seen_b = self.seen_b or is_b
        if pts is None or (self.before is not None and pts <= self.before):
            self.jumps = True
        self.before = pts if pts is not None else self.before

    @property
    def found(self) -> Found:
        """`unsure`: nothing jumped so far, but only the copy as a whole tells whether anything will."""
        if not self.doubted:
            return "kept"
        return "lost" if self.seen_b and self.jumps else "unsure"


BEAT_PACKETS = 256
_ZEROS = bytes(16)
"""With so many zeros no picture of a codec begins, those of the raw one apart."""
GAP_S = 0.5
"""Sound is stored without a pause: more than this between two packets of it are packets that are gone."""

Beat = Callable[[], None]
Span = tuple[float, float]


def packets(box: InputContainer, streams: Sequence[Stream], beat: Beat) -> "Iterator[Packet[Any]]":
    """All packets of these streams as they are stored; then an empty one for each, at which its decoder gives the rest.

    Raises the errors of libav that end a file.
    """
    for at, packet in enumerate(_read(box, streams)):
        if at % BEAT_PACKETS == 0:
            beat()
        yield packet


def _read(box: InputContainer, streams: Sequence[Stream]) -> "Iterator[Packet[Any]]":
    """libav says "try again" where it passed over damage, as the ffmpeg program then does.

    Where damage in the middle looked like one more stream, PyAV ends with an IndexError, as it asks for its decoder.
    """
    while True:
        try:
            yield from box.demux(streams)
        except av.error.BlockingIOError:
            continue
        except IndexError:
            return
        return


@dataclass(slots=True)
class Holes:
    """Where packets are gone from the middle, by the times of those that are there.

    `empty` counts pictures that are there and nothing but zeros: downloads reserve room that they never fill.
    """

    pictures: "array[float]" = field(default_factory=lambda: array("d"))
    silent: list[Span] = field(default_factory=list[Span])
    heard_until: float | None = None
    empty: int = 0

    def note(self, packet: "Packet[Any]") -> None:
        """The next packet of the picture or of the sound; one without a time says nothing."""
        if packet.pts is None or not packet.time_base:
            return
        begin = float(packet.pts * packet.time_base)
        if packet.stream.type == "video":
            self.pictures.append(begin)
            self.empty += packet.size > len(_ZEROS) and bytes(memoryview(packet)[:16]) == _ZEROS
            return
        before = self.heard_until
        if before is not None and begin > before + GAP_S:
            self.silent.append((before, begin))
        if not packet.duration:  # where it ends is not known
            self.heard_until = None
            return
        end = begin + float(packet.duration * packet.time_base)
        self.heard_until = end if before is None else max(before, end)

    @property
    def missing_s(self) -> float:
        """Seconds without sound and, where there are any, without pictures: a film may stand still while it sounds."""
        if not self.silent or not self.pictures:
            return sum(end - begin for begin, end in self.silent)
        return _overlap(self.silent, pairwise(sorted(self.pictures)))


def _overlap(silent: Iterable[Span], shown: Iterable[Span]) -> float:
    """Seconds of the silent spans in which a picture stands still as well; both rise, neither overlaps itself."""
    total, quiet, still = 0.0, iter(silent), iter(shown)
    one, other = next(quiet, None), next(still, None)
    while one is not None and other is not None:
        if other[1] - other[0] > GAP_S:
            total += max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
        if one[1] < other[1]:
            one = next(quiet, None)
        else:
            other = next(still, None)
    return total
