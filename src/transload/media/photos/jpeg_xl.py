"""Pictures that only the ffmpeg program decodes (JPEG XL), inside the decoder child.

Pillow is imported here, so the main process never imports this module.
"""

import io
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from transload.media.encode.ffmpeg import wheel_binary
from transload.media.probe.ffprobe import die_with_parent

DEMUXERS = {"jxl": "jpegxl_pipe"}
"""Our word for a format -> ffmpeg's reader of it, whose decoder is libjxl: upright, colours as stored."""
ANSWER_S = 15.0
"""Below the parent's patience with a silent child."""


def by_program(path: Path, sniffed: str) -> Image.Image:
    """The first picture. Raises ValueError when no ffmpeg here reads one from it, OSError of starting one."""
    for program in _programs():
        if made := _png_of(program, path, DEMUXERS[sniffed]):
            image = Image.open(io.BytesIO(made), formats=("PNG",))
            image.load()
            return image
    raise ValueError("ffmpeg reads no picture from it")


def is_here() -> bool:
    """Whether there is any ffmpeg to ask."""
    return next(_programs(), None) is not None


def _programs() -> Iterator[Path]:
    bundled, system = wheel_binary(), shutil.which("ffmpeg")
    if bundled is not None:
        yield bundled
    if system is not None:
        yield Path(system)


def _png_of(program: Path, path: Path, demuxer: str) -> bytes:
    """The picture as PNG, which keeps depth and transparency; nothing where the program fails or takes too long.

    Without `-xerror` it tries a cut JPEG XL forever, with a complaint each time.
    """
    words = [
        "-v",
        "quiet",
        "-nostdin",
        "-xerror",
        "-protocol_whitelist",
        "file,pipe",
        "-f",
        demuxer,
    ]
    words += ["-i", f"file:{path}", "-frames:v", "1", "-threads", "1"]
    words += ["-c:v", "png", "-compression_level", "1", "-f", "image2pipe", "pipe:1"]
    try:
        done = subprocess.run(
            [str(program), *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=ANSWER_S,
            check=False,
            preexec_fn=_limited,
        )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout


def _limited() -> None:
    """Between fork and exec: as much memory as this child may ever have; it probes with less."""
    die_with_parent()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
