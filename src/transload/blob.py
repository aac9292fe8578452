"""Where bytes are: something that can be opened again and again and counts what is taken from it."""

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from transload.errors import UnreadableError


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


@dataclass(frozen=True, slots=True)
class LocalBlob:
    """A file on this machine."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def open(self) -> ByteFile:
        """Open the file. Raises UnreadableError."""
        return CountedFile(self.path)


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """A small file that lies nowhere but here."""

    name: str
    content: bytes = field(repr=False)
    path: Path | None = None

    def open(self) -> ByteFile:
        """A fresh opening."""
        return _MemoryFile(self.content)


class _MemoryFile(io.BytesIO):
    """Bytes as a file; nothing is taken from anywhere."""

    taken = 0

    @property
    def size(self) -> int:
        return len(self.getbuffer())

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end, none outside of it."""
        return bytes(self.getbuffer()[max(offset, 0) : offset + size]) if offset >= 0 else b""


class CountedFile(io.RawIOBase):
    """A file opened for reading. `taken` counts bytes read; skipped ones cost nothing. Raises UnreadableError."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.taken = 0
        self._path = path
        self._file: BinaryIO | None = None
        try:
            self._file = path.open("rb")
            self.size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            self.close()
            raise self._unreadable(error) from error

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end."""
        try:
            data = self._open().read(size)
        except OSError as error:
            raise self._unreadable(error) from error
        self.taken += len(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end of the file, none outside of it."""
        if not 0 <= offset < self.size:
            return b""
        self._open().seek(offset)
        return self.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move as files do: a place before the start raises OSError or ValueError."""
        return self._open().seek(offset, whence)

    def tell(self) -> int:
        """The current offset."""
        return self._open().tell()

    def close(self) -> None:
        """Release the file; may be called twice."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _open(self) -> BinaryIO:
        if self._file is None or self.closed:
            raise UnreadableError(f"{self._path} was closed while it was read")
        return self._file

    def _unreadable(self, error: OSError) -> UnreadableError:
        return UnreadableError(f"{self._path} cannot be read: {error.strerror or error}")
