"""The prober for machines without PyAV's wheel: the ffprobe program, giving the same facts.

Runs inside the decoder child, whose memory limit it inherits. Costs twenty times what PyAV does, makes no thumbnail.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transload.media.judge.streams import language_of
from transload.media.probe import containers
from transload.media.probe.packets import FrameOrder
from transload.plans import Measurement

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


class Ffprobe:
    """One ffprobe binary as a back-end."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def probe_video(self, path: Path, sniffed: str, beat: Beat) -> tuple[dict[str, Any], None]:
        """Raw facts as `video.probe_video` returns them, never a frame."""
        raw = containers.facts_of_wrapper(path, sniffed)
        shown = self._ask(path, sniffed, "-show_format", "-show_streams", "-show_chapters")
        beat()
        if not shown.get("streams") and "format" not in shown:
            return raw | {"error": "its header makes no sense"}, None
        raw |= _header(shown)
        main = _main(raw["streams"])
        raw["frames_decoded"] = 0
        if main is not None:
            order = FrameOrder.of(raw["container"], raw["streams"][main])
            interval = ORDER_INTERVAL if order.doubted else FRAMES_INTERVAL
            raw |= self._frames(path, sniffed, main, interval, order)
            raw["order"] = "kept" if order.found == "kept" else "lost"  # nothing here proves a copy
        beat()
        if main is not None and not raw["frames_decoded"]:
            self._look_closer(path, sniffed, main, raw)
            beat()
        raw["promised_s"] = containers.promised_s(raw)
        if raw["promised_s"] is not None and raw["container"].startswith("matroska"):
            raw["promised_s"] -= raw["begins_s"]
        raw["promised_picture_s"] = containers.promised_picture_s(raw)
        if raw["missing_bytes"]:
            found = self.measure(path, sniffed, beat)
            raw["readable_s"] = found.span_s or found.audio_span_s
            raw["duration_s"] = raw.get("whole_s") or raw["duration_s"]
        return raw, None

    def measure(self, path: Path, sniffed: str, beat: Beat, sound_n: int = 0) -> Measurement:
        """Packets and spans as `video.measure` returns them."""
        streams = self._ask(path, sniffed, "-show_streams").get("streams", [])
        beat()
        found = Measurement()
        for kind, n in (("video", 0), ("audio", sound_n)):
            shown = [s for s in streams if s.get("codec_type") == kind and not _is_cover(s)]
            if len(shown) <= n:
                continue
            index = shown[n]["index"]
            entries = ("-show_entries", "packet=pts_time,flags", "-select_streams", str(index))
            packets = [
                packet
                for packet in self._ask(path, sniffed, *entries).get("packets", [])
                if _HIDDEN not in packet.get("flags", "")
            ]
            beat()
            begins = [float(packet["pts_time"]) for packet in packets if "pts_time" in packet]
            span_s = round(max(begins) - min(begins), 3) if begins else 0.0
            if kind == "video":
                found.span_s, found.frames = span_s, len(packets)
            else:
                found.audio_span_s = span_s
        return found

    def _look_closer(self, path: Path, sniffed: str, main: int, raw: dict[str, Any]) -> None:
        """Whether it is the decoder that is missing, or more of the file decodes; notes it in `raw`."""
        stream = raw["streams"][main]
        if not self._decodes(stream["codec"]):
            stream["codec"] = "unknown"
        elif stream["type"] == "audio":
            raw |= self._frames(path, sniffed, main, LONGER_INTERVAL, FrameOrder(doubted=False))

    def _decodes(self, codec: str) -> bool:
        """Whether this build has a decoder for it: "D" before the codec's name in its list."""
        lines = self._run("-v", "error", "-codecs").decode(errors="replace").splitlines()
        rows = (line.split() for line in lines)
        return any(row[0].startswith("D") for row in rows if row[1:2] == [codec])

    def _frames(
        self, path: Path, sniffed: str, main: int, interval: str, order: FrameOrder
    ) -> dict[str, Any]:
        """What only decoded frames tell: that there are any, interlacing, order."""
        words = ("-show_frames", "-select_streams", str(main), "-read_intervals", interval)
        frames = self._ask(path, sniffed, *words).get("frames", [])
        found: dict[str, Any] = {"frames_decoded": min(len(frames), 2)}
        if any(frame.get("media_type") == "video" for frame in frames):
            found["interlaced"] = any(frame.get("interlaced_frame") for frame in frames[:2])
        for frame in frames:
            order.note(frame.get("pts"), is_b=frame.get("pict_type") == "B")
        return found

    def _ask(self, path: Path, sniffed: str, *words: str) -> dict[str, Any]:
        """ffprobe's answer; empty when it gave none in time. Its status proves nothing."""
        demuxer = containers.DEMUXERS.get(sniffed)
        forced = ["-f", demuxer] if demuxer else []
        safe = ["-protocol_whitelist", "file,pipe", "-format_whitelist", containers.SAFE_DEMUXERS]
        said = self._run("-v", "error", "-of", "json", *safe, *forced, *words, f"file:{path}")
        try:
            answer: dict[str, Any] = json.loads(said or b"{}")
        except ValueError:
            return {}
        return answer

    def _run(self, *words: str) -> bytes:
        """What the program prints; nothing when it takes too long."""
        try:
            done = subprocess.run(
                [str(self._program), *words],
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
                preexec_fn=die_with_parent,
            )
        except subprocess.TimeoutExpired:
            return b""
        return done.stdout


