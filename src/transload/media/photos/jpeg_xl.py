"""Pictures that only the ffmpeg program decodes (JPEG XL), inside the decoder child.

Pillow is imported here, so the main process never imports this module. What knows programs is imported with the first
such picture: it is a sixth of what a child loads, and every child would load it.
"""

import io
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from transload.media.probe.mp4_boxes import children

DEMUXERS = {"jxl": "jpegxl_pipe"}
"""Our word for a format -> ffmpeg's reader of it, whose decoder is libjxl: upright, colours as stored."""
PIXELS_SURE = 64_000_000
"""So many decode in the gigabyte that a child may have at least; 108 million did not."""
_CODESTREAM = b"\xff\x0a"
_BOXES = frozenset({b"jxlc", b"jxlp"})
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_WIDTHS = (9, 13, 18, 30)
_HEAD_BYTES = 64
ANSWER_S = 15.0
"""Below the parent's patience with a silent child."""


class _Bits:
    """The bits of a codestream, the lowest of a byte first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """The next bits as a number."""
        found = self._left & ((1 << count) - 1)
        self._left >>= count
        return found

    def length(self) -> int:
        """A side in pixels (ISO 18181-1, SizeHeader)."""
        return self.take(_WIDTHS[self.take(2)]) + 1

    def size(self) -> tuple[int, int]:
        """Width and height."""
        is_small = self.take(1)
        height = (self.take(5) + 1) * 8 if is_small else self.length()
        if ratio := self.take(3):
            across, down = _RATIOS[ratio - 1]
            return height * across // down, height
        return (self.take(5) + 1) * 8 if is_small else self.length(), height


def is_animated(path: Path) -> bool:
    """Whether the header announces several frames (ISO 18181-1, ImageMetadata)."""
    bits = _Bits(_codestream(path))
    bits.size()
    if bits.take(1) or not bits.take(1):
        return False
    bits.take(3)
    if bits.take(1):
        bits.size()
    has_preview = bits.take(1)  # its own size follows, which nobody writes
    return not has_preview and bool(bits.take(1))


def _codestream(path: Path) -> bytes:
    """The begin of the picture's data, also out of the boxes of ISO 18181-2."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head[:2] == _CODESTREAM:
            return head[2:]
        for kind, at, _ in children(file, 0, path.stat().st_size):
            if kind in _BOXES:
                file.seek(at)
                data = file.read(_HEAD_BYTES)
                begin = data.find(_CODESTREAM)
                return data[begin + 2 :] if begin >= 0 else b""
    return b""


def by_program(path: Path, sniffed: str) -> Image.Image:
    """The first picture. Raises ValueError when no ffmpeg here reads one from it, OSError of starting one.

    Raises MemoryError where that may be for its size: the program's status distinguishes nothing.
    """
    for program in _programs():
        if made := _png_of(program, path, DEMUXERS[sniffed]):
            image = Image.open(io.BytesIO(made), formats=("PNG",))
            image.load()
            return image
    width, height = _Bits(_codestream(path)).size()
    if width * height > PIXELS_SURE:
        raise MemoryError(f"decoding {width} x {height} pixels takes more than is allowed here")
    raise ValueError("ffmpeg reads no picture from it")


def is_here() -> bool:
    """Whether there is any ffmpeg to ask."""
    return next(_programs(), None) is not None


def _programs() -> Iterator[Path]:
    from transload.media.encode.ffmpeg import wheel_binary

    bundled, system = wheel_binary(), shutil.which("ffmpeg")
    if bundled is not None:
        yield bundled
    if system is not None:
        yield Path(system)


def _png_of(program: Path, path: Path, demuxer: str) -> bytes:
    """The picture as PNG, which keeps depth and transparency; nothing where the program fails or takes too long.

    Without `-xerror` it tries a cut JPEG XL forever, with a complaint each time.
    """
    from transload.media.probe.ffprobe import begin_child

    def limited() -> None:
        """Between fork and exec: as much memory as this child may ever have; it probes with less."""
        begin_child()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

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
            preexec_fn=limited,
        )
    except subprocess.TimeoutExpired:
        return b""
    return done.stdout
