"""What a reader asks of a blob: hints of what comes next, a file where it needs one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from transload.blob import Blob, ByteFile, CountedFile, LocalBlob
from transload.errors import NeedsLocalFileError

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


def local_path(blob: Blob) -> Path:
    """The file that a blob is. Raises NeedsLocalFileError where it lies elsewhere."""
    if blob.path is None:
        raise NeedsLocalFileError(f"{blob.name} can only be read from a file on this machine")
    return blob.path
