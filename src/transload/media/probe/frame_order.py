"""Whether a container keeps the moments at which reordered frames are shown. Pure.

H.264 and HEVC store a picture after those that it is predicted from, so that its place in the file is not its place
in time. MP4, Matroska, transport streams, FLV and NUT have a time of presentation for each; AVI, ASF and some MXF
have one time a packet, in stored order; raw streams have none, and a program stream (.mpg, .vob) may leave some out.
A copy of such frames into MP4 gives them the moments of others.
"""

from dataclasses import dataclass
from typing import Literal, Self

from transload.facts import StreamFacts

Found = Literal["kept", "lost", "unsure"]

FRAMES_WANTED = 2
FRAMES_FOR_ORDER = 32
REORDERED = frozenset({"h264", "hevc"})
"""What is copied into MP4 and has B-frames; other codecs are encoded again in any case."""
_TRUE_TIMES = frozenset({"mov", "matroska", "mpegts", "flv", "nut"})


@dataclass(slots=True)
class FrameOrder:
    """What the first frames show. `doubted` is False where container or codec leave no question."""

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
        """Frames to decode before `found` is asked for."""
        return FRAMES_FOR_ORDER if self.doubted else FRAMES_WANTED

    def note(self, pts: int | None, *, is_b: bool) -> None:
        """The next picture in the order in which they are shown."""
        self.seen_b = self.seen_b or is_b
        if pts is None or (self.before is not None and pts <= self.before):
            self.jumps = True
        self.before = pts if pts is not None else self.before

    @property
    def found(self) -> Found:
        """`unsure`: nothing jumped so far, but only the copy as a whole shows whether anything will."""
        if not self.doubted:
            return "kept"
        return "lost" if self.seen_b and self.jumps else "unsure"
