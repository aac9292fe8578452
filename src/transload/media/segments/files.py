"""The files of a run of segments: read while ffmpeg writes them, copied when they are whole, swept at its end."""

import errno
import hashlib
import os
from pathlib import Path

from transload.errors import ConvertError, DiskFullError

TAIL_BYTES = 1024
_CHUNK = 1 << 20


def size_of(path: Path) -> int:
    """Bytes written so far; 0 for what is not there yet."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail_of(path: Path) -> str:
    """The last `TAIL_BYTES` of a growing text; empty for what is not there yet."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read().decode("ascii", "replace")


def text_of(path: Path) -> str:
    """All of it; empty for what is not there yet."""
    return path.read_text("ascii", "replace") if path.exists() else ""


def copy_durably(rough: Path, final: Path) -> tuple[int, str]:
    """Under a temporary name, fsynced, renamed, the folder fsynced; gives size and SHA-256.

    Raises DiskFullError, or ConvertError for what else keeps the copy from being written. Both are told here: a task
    group wraps an OSError, so that nobody outside would know it.
    """
    try:
        return _copied(rough, final)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(stage="convert") from error
        raise ConvertError(
            f"a segment cannot be kept: {error.strerror}", stage="convert"
        ) from error


def sweep(folder: Path) -> None:
    """Remove what a run leaves beside its segments."""
    for path in folder.glob("*.part"):
        path.unlink(missing_ok=True)


def _copied(rough: Path, final: Path) -> tuple[int, str]:
    digest, between = hashlib.sha256(), final.with_name(f"{final.name}.copy.part")
    with rough.open("rb") as source, between.open("wb") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
        size = target.tell()
    between.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size, digest.hexdigest()
