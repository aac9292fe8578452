"""What a conversion gives, and the finished segments of a long one: shapes and the port of their store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of a result: where it lies, its size and hash."""

    local: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A verified conversion result in the scratch folder: its file, size, hash and thumbnail.

    `rest` are the files after the first where a film was split; `note` says what gave way (lines, preset, one file).
    `short` says what is missing of what its source promises.
    """

    local: Path
    size_bytes: int
    sha256: str
    thumb: bytes | None = None
    rest: tuple[OutputFile, ...] = ()
    note: str = ""
    short: str = ""

    @property
    def pieces(self) -> tuple[OutputFile, ...]:
        """All files in their order."""
        return (OutputFile(self.local, self.size_bytes, self.sha256), *self.rest)


@dataclass(frozen=True, slots=True)
class QualityChoice:
    """How a film is made for good, once its first segment was measured: preset, lines of the short side, and why."""

    preset: str
    lines: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment of a long transcode: its frames from `first` on; ticks of its first and last are the source's.

    `n` is -1 for the audio. `guard` is the hash of the frame after it, empty after the last segment.
    """

    n: int
    first: int
    frames: int
    first_tick: int | None
    last_tick: int | None
    size_bytes: int
    sha256: str
    guard: str

    @property
    def file(self) -> str:
        """Its name in the folder of its key."""
        return segment_file(self.n)


def segment_file(n: int) -> str:
    """The name of segment `n`; NUT keeps the source's exact times, the sound needs MP4's edit list."""
    return f"{n:05d}.nut" if n >= 0 else "sound.mp4"


class SegmentStore(Protocol):
    """Finished segments of one source's long transcode, kept across runs and jobs, apart by `settings`."""

    async def begin(self, settings: str) -> Path | None:
        """The folder for their files, swept of temporaries; None while another task of this process works in it."""
        ...

    async def known(self, settings: str) -> list[Segment]:
        """Segments of earlier runs whose files are there with their size and hash."""
        ...

    async def free_bytes(self, settings: str) -> int:
        """Bytes that may still be written to that folder; negative when the disk is below its reserve."""
        ...

    async def add(self, settings: str, segment: Segment) -> None:
        """Remember a segment whose file lies durably in the folder. Raises LostLeaseError."""
        ...

    async def drop(self, settings: str) -> None:
        """Forget all of them and remove their files: they were not what they should be."""
        ...

    async def chosen(self, settings: str) -> QualityChoice | None:
        """What an earlier run chose for the film of these settings."""
        ...

    async def choose(self, settings: str, choice: QualityChoice) -> None:
        """Remember a choice, durably. Raises LostLeaseError."""
        ...

    def leave(self, settings: str) -> None:
        """Another task may work in the folder again. Never fails."""
        ...


class Yielded(Exception):  # noqa: N818  nothing went wrong
    """A long conversion stopped with its segments kept, because a shorter one waits; it is taken up again."""


ShouldYield = Callable[[float], Awaitable[bool]]
"""Asked between two runs of a long conversion, with the share of it that is left: whether a shorter one waits."""


async def never_yield(_left: float) -> bool:
    """Nobody waits."""
    return False


@dataclass(frozen=True, slots=True)
class ConversionTerms:
    """What a conversion works under: the store of its segments, the most bytes of a file where it goes, who waits."""

    segments: SegmentStore | None = None
    limit_bytes: int | None = None
    should_yield: ShouldYield = never_yield


NO_TERMS = ConversionTerms()
