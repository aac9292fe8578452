"""The prober for machines without PyAV's wheel: the ffprobe program, giving the same facts.

Runs inside the decoder child, whose memory limit it inherits. Costs twenty times what PyAV does, makes no thumbnail.
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transload.facts import FileFacts, StreamFacts
from transload.json_codec import Json, JsonObject, from_json
from transload.media.judge.streams import language_of
from transload.media.probe import containers
from transload.media.probe.frame_order import FrameOrder
from transload.plans import Measurement
from transload.processes.launcher import die_with_parent

ANSWER_S = 15.0  # Below the parent's patience with a silent child.
FRAMES_INTERVAL = "%+#6"
ORDER_INTERVAL = "%+#40"  # packets: a few of them fill the decoder before the first picture
LONGER_INTERVAL = "%+#2000"
_TRANSFERS = {"smpte2084": 16, "arib-std-b67": 18, "bt709": 1, "smpte170m": 6}
_MATRICES = {
    "gbr": 0,
    "bt709": 1,
    "fcc": 4,
    "bt470bg": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "bt2020nc": 9,
}
_PRIMARIES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "bt2020": 9, "smpte432": 12}
_UNSPECIFIED = 2
_ASIDES = (
    ("comment", "commentary"),
    ("visual_impaired", "audio description"),
    ("clean_effects", "no speech"),
)
_HIDDEN = "D"  # a packet that an edit list hides

Beat = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Marks:
    default: int = 0
    attached_pic: int = 0
    comment: int = 0
    visual_impaired: int = 0
    clean_effects: int = 0


@dataclass(frozen=True, slots=True)
class _Tags:
    language: str = ""
    title: str = ""
    artist: str = ""
    album_artist: str = ""

    @property
    def words(self) -> dict[str, str]:
        """As containers.py takes them."""
        return {"title": self.title, "artist": self.artist, "album_artist": self.album_artist}


@dataclass(frozen=True, slots=True)
class _SideData:
    rotation: float | None = None


@dataclass(frozen=True, slots=True)
class _Stream:
    """A stream in ffprobe's words; numbers that may be too large for JSON are text."""

    index: int
    codec_type: str = "unknown"
    codec_name: str = "unknown"
    codec_tag_string: str = ""
    profile: str | None = None
    bit_rate: str | None = None
    duration: str | None = None
    disposition: _Marks = _Marks()
    tags: _Tags = _Tags()
    side_data_list: tuple[_SideData, ...] = ()
    width: int = 0
    height: int = 0
    pix_fmt: str | None = None
    level: int | None = None
    avg_frame_rate: str = "0/0"
    r_frame_rate: str = "0/0"
    nb_frames: str = "0"
    sample_aspect_ratio: str | None = None
    has_b_frames: int = 0
    color_transfer: str = ""
    color_space: str = ""
    color_primaries: str = ""
    channels: int = 0
    sample_rate: str = "0"


@dataclass(frozen=True, slots=True)
class _Format:
    format_name: str = ""
    duration: str | None = None
    start_time: str | None = None
    tags: _Tags = _Tags()


@dataclass(frozen=True, slots=True)
class _Chapter:
    id: int = 0


@dataclass(frozen=True, slots=True)
class _Frame:
    media_type: str = ""
    pict_type: str = ""
    interlaced_frame: int = 0
    pts: int | None = None


@dataclass(frozen=True, slots=True)
class _Packet:
    pts_time: str | None = None
    flags: str = ""


@dataclass(frozen=True, slots=True)
class _Shown:
    """ffprobe's answer; what was not asked for, or is not there, is empty."""

    streams: tuple[_Stream, ...] = ()
    format: _Format | None = None
    chapters: tuple[_Chapter, ...] = ()
    frames: tuple[_Frame, ...] = ()
    packets: tuple[_Packet, ...] = ()


_NOTHING = _Shown()


