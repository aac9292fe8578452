"""Videos and sounds by PyAV, inside the decoder child: header, two decoded frames, box walk, thumbnail.

`av` is imported here, so the main process never imports this module. `ffprobe.py` gives the same facts without it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from transload.media import wrapper

FRAMES_WANTED = 2
FRAMES_FOR_ORDER = 32
PACKETS_MAX = 600  # Enough for an open-GOP start and interleaved sound; a stream that shows nothing by then shows nothing.

NOTHING_MEASURED = {"frames": 0, "last_s": 0.0, "end_s": 0.0, "audio_end_s": 0.0}

Beat = Callable[[], None]


def probe_video(path: Path, sniffed: str, beat: Beat) -> tuple[dict[str, Any], Any]:
    """Raw facts and the first decoded frame (None: not one decodes). Damage is a fact, not an error.

    Raises MemoryError, OSError of reading the file.
    """
    raw = wrapper.facts_of_wrapper(path, sniffed)
    try:
        with _open(path, sniffed) as box:
            raw |= _header(box)
            beat()
            frame = _decode(box, raw)
            beat()
            if raw["missing_bytes"]:
                raw["readable_s"] = _readable(box, beat)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        return raw | {"error": _words(error)}, None
    return raw, frame


def measure(path: Path, sniffed: str, beat: Beat) -> dict[str, Any]:
    """Packets and end of the first real video and the first audio stream, by reading every packet."""
    found: dict[str, Any] = dict(NOTHING_MEASURED)
    try:
        with _open(path, sniffed) as box:
            video, audio = _video_of(box), next(iter(box.streams.audio), None)
            wanted = [stream for stream in (video, audio) if stream is not None]
            _count(box, wanted, found, beat)
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            raise
        found["error"] = _words(error)
    return found


def _count(box: InputContainer, wanted: list[Any], found: dict[str, Any], beat: Beat) -> None:
    start = (box.start_time or 0) / 1_000_000
    for at, packet in enumerate(box.demux(wanted) if wanted else ()):
        if at % 256 == 0:
            beat()
        if packet.pts is None or packet.size == 0 or packet.time_base is None:
            continue
        begin = float(packet.pts * packet.time_base) - start
        end = round(begin + float((packet.duration or 0) * packet.time_base), 3)
        if packet.stream.type == "video":
            found["frames"] += 1
            found["last_s"] = max(found["last_s"], round(begin, 3))
            found["end_s"] = max(found["end_s"], end)
        else:
            found["audio_end_s"] = max(found["audio_end_s"], end)


def _open(path: Path, sniffed: str) -> InputContainer:
    options = {"protocol_whitelist": "file,pipe", "format_whitelist": wrapper.SAFE_DEMUXERS}
    demuxer = wrapper.DEMUXERS.get(sniffed)
    return av.open(str(path), "r", format=demuxer, options=options, metadata_errors="replace")


def _video_of(box: InputContainer) -> VideoStream | None:
    return next((stream for stream in box.streams.video if not _is_cover(stream)), None)


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _header(box: InputContainer) -> dict[str, Any]:
    streams = [_stream(stream) for stream in box.streams]
    duration = box.duration / 1_000_000 if box.duration and box.duration > 0 else None
    return {
        "container": box.format.name,
        "duration_s": round(duration, 3) if duration is not None else None,
        "streams": streams,
    }


def _stream(stream: Any) -> dict[str, Any]:
    """One stream in the words that both back-ends use."""
    context = stream.codec_context
    found: dict[str, Any] = {"type": stream.type, "codec": "unknown", "cover": _is_cover(stream)}
    if context is None:
        return found
    found |= {
        "codec": context.codec.canonical_name,
        "profile": stream.profile,
        "tag": _tag(context),
        "bit_rate": context.bit_rate,
    }
    if isinstance(stream, VideoStream):
        rate = stream.average_rate or stream.guessed_rate
        sar = stream.sample_aspect_ratio
        found |= {
            "width": context.width,
            "height": context.height,
            "pix_fmt": context.pix_fmt,
            "fps": round(float(rate), 3) if rate else None,
            "frames": stream.frames,
            "sar": f"{sar.numerator}:{sar.denominator}" if sar else None,
            "transfer": int(context.color_trc),
        }
    elif isinstance(stream, AudioStream):
        found |= {"channels": context.channels, "hertz": context.sample_rate}
    return found


def _tag(context: Any) -> str | None:
    """The four-letter code of the wrapper; None for numbers that are no letters."""
    try:
        tag = str(context.codec_tag)
    except UnicodeDecodeError:
        return None
    return tag if tag.isprintable() and "[" not in tag else None


def _decode(box: InputContainer, raw: dict[str, Any]) -> VideoFrame | None:
    """Decode up to two frames of the picture, or one of the sound, and note what only frames tell."""
    stream = _video_of(box) or next(iter(box.streams.audio), None)
    raw["frames_decoded"] = 0
    if stream is None or stream.codec_context is None:
        return None
    stream.codec_context.thread_count = (
        1  # Two frames: more threads cost memory and start-up, not time.
    )
    wanted = _frames_wanted(stream, raw)
    first: VideoFrame | None = None
    for at, packet in enumerate(box.demux(stream)):
        for frame in _frames(packet):
            raw["frames_decoded"] += 1
            if isinstance(frame, VideoFrame):
                first = first or frame
                raw["interlaced"] = raw.get("interlaced", False) or frame.interlaced_frame
                raw["rotation"] = frame.rotation
                raw["b_frames"] = raw.get("b_frames", False) or frame.pict_type == PictureType.B
        if raw["frames_decoded"] >= wanted or at > PACKETS_MAX:
            break
    return first


def _frames_wanted(stream: Any, raw: dict[str, Any]) -> int:
    """Two pictures, one sound; more of H.264 in AVI, where only pictures tell whether their order was changed."""
    if not isinstance(stream, VideoStream):
        return 1
    reordered = stream.codec_context.has_b_frames and stream.codec_context.name == "h264"
    return FRAMES_FOR_ORDER if raw["container"] == "avi" and reordered else FRAMES_WANTED


def _frames(packet: Any) -> list[Any]:
    """What a packet decodes to; a damaged packet gives nothing, the next may."""
    try:
        return list(packet.decode())
    except (av.error.FFmpegError, EOFError) as error:
        if isinstance(error, MemoryError):
            raise
        return []


def _readable(box: InputContainer, beat: Beat) -> float | None:
    """Seconds that can be read of a file that is cut short."""
    stream = _video_of(box) or next(iter(box.streams.audio), None)
    if stream is None:
        return None
    found: dict[str, Any] = dict(NOTHING_MEASURED)
    try:
        box.seek(0)
        _count(box, [stream], found, beat)
    except av.error.FFmpegError:
        pass
    return float(found["end_s"] or found["audio_end_s"])


def _words(error: Exception) -> str:
    """The decoder's words without the file's path."""
    return str(getattr(error, "strerror", None) or type(error).__name__)[:200]
