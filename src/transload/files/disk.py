"""What a power cut must not take back: bytes, then their name, then the folder that has the name. Blocking."""

import errno
import os
import shutil
from pathlib import Path
from typing import IO

from transload.errors import DiskFullError, NeverFitsError
from transload.sums import sha256_of
from transload.units import MIB


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


# Free space of a disk and the reserve of it that a job leaves to others.


SLACK_BYTES = 16 * MIB  # beside one album or the largest entry


def free_bytes(path: Path) -> int:
    """Bytes free on the disk of `path`."""
    return shutil.disk_usage(path).free


def reserve_of(path: Path, wanted: int) -> int:
    """Free bytes to leave on the disk of `path`: as wanted, but never more than a tenth of the disk."""
    return min(wanted, shutil.disk_usage(path).total // 10)


def has_room(path: Path, min_free: int) -> bool:
    """Whether the disk of `path` has room for what is only kept: a job must be able to go on beside it."""
    return free_bytes(path) >= reserve_of(path, min_free) + SLACK_BYTES


def check_room(path: Path, size: int, reserve: int, need: str) -> None:
    """Raise DiskFullError where `size` more bytes would touch the reserve, NeverFitsError where the disk is too small.

    `need` says what needs the bytes.
    """
    usage = shutil.disk_usage(path)
    if usage.free - size >= reserve:
        return
    if size + reserve > usage.total:
        raise NeverFitsError(
            f"{need}, the whole disk has {usage.total / MIB:.1f} MiB", stage="fetch"
        )
    raise DiskFullError(
        f"{need}, {usage.free / MIB:.1f} MiB free, of which {reserve / MIB:.1f} MiB stay free (min_free_bytes)",
        stage="fetch",
    )


def durable_sum(path: Path) -> tuple[int, str]:
    """Hash what was written and make it durable; returns size and SHA-256."""
    sha256 = sha256_of(path)
    sync_file(path)
    return path.stat().st_size, sha256