class Ffprobe:
    """One ffprobe binary as a back-end."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def probe_video(self, path: Path, sniffed: str, beat: Beat) -> tuple[FileFacts, None]:
        """Facts as `video.probe_video` returns them, never a frame."""
        found = containers.facts_of_wrapper(path, sniffed)
        shown = self._ask(path, sniffed, "-show_format", "-show_streams", "-show_chapters")
        beat()
        if not shown.streams and shown.format is None:
            return replace(found, error="its header makes no sense"), None
        found = _with_header(found, shown)
        main = _main(found.streams)
        if main is not None:
            order = FrameOrder.of(found.container, found.streams[main])
            interval = ORDER_INTERVAL if order.doubted else FRAMES_INTERVAL
            found = self._with_frames(found, path, sniffed, main, interval, order)
            # nothing here proves a copy
            found = replace(found, order="kept" if order.found == "kept" else "lost")
        beat()
        if main is not None and not found.frames_decoded:
            found = self._looked_at_closer(found, path, sniffed, main)
            beat()
        found = containers.with_promises(found)
        if found.missing_bytes:
            found = containers.with_readable(found, self.measure(path, sniffed, beat))
        return found, None

    def measure(self, path: Path, sniffed: str, beat: Beat, sound_n: int = 0) -> Measurement:
        """Packets and spans as `video.measure` returns them."""
        streams = self._ask(path, sniffed, "-show_streams").streams
        beat()
        found = Measurement()
        for kind, n in (("video", 0), ("audio", sound_n)):
            shown = [s for s in streams if s.codec_type == kind and not s.disposition.attached_pic]
            if len(shown) <= n:
                continue
            entries = ("-show_entries", "packet=pts_time,flags", "-select_streams")
            answer = self._ask(path, sniffed, *entries, str(shown[n].index))
            packets = [packet for packet in answer.packets if _HIDDEN not in packet.flags]
            beat()
            begins = [float(packet.pts_time) for packet in packets if packet.pts_time is not None]
            span_s = round(max(begins) - min(begins), 3) if begins else 0.0
            if kind == "video":
                found.span_s, found.frames = span_s, len(packets)
            else:
                found.audio_span_s = span_s
        return found

    def _looked_at_closer(self, found: FileFacts, path: Path, sniffed: str, main: int) -> FileFacts:
        """Whether it is the decoder that is missing, or more of the file decodes."""
        stream = found.streams[main]
        if not self._decodes(stream.codec):
            unknown = replace(stream, codec="unknown")
            streams = (*found.streams[:main], unknown, *found.streams[main + 1 :])
            return replace(found, streams=streams)
        if stream.type != "audio":
            return found
        undoubted = FrameOrder(doubted=False)
        return self._with_frames(found, path, sniffed, main, LONGER_INTERVAL, undoubted)

    def _decodes(self, codec: str) -> bool:
        """Whether this build has a decoder for it: "D" before the codec's name in its list."""
        lines = self._run("-v", "error", "-codecs").decode(errors="replace").splitlines()
        rows = (line.split() for line in lines)
        return any(row[0].startswith("D") for row in rows if row[1:2] == [codec])

    def _with_frames(  # noqa: PLR0913  what to look at, and what for
        self,
        found: FileFacts,
        path: Path,
        sniffed: str,
        main: int,
        interval: str,
        order: FrameOrder,
    ) -> FileFacts:
        """What only decoded frames show: that there are any, interlacing, order."""
        words = ("-show_frames", "-select_streams", str(main), "-read_intervals", interval)
        frames = self._ask(path, sniffed, *words).frames
        for frame in frames:
            order.note(frame.pts, is_b=frame.pict_type == "B")
        found = replace(found, frames_decoded=min(len(frames), 2))
        if any(frame.media_type == "video" for frame in frames):
            found = replace(found, interlaced=any(one.interlaced_frame for one in frames[:2]))
        return found

    def _ask(self, path: Path, sniffed: str, *words: str) -> _Shown:
        """ffprobe's answer; empty when it gave none in time, or one that is none. Its status proves nothing."""
        demuxer = containers.DEMUXERS.get(sniffed)
        forced = ["-f", demuxer] if demuxer else []
        safe = ["-protocol_whitelist", "file,pipe", "-format_whitelist", containers.SAFE_DEMUXERS]
        said = self._run("-v", "error", "-of", "json", *safe, *forced, *words, f"file:{path}")
        try:
            return from_json(_Shown, json.loads(said or b"{}", object_pairs_hook=_in_small_letters))
        except (ValueError, TypeError):
            return _NOTHING

    def _run(self, *words: str) -> bytes:
        """What the program prints; nothing when it takes too long."""
        try:
            done = subprocess.run(
                [str(self._program), *words],
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
                preexec_fn=begin_child,
            )
        except subprocess.TimeoutExpired:
            return b""
        return done.stdout


