"""Video and audio by PyAV, inside the decoder child: header, two decoded frames, box walk, thumbnail.

`av` is imported here, so the main process never imports this module. `ffprobe.py` gives the same facts without it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from transload.facts import FileFacts, Finding, StreamFacts
from transload.media.failures import evidence_of
from transload.media.judge.streams import language_of
from transload.media.probe import containers
from transload.media.probe.frame_order import FrameOrder
from transload.media.probe.packets import Beat, Holes, packets
from transload.plans import Measurement

PACKETS_MAX = 600  # Enough for an open-GOP start and interleaved audio.

COVER_PIXELS_MAX = 20_000_000
"""Of covers: at 16 bits a channel as many bytes as the pixels of a photo may take while it is probed."""

NEAR_END_US, SHORT_TOLD_US = 500_000, 200_000

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.EOFError, "it ends inside its header"),
    (av.error.PatchWelcomeError, "it uses a feature that no decoder here knows"),
    (av.error.DecoderNotFoundError, "there is no decoder for it here"),
    (av.error.DemuxerNotFoundError, "there is no reader for it here"),
)

_ASIDES = (
    (Disposition.comment, "commentary"),
    (Disposition.visual_impaired, "audio description"),
    (Disposition.clean_effects, "no speech"),
)
"""Marks of audio streams that go beside the film's own, with our words for them."""


def probe_video(path: Path, sniffed: str, beat: Beat) -> tuple[FileFacts, VideoFrame | None]:
    """Facts and the first decoded frame, of audio its cover (None: there is none). Damage is a fact, not an error.

    Raises MemoryError, OSError of reading the file.
    """
    finding = Finding(containers.facts_of_wrapper(path, sniffed))
    try:
        with _open(path, sniffed) as box:
            finding.facts = _with_header(finding.facts, box)
            beat()
            frame = _decode(box, finding, _video_of(box, sniffed), beat)
            shortened = finding.facts.container == "flac" and _ends_early(box, beat)
            # libav looks five seconds ahead; what begins later is known once it was decoded.
            streams = tuple(_stream(stream) for stream in box.streams)
            finding.facts = replace(finding.facts, shortened=shortened, streams=streams)
            beat()
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        return replace(finding.facts, error=_words(error), evidence=evidence_of(error)), None
    found = containers.with_promises(finding.facts)
    if found.missing_bytes or found.shortened:
        found = containers.with_readable(found, measure(path, sniffed, beat))
    elif found.lost_s and found.duration_s:
        found = replace(found, readable_s=round(max(0.0, found.duration_s - found.lost_s), 3))
    return found, frame


def measure(path: Path, sniffed: str, beat: Beat, sound_n: int = 0) -> Measurement:
    """Packets and spans (first to last begin) of the first real video and of audio `sound_n`; reads every packet.

    `end_s` is where the last packet of any stream ends, from the begin of the file.

    What an edit list hides (the beginning that was cut away without encoding anew) does not count: no player shows it.
    """
    found = Measurement()
    try:
        with _open(path, sniffed) as box:
            video = _video_of(box, sniffed)
            wanted = [*([video] if video else []), *box.streams.audio[sound_n : sound_n + 1]]
            _count(box, wanted, found, beat)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        found.error, found.evidence = _words(error), evidence_of(error)
    return found


def rises(path: Path, sniffed: str, beat: Beat) -> bool:
    """Whether every picture is shown after the one before it; decodes them all."""
    with _open(path, sniffed) as box:
        stream = _video_of(box, sniffed)
        times = _times(box, stream, beat) if stream is not None else iter(())
        return all(before < later for before, later in pairwise(times))


def _times(box: InputContainer, stream: VideoStream, beat: Beat) -> Iterator[int]:
    """When each picture is shown, in the order in which they are."""
    for packet in packets(box, [stream], beat):
        for frame in _frames(packet):
            if isinstance(frame, VideoFrame) and frame.pts is not None:
                yield frame.pts


