"""Free space of a disk and the reserve of it that a job leaves to others."""

import shutil
from pathlib import Path

from transload.errors import DiskFullError, NeverFitsError
from transload.units import MIB

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


def check_room(path: Path, size: int, reserve: int, told: str) -> None:
    """Raise DiskFullError where `size` more bytes would touch the reserve, NeverFitsError where the disk is too small.

    `told` says what needs the bytes.
    """
    usage = shutil.disk_usage(path)
    if usage.free - size >= reserve:
        return
    if size + reserve > usage.total:
        raise NeverFitsError(
            f"{told}, the whole disk has {usage.total / MIB:.1f} MiB", stage="fetch"
        )
    raise DiskFullError(
        f"{told}, {usage.free / MIB:.1f} MiB free, of which {reserve / MIB:.1f} MiB stay free (min_free_bytes)",
        stage="fetch",
    )
