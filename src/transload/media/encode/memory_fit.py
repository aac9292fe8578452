"""What memory an encoder gets for a film, and what gives way where that is not enough: threads, then lines.

Figures are address space, which a limit can bound: about three times what is really held.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from transload.media.encode import quality
from transload.media.encode.ffmpeg import EncoderLimits

MACHINE_SHARE = 0.75
"""Of the machine's memory; held is a third of what is mapped, so a film that needs more would end in swapping."""
SIZES = (2160, 1440, 1080, 720, 480, 360, 240)
SOURCE_PIXEL_BYTES, HDR_PIXEL_BYTES = 130, 110
"""What decoding and filters map for a pixel of the source: HEVC keeps up to 17 frames of 10 bits for two threads.

Tone mapping adds frames of floats.
"""
_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """Threads of the encoder, and how many lines the short side has at most (None: as wished)."""

    threads: int
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What of a film needs memory: pixels of its source and of the result."""

    source_pixels: int
    pixels: int
    preset: str
    hdr: bool = False

    @property
    def need_bytes(self) -> int:
        """Address space that one encoder of it takes, with a quarter to spare."""
        source = SOURCE_PIXEL_BYTES + (HDR_PIXEL_BYTES if self.hdr else 0)
        encoder = self.pixels * quality.PRESET_BYTES[self.preset] * quality.ADDRESS_SHARE
        fixed = quality.RUN_ADDRESS_BYTES + quality.ENCODER_ADDRESS_BYTES
        return int(1.25 * (fixed + self.source_pixels * source + encoder))


def memory_steps(threads: int, lines: int) -> list[MemoryStep]:
    """What to try one after the other; the first is as wished."""
    single = [MemoryStep(1)] if threads != 1 else []
    return [MemoryStep(threads), *single, *(MemoryStep(1, size) for size in SIZES if size < lines)]


def limits_for(limits: EncoderLimits, way: MemoryStep, weight: MemoryNeed) -> EncoderLimits:
    """The limits under which a film is encoded: what it needs, as far as the machine has it, never less than usual."""
    most = limits.most_bytes
    if most is None:
        most = int(machine_bytes() * MACHINE_SHARE)
    memory_bytes = max(limits.memory_bytes, min(weight.need_bytes, most))
    return replace(limits, memory_bytes=memory_bytes, threads=way.threads)


def machine_bytes(groups: Iterable[Path] = _GROUP_LIMITS) -> int:
    """Memory of this machine, or of the container it pretends to be; 0 where it is unknown."""
    found = [int(text) for text in map(_text_of, groups) if text.isdigit()]
    with contextlib.suppress(ValueError, OSError):  # Android's libc may not know the names
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=0)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
