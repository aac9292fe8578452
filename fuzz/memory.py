"""An archive that lies in memory, with the shape that readers want of a file."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from transload.archives.blob import ByteFile
from transload.errors import UnreadableError


class MemoryFile:
    """Bytes as a `ByteFile` that behaves as `CountedFile` does, errors of moving included."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)
        self.size = len(data)
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end."""
        if self._stream.closed:
            raise UnreadableError("closed while it was read")
        data = self._stream.read(size)
        self.taken += len(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; none outside."""
        if not 0 <= offset < self.size:
            return b""
        self.seek(offset)
        return self.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; OSError before the start, as the system says for a file."""
        try:
            return self._stream.seek(offset, whence)
        except (ValueError, OverflowError) as error:
            raise OSError("Invalid argument") from error

    def tell(self) -> int:
        """The current offset."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """True."""
        return True

    def close(self) -> None:
        """Release it."""
        self._stream.close()


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """Bytes as a `Blob` that is on no disk."""

    data: bytes
    name: str = "case.bin"

    @property
    def path(self) -> Path | None:
        """None: there is no file."""
        return None

    def open(self) -> ByteFile:
        """A fresh opening."""
        return MemoryFile(self.data)
