"""The containers of a transcode in segments, inside the decoder child: the packet list, a segment's count, the join.

`av` is imported here, so the main process never imports this module.
"""

import bisect
import contextlib
import hashlib
import heapq
from array import array
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from transload.media.failures import DamagedError, evidence_of
from transload.media.probe import containers
from transload.media.probe.packets import Beat, packets
from transload.media.requests import Joined, JoinSegments, PlanSegments, SegmentCount, SegmentPlan
from transload.media.segments import cut_plan

_LEAPING = frozenset({"mpegts", "mpeg", "ogg"})
"""Containers whose times ffmpeg counts from the first stream that is used, not from the first of the file."""


def plan(request: PlanSegments, beat: Beat) -> SegmentPlan:
    """The cuts of a film, as far as it is fit for segments."""
    sniffed = request.sniffed
    try:
        with opened(Path(request.path), sniffed) as box:
            line = _timeline(box, sniffed, beat, by_order=request.by_order)
            cuts = cut_plan.cuts_of(line) if line is not None else None
            picture = picture_of(box)
            if cuts is None or picture is None:
                return SegmentPlan()
            context = picture.codec_context
            return SegmentPlan(
                cuts=cuts,
                origin_us=_origin_us(box, sniffed, request.sound_n),
                pixels=context.width * context.height,
            )
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        return SegmentPlan()


def count(path: Path, clock: tuple[int, int], beat: Beat) -> SegmentCount:
    """The frames of a segment by a clock.

    A segment that is still being written gives what is there; nothing readable gives zero frames.
    """
    sets = ""
    try:
        with opened(path, "nut") as box:
            stream = box.streams.video[0]
            sets = _sets(stream)
            step = _step(stream, Fraction(*clock))
            ticks = [_tick(packet, step) for packet in _packets(box, stream, beat)]
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        if isinstance(error, MemoryError):
            raise
        return SegmentCount(sets=sets)
    exact = [tick for tick in ticks if tick is not None]
    if not exact or len(exact) < len(ticks):
        return SegmentCount(frames=len(ticks), sets=sets)
    return SegmentCount(frames=len(ticks), first=min(exact), last=max(exact), sets=sets)


def join(request: JoinSegments, beat: Beat) -> Joined:
    """Copy all segments into one MP4 with its index in front.

    Decoding times are made anew from the sorted begins, so that segments of variable rate do not overlap. Raises
    DamagedError when the segments do not belong together.
    """
    segments = [Path(segment) for segment in request.segments]
    clock = Fraction(*request.clock)
    try:
        with opened(segments[0], "nut") as box:
            sets = _sets(box.streams.video[0])
        order = _order(segments, sets, clock, beat)
        with av.open(request.into, "w", format="mp4", options={"movflags": "+faststart"}) as out:
            return _copied(request, segments, order, out, beat)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, (MemoryError, OSError)):
            raise
        raise DamagedError("the segments do not join", evidence_of(error)) from error


def opened(path: Path, sniffed: str) -> InputContainer:
    """A file by one named demuxer, its times as they are stored."""
    options = {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": containers.SAFE_DEMUXERS,
        # NUT begins anywhere; without this every segment would be moved to zero.
        "avoid_negative_ts": "disabled",
    }
    return av.open(
        str(path),
        "r",
        format=containers.DEMUXERS[sniffed],
        options=options,
        metadata_errors="replace",
    )


def picture_of(box: InputContainer) -> VideoStream | None:
    """The first video stream that is no cover."""
    cover = Disposition.attached_pic
    return next((s for s in box.streams.video if not s.disposition & cover), None)


def _packets(box: InputContainer, stream: Stream, beat: Beat) -> Iterator["Packet[Any]"]:
    for packet in packets(box, [stream], beat):
        if packet.size and not packet.is_discard:
            yield packet


def _timeline(
    box: InputContainer, sniffed: str, beat: Beat, *, by_order: bool
) -> cut_plan.Timeline | None:
    stream = picture_of(box)
    if stream is None or stream.time_base is None:
        return None
    times, keys, number = array("q"), array("q"), 0
    for packet in _packets(box, stream, beat):
        if packet.pts is not None:
            times.append(packet.pts)
        if packet.is_keyframe:
            keys.append(number)
        number += 1
    rate = stream.average_rate or stream.guessed_rate
    clock = (stream.time_base.numerator, stream.time_base.denominator)
    known = times if len(times) == number else array("q")
    return cut_plan.Timeline(sniffed, by_order, clock, known, keys, number, float(rate or 0.0))


def _origin_us(box: InputContainer, sniffed: str, sound_n: int) -> int:
    """The begin of the file as one run of ffmpeg without `-copyts` takes it."""
    start_us: int = box.start_time or 0
    if sniffed not in _LEAPING:
        return start_us
    used = [picture_of(box), *box.streams.audio[sound_n : sound_n + 1]]
    begins = [
        Fraction(stream.start_time) * stream.time_base
        for stream in used
        if stream is not None and stream.start_time is not None and stream.time_base is not None
    ]
    return round(min(begins) * 1_000_000) if begins else start_us


def _sets(stream: VideoStream) -> str:
    return hashlib.sha256(stream.codec_context.extradata or b"").hexdigest()


def _step(stream: Stream, clock: Fraction) -> tuple[int, int]:
    """How many ticks of `clock` one of the stream is, as a ratio of whole numbers: a film has a million packets."""
    if not stream.time_base:
        raise DamagedError("a segment whose frames have no clock")
    return (Fraction(stream.time_base) / clock).as_integer_ratio()


