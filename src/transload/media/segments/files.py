"""The files of a run of segments: read while ffmpeg writes them, copied when they are whole, swept at its end."""

from pathlib import Path

from transload.errors import ConvertError, DiskFullError, is_disk_full
from transload.files.disk import name_durably, sync_written
from transload.sums import Fingerprint
from transload.units import CHUNK_BYTES

TAIL_BYTES = 1024


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
    """Under a temporary name, fsynced, renamed, the folder fsynced; returns size and SHA-256.

    Raises DiskFullError, or ConvertError for what else keeps the copy from being written. Both are raised here: a task
    group wraps an OSError, so that nobody outside would know it.
    """
    try:
        return _copied(rough, final)
    except OSError as error:
        if is_disk_full(error):
            raise DiskFullError(stage="convert") from error
        raise ConvertError(
            f"a segment cannot be kept: {error.strerror}", stage="convert"
        ) from error


def sweep(folder: Path) -> None:
    """Remove what a run leaves beside its segments."""
    for path in folder.glob("*.part"):
        path.unlink(missing_ok=True)


def _copied(rough: Path, final: Path) -> tuple[int, str]:
    whole, between = Fingerprint(), final.with_name(f"{final.name}.copy.part")
    with rough.open("rb") as source, between.open("wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            whole.add(chunk)
            target.write(chunk)
        sync_written(target)
    name_durably(between, final)
    return whole.size_bytes, whole.sha256
