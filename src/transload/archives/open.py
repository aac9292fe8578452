"""The one door to archives: which reader a file needs, told by its content."""

from pathlib import Path

from transload.archives.counted import CountedFile
from transload.archives.sniff import HEAD_BYTES, archive_format, is_zero_tar
from transload.archives.tar import PACKED_AS, TarReader
from transload.archives.zip import ZipReader
from transload.errors import TruncatedError, UnsupportedError
from transload.model import Limits
from transload.ports import ArchiveReader

ARCHIVE_SUFFIXES = frozenset({
    ".zip", ".zipx", ".cbz", ".7z", ".cb7", ".rar", ".cbr", ".tar", ".cbt", ".tgz", ".gz", ".tbz", ".tbz2", ".bz2",
    ".txz", ".xz", ".tzst", ".zst", ".lz4", ".lz", ".z", ".cab", ".cpio", ".ar", ".xar", ".lzh", ".ace",
})  # fmt: skip
"""Endings by which people know archives; content decides, these only word the errors and titles."""

_FOR_PEOPLE = {"7z": "7z", "rar": "RAR", "lz4": "LZ4", "cab": "Cabinet", "lzh": "LHA", "ace": "ACE"}


def read_head(path: Path) -> bytes:
    """The first bytes of a file, as many as `archive_format` wants. Raises UnreadableError."""
    file = CountedFile(path)
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def is_archive(path: Path, head: bytes) -> bool:
    """Whether a file is an archive by its content, or an empty tar by name and content."""
    return archive_format(head) is not None or _is_empty_tar(path, head)


def open_archive(path: Path, limits: Limits) -> ArchiveReader:
    """A reader for the archive at `path`, to be closed by the caller.

    Raises UnreadableError, UnsupportedError (naming the format, or how the file starts), TruncatedError,
    CorruptError, LimitError.
    """
    head = read_head(path)
    found = archive_format(head)
    if found == "zip":
        return ZipReader(path, limits)
    if found == "tar" or _is_empty_tar(path, head):
        return TarReader(path, limits)
    if found in PACKED_AS:
        return TarReader(path, limits, found)
    if found is not None:
        raise UnsupportedError(
            f"{path.name} is a {_FOR_PEOPLE.get(found, found)} archive, which cannot be read yet",
            suggestion="Unpack it with 7-Zip and send the folder.",
        )
    if not head:
        raise TruncatedError(f"{path.name} is empty (0 bytes)")
    raise UnsupportedError(
        f"{path.name} is not an archive (it starts with {head[:8]!r})",
        suggestion="Perhaps the download gave a web page instead of the file: look into it.",
    )


def _is_empty_tar(path: Path, head: bytes) -> bool:
    return path.suffix.lower() == ".tar" and is_zero_tar(head)
