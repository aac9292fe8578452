"""Where bytes are: something that can be opened again and again and counts what is taken from it."""

from pathlib import Path
from typing import Protocol


class ByteFile(Protocol):
    """One opening of a blob. Every method may raise UnreadableError or an error of the network."""

    @property
    def size(self) -> int:
        """All the bytes there are; raises UnsupportedError where only reading to the end would show it."""
        ...

    @property
    def taken(self) -> int:
        """Bytes taken from the disk or the network so far."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end."""
        ...

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end, none outside."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as files do; moving costs nothing."""
        ...

    def tell(self) -> int:
        """The current offset."""
        ...

    def close(self) -> None:
        """Release it; may be called twice."""
        ...


class Blob(Protocol):
    """The bytes of one file. `path` is its (first) file on this machine, None where it lies elsewhere."""

    @property
    def name(self) -> str:
        """The file's name, for messages and for the title."""
        ...

    @property
    def path(self) -> Path | None:
        """The local file, None for a remote one."""
        ...

    def open(self) -> ByteFile:
        """A fresh opening at offset 0. Raises UnreadableError."""
        ...
