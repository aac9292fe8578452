"""An archive's file on disk: every byte taken from it is counted, every failure of the disk is ours."""

import io
import os
from pathlib import Path
from typing import BinaryIO

from transload.errors import UnreadableError


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
