"""What another ffmpeg shows and plays of a file: the moments of a flash and of a burst, and how alike two films are."""

import json
import subprocess
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.media.decoded import Shown, pictures, program, psnr

HERTZ = 8000
BURST_SHARE = 0.25
"""Of the loudest sample: where the sound first reaches it, the burst begins."""
FRAME_S = 0.04


@dataclass(frozen=True, slots=True)
class Film:
    """All pictures with their times, when the burst is heard (None: nothing is), and how long the file lasts."""

    shown: list[Shown]
    burst_s: float | None
    duration_s: float

    @property
    def flash_s(self) -> float:
        """When the brightest picture is shown."""
        return max(self.shown, key=lambda one: sum(one.points)).at_s


def seen(path: Path, room: Path, demuxer: str | None = None) -> Film:
    """The file as the judge decodes it."""
    return Film(
        pictures(path, room, demuxer, by_rgb=True), burst(path, demuxer), lasts(path, demuxer)
    )


def burst(path: Path, demuxer: str | None = None) -> float | None:
    """Seconds from the file's begin to where its default sound gets loud; None without sound."""
    form = ["-f", demuxer] if demuxer else []
    words = ["-v", "error", *form, "-i", str(path), "-map", "0:a:0?", "-ac", "1", "-ar", str(HERTZ)]
    words += ["-af", f"aresample={HERTZ}:async=1000:first_pts=0", "-f", "s16le", "-"]
    done = subprocess.run([program(), *words], check=False, capture_output=True)
    samples = array("h", done.stdout[: len(done.stdout) // 2 * 2])
    loudest = max(map(abs, samples), default=0)
    if loudest < 1000:
        return None
    least = loudest * BURST_SHARE
    return next(at for at, one in enumerate(samples) if abs(one) >= least) / HERTZ


def lasts(path: Path, demuxer: str | None = None) -> float:
    """Seconds by the container, 0 where it does not say; Matroska counts from zero, not from its first picture."""
    found = asked(path, demuxer).get("format", {})
    if "duration" not in found:
        return 0.0
    late_s = float(found.get("start_time", 0)) if "matroska" in found["format_name"] else 0.0
    return float(found["duration"]) - late_s


def asked(path: Path, demuxer: str | None = None) -> dict[str, Any]:
    """Streams and length as ffprobe tells them."""
    form = ["-f", demuxer] if demuxer else []
    words = ["-v", "error", "-of", "json", "-show_format", "-show_streams", *form, str(path)]
    probe = str(Path(program()).with_name("ffprobe"))
    said = subprocess.run([probe, *words], check=False, capture_output=True).stdout
    answer: dict[str, Any] = json.loads(said or b"{}")
    return answer


def least_likeness(source: Film, result: Film, *, ordered: bool) -> float:
    """The worst picture of the result, in decibels against the one that the source shows at the same time.

    `ordered`: against the one in the same place, where times are only guessed.
    """
    if ordered or len(source.shown) == len(result.shown):
        pairs = list(zip(source.shown, result.shown, strict=False))
    else:
        pairs = [(_nearest(source.shown, one.at_s), one) for one in result.shown]
    return min(psnr(one.points, other.points) for one, other in pairs)


def latest(source: Film, result: Film) -> float:
    """By how much a picture is shown too early or too late, counted from the first, in seconds."""
    pairs = zip(source.shown, result.shown, strict=False)
    first, begin = source.shown[0].at_s, result.shown[0].at_s
    return max(abs((one.at_s - first) - (other.at_s - begin)) for one, other in pairs)


def _nearest(shown: list[Shown], at_s: float) -> Shown:
    return min(shown, key=lambda one: abs(one.at_s - at_s))
