"""What the ffmpeg program shows of a file, decoded apart from everything that made it: pictures, times, tags."""

import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av

from transload.media.encode.ffmpeg import wheel_binary

SIDE = 48
"""Pictures are compared as grey squares of so many points a side."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture: when it is shown, in seconds, and its points."""

    at_s: float
    points: bytes


def program() -> str:
    """The system's ffmpeg where there is one: another build than the one that encodes."""
    return shutil.which("ffmpeg") or str(wheel_binary())


def pictures(
    path: Path, room: Path, demuxer: str | None = None, *, by_rgb: bool = False
) -> list[Shown]:
    """All pictures of a file in the order in which they are decoded, their times to the millisecond.

    `by_rgb`: as greys of the colours that are shown, for files whose stored lightness has different meanings.
    """
    grey = "format=gbrp,format=gray" if by_rgb else "format=gray"
    raw = room / f"{path.name}.raw.nut"
    form = ["-f", demuxer] if demuxer else []
    words = ["-v", "error", "-y", *form, "-i", str(path), "-map", "0:V:0"]
    words += ["-vf", f"scale={SIDE}:{SIDE},{grey}", "-fps_mode", "passthrough"]
    words += ["-enc_time_base", "1:1000"]
    subprocess.run([program(), *words, "-c:v", "rawvideo", str(raw)], check=True)
    with av.open(str(raw)) as box:
        return [
            Shown(float((packet.pts or 0) * packet.time_base), bytes(packet))
            for packet in box.demux()
            if packet.size
        ]


def psnr(one: bytes, other: bytes) -> float:
    """Likeness of two pictures in decibels; 99 for equal ones."""
    square = sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / len(one)
    return 99.0 if not square else 10 * math.log10(255 * 255 / square)


def points_of(path: Path, at: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Y, Cb and Cr of places in the first picture, as they are stored (4:2:0)."""
    with av.open(str(path)) as box:
        width, height = box.streams.video[0].width, box.streams.video[0].height
    words = ["-v", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-"]
    done = subprocess.run([program(), *words], check=True, capture_output=True)
    luma, half = width * height, (width // 2) * (height // 2)
    light, rest = done.stdout[:luma], done.stdout[luma:]
    found: list[tuple[int, int, int]] = []
    for x, y in at:
        place = (y // 2) * (width // 2) + x // 2
        found.append((light[y * width + x], rest[place], rest[half + place]))
    return found