def _tick(packet: "Packet[Any]", step: tuple[int, int]) -> int | None:
    if packet.pts is None:
        return None
    tick, rest = divmod(packet.pts * step[0], step[1])
    return None if rest else int(tick)


class _Order:
    """Begins of all frames sorted, and how far their stored order lags behind it."""

    def __init__(self) -> None:
        self.begins = array("q")
        self.lag = 0

    def add(self, stored: Sequence[int]) -> None:
        """The next segment, in its stored order."""
        shown = sorted(stored)
        if self.begins and shown and shown[0] <= self.begins[-1]:
            raise DamagedError("two segments overlap in time")
        ranks = (at - bisect.bisect_left(shown, tick) for at, tick in enumerate(stored))
        self.lag = max(self.lag, max(ranks, default=0))
        self.begins.extend(shown)

    def decoded(self, at: int) -> int:
        """When the frame stored at this place is decoded: `lag` frames earlier than the one shown in its place."""
        if at >= self.lag:
            return self.begins[at - self.lag]
        last = min(self.lag, len(self.begins) - 1)
        return self.begins[0] - (self.begins[last] - self.begins[at])

    def lasts(self, tick: int) -> int:
        """How long a picture is shown; the last as long as the one before."""
        at = bisect.bisect_left(self.begins, tick)
        if len(self.begins) < 2:
            return 0
        at = min(at, len(self.begins) - 2)
        return self.begins[at + 1] - self.begins[at]


def _order(segments: Sequence[Path], sets: str, clock: Fraction, beat: Beat) -> _Order:
    order = _Order()
    for segment in segments:
        with opened(segment, "nut") as box:
            if _sets(box.streams.video[0]) != sets:
                raise DamagedError("the segments are of different encoders")
            order.add([tick for _, tick in _stored(box, clock, beat)])
    return order


def _copied(
    request: JoinSegments,
    segments: Sequence[Path],
    order: _Order,
    out: OutputContainer,
    beat: Beat,
) -> Joined:
    clock = Fraction(*request.clock)
    muxer: Any = out  # its stubs are incomplete
    with contextlib.ExitStack() as stack:
        model = stack.enter_context(opened(segments[0], "nut"))
        picture = muxer.add_stream_from_template(model.streams.video[0], opaque=True)
        picture.time_base = clock
        _tags(request, out, picture)
        heard: Iterator[Packet[Any]] = iter(())
        if request.audio is not None:
            sound = stack.enter_context(opened(Path(request.audio), "mov"))
            tracks = {stream.index: _alike(muxer, stream) for stream in sound.streams}
            heard = _heard(sound, tracks, beat)
        origin = round(Fraction(request.origin_us, 1_000_000) / clock)
        seen = _seen(segments, picture, order, (clock, origin), beat)
        for packet in heapq.merge(heard, seen, key=_begin_s):
            muxer.mux_one(packet)
    return Joined(frames=len(order.begins))


def _alike(muxer: Any, stream: Stream) -> Stream:  # noqa: ANN401  its stubs are incomplete
    """A stream of the result like one of the source, with its language, its title and what it is marked as."""
    made: Stream = muxer.add_stream_from_template(stream, opaque=True)
    made.metadata.update(stream.metadata)
    made.disposition = stream.disposition
    return made


def _tags(request: JoinSegments, out: OutputContainer, picture: Stream) -> None:
    """What ffmpeg copies of its own accord: the file's tags and the language of the picture."""
    with opened(Path(request.path), request.sniffed) as source:
        out.metadata.update(source.metadata)
        stream = picture_of(source)
        if stream is not None and "language" in stream.metadata:
            picture.metadata["language"] = stream.metadata["language"]


def _heard(
    box: InputContainer, tracks: Mapping[int, Stream], beat: Beat
) -> Iterator["Packet[Any]"]:
    """Audio and subtitles, which are in one file of ours, each for its stream of the result."""
    for packet in packets(box, list(box.streams), beat):
        if packet.size:
            packet.stream = tracks[packet.stream.index]
            yield packet


def _stored(
    box: InputContainer, clock: Fraction, beat: Beat
) -> Iterator[tuple["Packet[Any]", int]]:
    """The packets of a segment as they are stored, with their begins."""
    stream = box.streams.video[0]
    step = _step(stream, clock)
    for packet in _packets(box, stream, beat):
        tick = _tick(packet, step)
        if tick is None:
            raise DamagedError("a frame of a segment has no exact time")
        yield packet, tick


def _seen(
    segments: Sequence[Path],
    stream: Stream,
    order: _Order,
    counted: tuple[Fraction, int],
    beat: Beat,
) -> Iterator["Packet[Any]"]:
    """Packets of all segments with times in the source's clock and from the origin that `counted` holds."""
    (clock, origin), at = counted, 0
    for segment in segments:
        with opened(segment, "nut") as box:
            for packet, tick in _stored(box, clock, beat):
                packet.time_base = clock
                packet.pts, packet.dts = tick - origin, order.decoded(at) - origin
                packet.duration = order.lasts(tick)
                packet.stream = stream
                yield packet
                at += 1


def _begin_s(packet: "Packet[Any]") -> float:
    base = packet.time_base
    return (packet.dts or 0) * base.numerator / base.denominator
