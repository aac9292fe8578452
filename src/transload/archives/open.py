"""The one door to archives: which reader a blob needs, told by its content."""

from pathlib import Path

from transload.archives.blob import Blob, RenamedBlob, blob_of
from transload.archives.sniff import HEAD_BYTES, archive_format, is_zero_tar
from transload.archives.tar import PACKED_AS, TarReader
from transload.archives.zip import ZipReader
from transload.entry import Limits, Secret
from transload.errors import TruncatedError, UnsupportedError
from transload.ports import ArchiveReader

ARCHIVE_SUFFIXES = frozenset({
    ".zip", ".zipx", ".cbz", ".7z", ".cb7", ".rar", ".cbr", ".tar", ".cbt", ".tgz", ".gz", ".tbz", ".tbz2", ".bz2",
    ".txz", ".xz", ".tzst", ".zst", ".lz4", ".lz", ".z", ".cab", ".cpio", ".ar", ".xar", ".lzh", ".ace",
})  # fmt: skip
"""Endings by which people know archives; content decides, these only word the errors and titles."""

_FOR_PEOPLE = {"7z": "7z", "rar": "RAR", "lz4": "LZ4", "cab": "Cabinet", "lzh": "LHA", "ace": "ACE"}


def read_head(where: Path | Blob) -> bytes:
    """The first bytes of a file, as many as `archive_format` wants. Raises UnreadableError."""
    file = blob_of(where).open()
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def is_archive(name: str, head: bytes) -> bool:
    """Whether a file is an archive by its content, or an empty tar by name and content."""
    return archive_format(head) is not None or _is_empty_tar(name, head)


class Archives:
    """Opens archives: which reader reads what is decided here alone. `tool` is a 7zz to prefer to those found."""

    def __init__(self, limits: Limits, tool: Path | None = None) -> None:
        self.limits = limits
        self._tool = tool

    def open_as(self, path: Path, name: str, passwords: tuple[Secret, ...]) -> ArchiveReader:
        """The reader for a local file that is known under another name (an archive inside an archive)."""
        return self.open(RenamedBlob(path, name), passwords)

    def open(self, where: Path | Blob, passwords: tuple[Secret, ...] = ()) -> ArchiveReader:  # noqa: ARG002
        """A reader for the archive, to be closed by the caller.

        Raises UnreadableError, UnsupportedError (naming the format, or how the file starts), TruncatedError,
        CorruptError, LimitError.
        """
        blob = blob_of(where)
        head = read_head(blob)
        found = archive_format(head)
        if found == "zip":
            return ZipReader(blob, self.limits)
        if found == "tar" or _is_empty_tar(blob.name, head):
            return TarReader(blob, self.limits)
        if found in PACKED_AS:
            return TarReader(blob, self.limits, found)
        if found is not None:
            raise UnsupportedError(
                f"{blob.name} is a {_FOR_PEOPLE.get(found, found)} archive, which cannot be read yet",
                suggestion="Unpack it with 7-Zip and send the folder.",
            )
        if not head:
            raise TruncatedError(f"{blob.name} is empty (0 bytes)")
        raise UnsupportedError(
            f"{blob.name} is not an archive (it starts with {head[:8]!r})",
            suggestion="Perhaps the download gave a web page instead of the file: look into it.",
        )


def _is_empty_tar(name: str, head: bytes) -> bool:
    return name.lower().endswith(".tar") and is_zero_tar(head)