def _in_small_letters(members: list[tuple[str, Json]]) -> JsonObject:
    """An object whose names are those of ffprobe's own; tags are called as the file has them: TITLE, Title."""
    return {name.lower(): value for name, value in members}


def begin_child() -> None:
    """Between fork and exec; safe here because the decoder child has one thread."""
    die_with_parent()
    if os.getppid() == 1:
        os._exit(1)


def _with_header(found: FileFacts, shown: _Shown) -> FileFacts:
    form = shown.format or _Format()
    duration = _decimal(form.duration)
    sides = (side for stream in shown.streams for side in stream.side_data_list)
    turns = (int(side.rotation) for side in sides if side.rotation is not None)
    container = form.format_name.split(",")[0]
    tags = [stream.tags.words for stream in shown.streams]
    title, performer = containers.title_and_performer(container, form.tags.words, tags)
    return replace(
        found,
        title=title,
        performer=performer,
        container=container,
        duration_s=round(duration, 3) if duration else None,
        begins_s=round(max(0.0, _decimal(form.start_time) or 0.0), 3),
        chapters=len(shown.chapters),
        streams=tuple(_stream(stream) for stream in shown.streams),
        rotation=next(turns, 0),
    )


def _stream(shown: _Stream) -> StreamFacts:
    marks = shown.disposition
    found = StreamFacts(
        type=shown.codec_type,
        codec=shown.codec_name,
        cover=bool(marks.attached_pic),
        default=bool(marks.default),
        aside=next((word for mark, word in _ASIDES if getattr(marks, mark)), None),
        language=language_of({"language": shown.tags.language}),
        duration_s=_decimal(shown.duration),
        profile=shown.profile,
        tag=_tag(shown.codec_tag_string),
        bit_rate=int(shown.bit_rate) if shown.bit_rate is not None else None,
    )
    if shown.codec_type == "video":
        return replace(
            found,
            width=shown.width,
            height=shown.height,
            pix_fmt=shown.pix_fmt,
            level=shown.level,
            fps=_rate(shown.avg_frame_rate) or _rate(shown.r_frame_rate),
            frames=int(shown.nb_frames),
            sar=shown.sample_aspect_ratio,
            has_b_frames=bool(shown.has_b_frames),
            transfer=_TRANSFERS.get(shown.color_transfer, _UNSPECIFIED),
            matrix=_MATRICES.get(shown.color_space, _UNSPECIFIED),
            primaries=_PRIMARIES.get(shown.color_primaries, _UNSPECIFIED),
        )
    if shown.codec_type == "audio":
        return replace(found, channels=shown.channels, hertz=int(shown.sample_rate))
    return found


def _main(streams: Sequence[StreamFacts]) -> int | None:
    """Index of the video, or of the audio where there is none."""
    for kind in ("video", "audio"):
        for at, stream in enumerate(streams):
            if stream.type == kind and not stream.cover:
                return at
    return None


def _tag(text: str) -> str | None:
    return text if text and "[" not in text else None


def _decimal(text: str | None) -> float | None:
    return float(text) if text else None


def _rate(text: str) -> float | None:
    above, _, below = text.partition("/")
    return round(int(above) / int(below), 3) if below and int(below) and int(above) else None
