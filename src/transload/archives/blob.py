"""Blobs on this machine, and what a reader asks of any blob: hints of what comes next, a file where it needs one."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from transload.blob import Blob, ByteFile
from transload.errors import NeedsLocalFileError, UnreadableError

__all__ = [
    "Blob",
    "ByteFile",
    "CountedFile",
    "Foreseeing",
    "LocalBlob",
    "RenamedBlob",
    "blob_of",
    "foreseeing",
    "local_path",
]


@runtime_checkable
class Foreseeing(Protocol):
    """A `ByteFile` to which asking costs more than reading: it wants to know what comes."""

    def expect(self, offset: int, size: int, name: str) -> None:
        """An entry of this name, `size` bytes with its header, begins at `offset` and may be read next."""
        ...


def foreseeing(file: ByteFile) -> Foreseeing | None:
    """The file as one that wants to know what comes next, else None; asked once, not for each entry."""
    return file if isinstance(file, Foreseeing) else None


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
class RenamedBlob:
    """A local file under the name it has elsewhere: what lies in scratch is called by a counter."""

    path: Path
    name: str

    def open(self) -> ByteFile:
        """Open the file. Raises UnreadableError."""
        return CountedFile(self.path)


def blob_of(where: Path | Blob) -> Blob:
    """A path as the blob there; a blob as it is."""
    return LocalBlob(where) if isinstance(where, Path) else where


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


def local_path(blob: Blob) -> Path:
    """The file that a blob is. Raises NeedsLocalFileError where it lies elsewhere."""
    if blob.path is None:
        raise NeedsLocalFileError(f"{blob.name} can only be read from a file on this machine")
    return blob.path
