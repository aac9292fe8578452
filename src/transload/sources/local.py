"""Sources on this machine: archives by their content, folders, and any other file as a source of one entry."""

import os
import stat
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from transload.archives.blob import LocalBlob
from transload.archives.open import Archives
from transload.archives.recognition import embedded_format, is_archive, read_head
from transload.archives.volumes import VolumeSet, volume_set
from transload.entry import (
    ARCHIVE_SUFFIXES,
    Entry,
    Limits,
    Listing,
    Opening,
    ReadReport,
    is_document,
    title_of,
)
from transload.errors import SourceNotFoundError, UnreadableError, UsageError
from transload.source_port import ArchiveReader, Source, SourceRef, Want

# A source that is opened when it is first read: what has its bytes elsewhere never needs it.


class LazySource:
    """The `Source` port; `open`, or the first question about it, opens it and raises what opening it raises."""

    def __init__(self, open_it: Callable[[], Source]) -> None:
        self._open_it = open_it
        self._opened = False

    @cached_property
    def _source(self) -> Source:
        source = self._open_it()
        self._opened = True
        return source

    def open(self) -> None:
        """Open it now, if it is not open yet."""
        _ = self._source

    @property
    def title(self) -> str:
        """That of the source."""
        return self._source.title

    @property
    def listed(self) -> bool:
        """Whether the source has a directory."""
        return self._source.listed

    def listing(self) -> Listing:
        """That of the source."""
        return self._source.listing()

    def entries(self) -> Iterator[Entry]:
        """Those of the source."""
        return self._source.entries()

    def cost_to(self, index: int) -> int:
        """What reaching the entry costs the source."""
        return self._source.cost_to(index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The source's own stream."""
        return self._source.stream(want, start, limits)

    def finish(self) -> ReadReport:
        """How reading went so far; nothing was read of what was never opened."""
        return self._source.finish() if self._opened else ReadReport(0)

    def close(self) -> None:
        """Close the source if it was opened."""
        if self._opened:
            self._source.close()


class LocalSources:
    """The `Sources` port for paths. `machine` names this computer: equal paths elsewhere are other sources."""

    def __init__(self, machine: str, archives: Archives) -> None:
        self._machine = machine
        self._archives = archives

    def check(self, text: str) -> None:
        """Raise UsageError for what no path can be."""
        if not text or "\0" in text:
            raise UsageError("an empty text or one with a NUL is no path")

    def resolve(self, text: str) -> SourceRef:
        """The file or folder a path means: links in it followed, made absolute.

        Raises UsageError, SourceNotFoundError (naming the nearest folder that exists), UnreadableError.
        """
        self.check(text)
        path = _real(text)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceNotFoundError(f"there is no {path}; {_nearest(path)} does exist") from error
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read: {error.strerror or error}") from error
        mode = found.st_mode
        volumes = volume_set(path) if stat.S_ISREG(mode) else None
        if volumes is not None and os.access(path, os.R_OK):
            return self._set_of(volumes)
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UsageError(f"{path} is neither a file nor a folder")
        if not os.access(path, os.R_OK):
            raise UnreadableError(f"{path} cannot be read: permission is missing")
        title = (path.name or "files") if stat.S_ISDIR(mode) else title_of(path.name)
        # A folder's own time says nothing of what lies deeper in it.
        version = "" if stat.S_ISDIR(mode) else f"{found.st_size}-{found.st_mtime_ns}"
        return SourceRef(str(path), f"local:{self._machine}:{path}", title, version)

    def _set_of(self, volumes: VolumeSet) -> SourceRef:
        """One source, whichever of its files was named."""
        parts = [part.stat() for part in volumes.parts]
        version = f"{sum(one.st_size for one in parts)}-{max(one.st_mtime_ns for one in parts)}"
        first = volumes.first
        return SourceRef(
            str(first), f"local:{self._machine}:{first}", title_of(volumes.title), version
        )

    def open(self, ref: str, opening: Opening) -> Source:
        """Open what `resolve` named.

        Raises SourceNotFoundError, UnreadableError, and for archives what `Archives.open` raises: by content, or by a
        name that promises an archive.
        """
        path = Path(ref)
        if path.is_dir():
            return _folder(path)
        if not path.exists() and volume_set(path) is None:
            raise SourceNotFoundError(f"there is no {path} any more; {_nearest(path)} does exist")
        suffix = path.suffix.lower()
        if is_document(path.name):
            return _alone(path)
        volumes, head = volume_set(path), read_head(path) if path.exists() else b""
        if volumes is None and suffix not in ARCHIVE_SUFFIXES and not _holds_archive(path, head):
            return _alone(path)
        title = title_of(path.name if volumes is None else volumes.title)
        return ArchiveSource(self._archives.open(path, opening.passwords), title)


def _folder(path: Path) -> Source:
    from transload.sources.folder import FolderReader  # an archive, the usual source, does without

    return FolderReader(path)


def _alone(path: Path) -> Source:
    from transload.sources.folder import FileReader

    return FileReader(path)


def _holds_archive(path: Path, head: bytes) -> bool:
    return is_archive(path.name, head) or embedded_format(LocalBlob(path), head) is not None


class ArchiveSource:
    """An archive as a source: its reader with a title."""

    def __init__(self, reader: ArchiveReader, title: str) -> None:
        self._reader = reader
        self.title = title

    @property
    def listed(self) -> bool:
        """Whether the archive has a directory."""
        return self._reader.listed

    def listing(self) -> Listing:
        """The archive's listing."""
        return self._reader.listing()

    def entries(self) -> Iterator[Entry]:
        """The archive's entries."""
        return self._reader.entries()

    def cost_to(self, index: int) -> int:
        """What the archive's reader says."""
        return self._reader.cost_to(index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The archive's wanted entries."""
        return self._reader.stream(want, start, limits)

    def finish(self) -> ReadReport:
        """How reading the archive went."""
        return self._reader.finish()

    def close(self) -> None:
        """Close the archive."""
        self._reader.close()


def _real(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError) as error:
        why = (
            "its links go round in a circle" if isinstance(error, RuntimeError) else error.strerror
        )
        raise UnreadableError(f"{text} cannot be followed: {why}", evidence=str(error)) from error


def _nearest(path: Path) -> Path:
    return next((parent for parent in path.parents if parent.is_dir()), Path(path.anchor or "."))