def _count(box: InputContainer, wanted: list[Any], found: Measurement, beat: Beat) -> None:
    """Fill `found`. Spans are from the first shown moment of the stream: containers begin when they like."""
    begins: dict[str, tuple[float, float]] = {}
    holes, start_s = Holes(), (box.start_time or 0) / 1_000_000
    try:
        for packet in packets(box, list(box.streams), beat):
            found.end_s = max(found.end_s, _end_s(packet) - start_s)
            if packet.is_discard or packet.stream not in wanted:
                continue
            holes.note(packet)
            kind: str = packet.stream.type
            found.frames += kind == "video" and packet.size > 0
            if packet.pts is not None and packet.size:
                begin = float(packet.pts * packet.time_base)
                first, last = begins.get(kind, (begin, begin))
                begins[kind] = min(first, begin), max(last, begin)
    finally:  # what was there before an error counts
        found.missing_s, found.empty = round(holes.missing_s, 3), holes.empty
        spans = {kind: round(last - first, 3) for kind, (first, last) in begins.items()}
        found.span_s, found.audio_span_s = spans.get("video", 0.0), spans.get("audio", 0.0)


def _end_s(packet: "Packet[Any]") -> float:
    if packet.pts is None or not packet.time_base:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _open(path: Path, sniffed: str) -> InputContainer:
    options = {"protocol_whitelist": "file,pipe", "format_whitelist": containers.SAFE_DEMUXERS}
    demuxer = containers.DEMUXERS.get(sniffed)
    return av.open(str(path), "r", format=demuxer, options=options, metadata_errors="replace")


def _video_of(box: InputContainer, sniffed: str) -> VideoStream | None:
    """The first real picture; of an image sequence its track, the stills beside it being streams of one picture."""
    shown = (stream for stream in box.streams.video if not _is_cover(stream))
    return next((stream for stream in shown if sniffed != "heifs" or stream.frames > 1), None)


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _is_decodable_cover(stream: Stream) -> bool:
    return _is_cover(stream) and _context(stream) is not None


def _with_header(found: FileFacts, box: InputContainer) -> FileFacts:
    duration = box.duration / 1_000_000 if box.duration and box.duration > 0 else None
    tags = [stream.metadata for stream in box.streams]
    title, performer = containers.title_and_performer(box.format.name, box.metadata, tags)
    return replace(
        found,
        title=title,
        performer=performer,
        container=box.format.name,
        duration_s=round(duration, 3) if duration is not None else None,
        begins_s=round(max(0, box.start_time or 0) / 1_000_000, 3),
        chapters=len(box.chapters()),
        streams=tuple(_stream(stream) for stream in box.streams),
    )


def _stream(stream: Stream) -> StreamFacts:
    """One stream in the words that both back-ends use."""
    found = StreamFacts(
        type=stream.type,
        cover=_is_cover(stream),
        default=bool(stream.disposition & Disposition.default),
        aside=next((word for mark, word in _ASIDES if stream.disposition & mark), None),
        language=language_of(stream.metadata),
        duration_s=_duration_s(stream),
    )
    context = _context(stream)
    if context is None:
        return found
    found = replace(
        found,
        codec=context.codec.canonical_name,
        profile=stream.profile,
        tag=_tag(context),
        bit_rate=context.bit_rate,
    )
    if isinstance(stream, VideoStream):
        return _with_picture(found, stream)
    if isinstance(stream, AudioStream):
        sound = stream.codec_context
        return replace(found, channels=sound.channels, hertz=sound.sample_rate)
    return found


def _duration_s(stream: Stream) -> float | None:
    if not stream.duration or not stream.time_base:
        return None
    return round(float(stream.duration * stream.time_base), 3)


def _with_picture(found: StreamFacts, stream: VideoStream) -> StreamFacts:
    context = stream.codec_context
    rate = stream.average_rate or stream.guessed_rate
    sar = stream.sample_aspect_ratio
    return replace(
        found,
        width=context.width,
        height=context.height,
        pix_fmt=context.pix_fmt,
        level=getattr(context, "level", None),  # older releases of PyAV do not have it
        fps=round(float(rate), 3) if rate else None,
        rate=str(stream.guessed_rate) if stream.guessed_rate else None,
        frames=stream.frames,
        sar=f"{sar.numerator}:{sar.denominator}" if sar else None,
        has_b_frames=bool(context.has_b_frames),
        transfer=int(context.color_trc),
        matrix=int(context.colorspace),
        primaries=int(context.color_primaries),
    )


def _context(stream: Stream) -> CodecContext | None:
    """The stream's decoder; None where libav knows none, which the stubs do not say."""
    return getattr(stream, "codec_context", None)


