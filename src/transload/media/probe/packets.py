"""The packets of a container, inside the decoder child, and the holes that damage left between them.

`av` is imported here, so the main process never imports this module.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

BEAT_PACKETS = 256
_ZEROS = bytes(16)
"""With so many zeros no picture of a codec begins, those of the raw one apart."""
GAP_S = 0.5
"""Audio is stored without a pause: more than this between two packets of it are packets that are gone."""

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

    `empty` counts frames that are there and nothing but zeros: downloads reserve room that they never fill.
    """

    pictures: "array[float]" = field(default_factory=lambda: array("d"))
    silent: list[Span] = field(default_factory=list[Span])
    heard_until: float | None = None
    empty: int = 0

    def note(self, packet: "Packet[Any]") -> None:
        """The next packet of the video or of the audio; one without a time says nothing."""
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
        """Seconds without audio, and without frames where there are any: a film may rest while its audio goes on."""
        if not self.silent or not self.pictures:
            return sum(end - begin for begin, end in self.silent)
        return _overlap(self.silent, pairwise(sorted(self.pictures)))


def _overlap(silent: Iterable[Span], shown: Iterable[Span]) -> float:
    """Seconds of the silent spans in which the picture does not move either; both rise, neither overlaps itself."""
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