def die_with_parent() -> None:
    """Between fork and exec; safe here because the decoder child has one thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)


def _header(shown: dict[str, Any]) -> dict[str, Any]:
    form = shown.get("format", {})
    duration = _decimal(form.get("duration"))
    streams = [_stream(stream) for stream in shown.get("streams", [])]
    turns = [
        int(side["rotation"])
        for stream in shown.get("streams", [])
        for side in stream.get("side_data_list", [])
        if "rotation" in side
    ]
    return {
        "container": str(form.get("format_name", "")).split(",")[0],
        "duration_s": round(duration, 3) if duration else None,
        "begins_s": round(max(0.0, _decimal(form.get("start_time")) or 0.0), 3),
        "chapters": len(shown.get("chapters", [])),
        "streams": streams,
        "rotation": turns[0] if turns else 0,
    }


def _stream(shown: dict[str, Any]) -> dict[str, Any]:
    marks = shown.get("disposition", {})
    found: dict[str, Any] = {
        "type": shown.get("codec_type", "unknown"),
        "codec": shown.get("codec_name", "unknown"),
        "cover": _is_cover(shown),
        "default": bool(marks.get("default")),
        "aside": next((word for mark, word in _ASIDES if marks.get(mark)), None),
        "language": language_of(shown.get("tags", {})),
        "duration_s": _decimal(shown.get("duration")),
        "profile": shown.get("profile"),
        "tag": _tag(shown.get("codec_tag_string", "")),
        "bit_rate": int(shown["bit_rate"]) if "bit_rate" in shown else None,
    }
    if found["type"] == "video":
        found |= {
            "width": shown.get("width", 0),
            "height": shown.get("height", 0),
            "pix_fmt": shown.get("pix_fmt"),
            "level": shown.get("level"),
            "fps": _rate(shown.get("avg_frame_rate", "0/0"))
            or _rate(shown.get("r_frame_rate", "0/0")),
            "frames": int(shown.get("nb_frames", 0)),
            "sar": shown.get("sample_aspect_ratio"),
            "has_b_frames": bool(shown.get("has_b_frames")),
            "transfer": _TRANSFERS.get(shown.get("color_transfer", ""), _UNSPECIFIED),
            "matrix": _MATRICES.get(shown.get("color_space", ""), _UNSPECIFIED),
            "primaries": _PRIMARIES.get(shown.get("color_primaries", ""), _UNSPECIFIED),
        }
    elif found["type"] == "audio":
        found |= {"channels": shown.get("channels", 0), "hertz": int(shown.get("sample_rate", 0))}
    return found


def _main(streams: list[dict[str, Any]]) -> int | None:
    """Index of the picture, or of the sound where there is none."""
    for kind in ("video", "audio"):
        for at, stream in enumerate(streams):
            if stream["type"] == kind and not stream["cover"]:
                return at
    return None


def _is_cover(shown: dict[str, Any]) -> bool:
    return bool(shown.get("disposition", {}).get("attached_pic"))


def _tag(text: str) -> str | None:
    return text if text and "[" not in text else None


def _decimal(text: str | None) -> float | None:
    return float(text) if text else None


def _rate(text: str) -> float | None:
    above, _, below = text.partition("/")
    return round(int(above) / int(below), 3) if below and int(below) and int(above) else None