def _tag(context: CodecContext) -> str | None:
    """The four-letter code of the wrapper; None for numbers that are no letters."""
    try:
        tag = str(context.codec_tag)
    except UnicodeDecodeError:
        return None
    return tag if tag.isprintable() and "[" not in tag else None


def _decode(
    box: InputContainer, finding: Finding, video: VideoStream | None, beat: Beat
) -> VideoFrame | None:
    """Decode up to two frames of the video, or one of the audio, and note what only frames show.

    Returns the first of the video, or the cover of audio that decodes. libav gives covers before all other packets.

    `lost_s` is what precedes the first picture that decodes: a recording that begins between keyframes.
    """
    stream = video or next(iter(box.streams.audio), None)
    if stream is None or _context(stream) is None:
        return None
    # For two frames more threads cost memory and start-up, not time.
    stream.codec_context.thread_count = 1
    found = finding.facts
    order = FrameOrder.of(found.container, found.streams[stream.index])
    first: VideoFrame | None = None
    begins: list[int] = []
    covers: list[Packet[Any]] = []
    for packet in _packets(box, stream, beat):
        if packet.stream.index != stream.index:
            covers.append(packet)
            continue
        if packet.pts is not None and first is None and not packet.is_discard:
            begins.append(packet.pts)
        for frame in _frames(packet):
            interlaced, rotation = found.interlaced, found.rotation
            if isinstance(frame, VideoFrame):
                first = first or frame
                interlaced, rotation = interlaced or bool(frame.interlaced_frame), frame.rotation
                order.note(frame.pts, is_b=frame.pict_type == PictureType.B)
            decoded = found.frames_decoded + 1
            found = replace(found, frames_decoded=decoded, interlaced=interlaced, rotation=rotation)
            finding.facts = found
        if found.frames_decoded >= (order.frames_wanted if video else 1):
            break
    lost_s = 0.0
    if first is not None and first.pts is not None and first.time_base and begins:
        lost_s = round(max(0.0, float((first.pts - min(begins)) * first.time_base)), 3)
    finding.facts = replace(found, order=order.found, lost_s=lost_s)
    return _cover_in(covers) if video is None and found.frames_decoded else first


def _cover_in(covers: "Sequence[Packet[Any]]") -> VideoFrame | None:
    """The picture that is kept beside audio, while its file is open; None where it does not decode or is too large."""
    packet = next((one for one in covers if one.size), None)
    if packet is None:
        return None
    context = packet.stream.codec_context
    context.thread_count = 1
    context.options = {"max_pixels": str(COVER_PIXELS_MAX)}
    try:
        frames = packet.decode()
    except (av.error.FFmpegError, ValueError, MemoryError):
        return None  # the audio is none the worse
    return next((one for one in frames if isinstance(one, VideoFrame)), None)


def _ends_early(box: InputContainer, beat: Beat) -> bool:
    """Whether the end that the header of a FLAC promises is missing, sought without reading what lies before.

    Its bytes do not say: how far silence is packed is not known before.
    """
    promised_us = box.duration or 0
    box.seek(max(0, promised_us - NEAR_END_US))
    ends = [
        (packet.pts + (packet.duration or 0)) * packet.time_base
        for packet in packets(box, box.streams.audio, beat)
        if packet.pts is not None
    ]
    return max(ends, default=0) * 1_000_000 < promised_us - SHORT_TOLD_US


def _packets(box: InputContainer, stream: Stream, beat: Beat) -> "Iterator[Packet[Any]]":
    """The packets in which to look for frames: of audio all, it is damaged only where nothing of it can be heard.

    Those of its cover are among them.
    """
    is_seen = isinstance(stream, VideoStream)
    covers = () if is_seen else tuple(one for one in box.streams.video if _is_decodable_cover(one))
    most = PACKETS_MAX if is_seen else math.inf
    for at, packet in enumerate(packets(box, [stream, *covers], beat)):
        yield packet
        if at > most:
            break


def _frames(packet: "Packet[Any]") -> list[object]:
    """What a packet decodes to; a damaged packet gives nothing, the next may."""
    try:
        return list(packet.decode())
    except (av.error.FFmpegError, EOFError) as error:
        if isinstance(error, MemoryError):
            raise
        return []


def _words(error: Exception) -> str:
    """Why libav did not open or read it, by the type of its error."""
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words
    return "its header makes no sense"
