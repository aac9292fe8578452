"""What a conversion gives, and the finished parts of a long one: shapes and the port of their store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a result: where it lies, its size and hash."""

    local: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """A verified conversion result in the scratch folder: its file, size, hash and thumbnail.

    `rest` are the files behind the first where a film was split; `note` says what gave way (lines, preset, one file).
    `short` says what is missing of what its source promises.
    """

    local: Path
    size_bytes: int
    sha256: str
    thumb: bytes | None = None
    rest: tuple[Piece, ...] = ()
    note: str = ""
    short: str = ""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All files in their order."""
        return (Piece(self.local, self.size_bytes, self.sha256), *self.rest)


@dataclass(frozen=True, slots=True)
class Choice:
    """How a film is made for good, once its first part was measured: preset, lines of the short side, and why."""

    preset: str
    lines: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part of a long transcode: pictures from `first` on, their first and last begin in the source's ticks.

    `n` is -1 for the sound. `guard` is the hash of the picture behind it, empty behind the last.
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
        return part_file(self.n)


def part_file(n: int) -> str:
    """The name of part `n`; NUT keeps the source's exact times, the sound needs MP4's edit list."""
    return f"{n:05d}.nut" if n >= 0 else "sound.mp4"


class Parts(Protocol):
    """Finished parts of one source's long transcode, kept across runs and jobs, apart by `settings`."""

    async def begin(self, settings: str) -> Path | None:
        """The folder for their files, swept of temporaries; None while another task of this process works in it."""
        ...

    async def known(self, settings: str) -> list[Part]:
        """Parts of earlier runs whose files are there with their size and hash."""
        ...

    async def free_bytes(self, settings: str) -> int:
        """Bytes that may still be written to that folder; negative when the disk is below its reserve."""
        ...

    async def add(self, settings: str, part: Part) -> None:
        """Remember a part whose file lies durably in the folder. Raises LostLeaseError."""
        ...

    async def drop(self, settings: str) -> None:
        """Forget all of them and remove their files: they were not what they should be."""
        ...

    async def chosen(self, settings: str) -> Choice | None:
        """What an earlier run chose for the film of these settings."""
        ...

    async def choose(self, settings: str, choice: Choice) -> None:
        """Remember a choice, durably. Raises LostLeaseError."""
        ...

    def leave(self, settings: str) -> None:
        """Another task may work in the folder again. Never fails."""
        ...


class GaveWay(Exception):  # noqa: N818  nothing went wrong
    """A long conversion stopped with its parts kept, because a shorter one waits; it is taken up again."""


GivesWay = Callable[[float], Awaitable[bool]]
"""Asked between two runs of a long conversion, with the share of it that is left: whether a shorter one waits."""


async def alone(_left: float) -> bool:
    """Nobody waits."""
    return False


@dataclass(frozen=True, slots=True)
class Terms:
    """What a conversion works under: the store of its parts, the most bytes of a file where it goes, who waits."""

    parts: Parts | None = None
    limit_bytes: int | None = None
    gives_way: GivesWay = alone


NO_TERMS = Terms()
