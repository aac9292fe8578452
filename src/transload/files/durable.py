"""What a power cut must not take back: bytes, then their name, then the folder that has the name. Blocking."""

import errno
import os
from pathlib import Path
from typing import IO


def sync_written(file: IO[bytes] | IO[str]) -> None:
    """Make durable what was written to an open file. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Make the bytes of a closed file durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    try:
        sync_file(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems know no fsync of folders
            raise


def name_durably(rough: Path, final: Path) -> None:
    """Give a durable file its final name, durably. Raises OSError."""
    rough.replace(final)
    sync_folder(final.parent)
