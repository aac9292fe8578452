"""What distinguishes the content of one file from another's: its size, CRC-32 and SHA-256."""

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from transload.units import CHUNK_BYTES


class Fingerprint:
    """Size and sums of the bytes so far."""

    def __init__(self) -> None:
        self.size_bytes, self.crc32 = 0, 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._digest.hexdigest()

    def add(self, chunk: bytes) -> None:
        """Count the next bytes in."""
        self.size_bytes += len(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)
        self._digest.update(chunk)


def fingerprint_of(path: Path) -> Fingerprint:
    """Of a whole file. Raises OSError."""
    whole = Fingerprint()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            whole.add(chunk)
    return whole


def sha256_of(path: Path, heed_cancel: Callable[[], object] = bool) -> str:
    """Of a whole file, where nothing else is asked; `heed_cancel` is called at every piece. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            heed_cancel()
            digest.update(chunk)
    return digest.hexdigest()
