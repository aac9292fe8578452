"""A folder or a single file as a source: the same port as an archive, nothing unpacked."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, cast

from transload.archives.blob import CountedFile, LocalBlob
from transload.archives.limits import Body, Pull, ended_early
from transload.archives.names import decode_tar_name
from transload.archives.recognition import read_head
from transload.archives.sniff import archive_format
from transload.archives.volumes import group
from transload.entry import ARCHIVE_SUFFIXES, Entry, Limits, Listing, ReadReport
from transload.errors import TransloadError, UnreadableError, UnsupportedError
from transload.faults import Fault
from transload.source_port import Want

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts IMG_2 before IMG_10; letters by their case-folded value."""
    parts = _DIGITS.split(name.casefold())
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    inner: str
    status: os.stat_result | None
    fault: Fault | None = None
    part_of: str | None = None


class FolderReader:
    """A `Source` over a folder: every file below it, naturally sorted folder by folder; links are never followed.

    Sorting makes indices the same in every run over an unchanged folder. Memory: the names of one folder per level.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = 0
        self._fault: Fault | None = None
        self._file: CountedFile | None = None

    @property
    def listed(self) -> bool:
        """True."""
        return True

    @property
    def title(self) -> str:
        """The folder's name."""
        return self._path.name or "files"

    def listing(self) -> Listing:
        """Number and sizes of what is there now; walks the folder."""
        number = size_bytes = 0
        for entry in self.entries():
            number += 1
            size_bytes += entry.size or 0
        return Listing("folder", number, size_bytes)

    def entries(self) -> Iterator[Entry]:
        """Every file, folder and link below the folder."""
        for index, found in enumerate(self._walk(self._path, "")):
            yield _entry(index, found)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: every file can be reached directly."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted files with their bodies, as the port says; a file that vanished or cannot be read fails alone."""
        for index, found in enumerate(self._walk(self._path, "")):
            if index < start:
                continue
            entry = _entry(index, found)
            if entry.kind == "dir" or not want(entry):
                continue
            if entry.kind == "link" or entry.trouble is not None:
                continue
            yield (
                entry,
                cast("BinaryIO", Body(self._pull(found.path, entry.size or 0), limits, entry.name)),
            )
            self._leave()

    def finish(self) -> ReadReport:
        """Bytes read so far; the fault names a folder that could not be looked into."""
        return ReadReport(self._taken + (self._file.taken if self._file else 0), self._fault)

    def close(self) -> None:
        """Release what is open; may be called twice."""
        self._leave()

    def _leave(self) -> None:
        if self._file is not None:
            self._taken += self._file.taken
            self._file.close()
            self._file = None

    def _pull(self, path: Path, size_bytes: int) -> Pull:
        got = 0

        def pull(size: int) -> bytes:
            nonlocal got
            if self._file is None:
                self._file = CountedFile(path)
            data = self._file.read(size)
            got += len(data)
            if not data and got < size_bytes:
                raise ended_early(got, size_bytes)
            return data

        return pull

    def _walk(self, folder: Path, inside: str) -> Iterator[_Found]:
        try:
            names = sorted(
                (path.name for path in folder.iterdir()), key=lambda name: (natural_key(name), name)
            )
        except OSError as error:
            fault = UnreadableError(
                f"{folder} cannot be looked into: {error.strerror or error}"
            ).fault()
            self._fault = fault
            return
        sets = _sets(folder, names)
        for name in names:
            path = folder / name
            inner = f"{inside}{name}"
            found = _look(path, inner)
            yield replace(found, part_of=f"{inside}{sets[name]}") if name in sets else found
            if found.status is not None and stat.S_ISDIR(found.status.st_mode):
                yield from self._walk(path, f"{inner}/")


class FileReader(FolderReader):
    """A `Source` over a single file: one entry with the file's name."""

    @property
    def title(self) -> str:
        """The file's name without its ending."""
        return self._path.stem

    def listing(self) -> Listing:
        """One entry."""
        entry = next(self.entries())
        return Listing("file", 1, entry.size, one_file=True)

    def _walk(self, folder: Path, inside: str) -> Iterator[_Found]:
        yield _look(folder, inside + folder.name)


def _sets(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """For every part of a set of volumes the part that is opened: the first, or the first that is there."""
    first_of = group(names)
    there, opened = set(names), dict[str, str]()
    for part, first in first_of.items():
        opened.setdefault(first, first if first in there else part)
    sets = {first: lead for first, lead in opened.items() if _is_archive(folder / lead)}
    parts = {part: sets[first] for part, first in first_of.items() if first in sets}
    return parts | {lead: lead for lead in sets.values()}


def _is_archive(lead: Path) -> bool:
    """Whether a set is an archive. Numbers after any other name may be those of a scanner: content decides."""
    if not lead.suffix[1:].isdecimal() or Path(lead.stem).suffix.lower() in ARCHIVE_SUFFIXES:
        return True
    try:
        return archive_format(read_head(lead)) is not None
    except UnreadableError:
        return False


def _look(path: Path, inner: str) -> _Found:
    try:
        return _Found(path, inner, path.lstat())
    except OSError as error:
        return _Found(path, inner, None, _unreadable(error, inner).fault())


def _unreadable(error: OSError, inner: str) -> UnreadableError:
    return UnreadableError(
        f"it cannot be read: {error.strerror or 'the system does not say why'}",
        item=inner,
        evidence=str(error),
    )


def _entry(index: int, found: _Found) -> Entry:
    status = found.status
    raw = os.fsencode(found.inner)
    kind = _kind(status)
    return Entry(
        index=index,
        name=decode_tar_name(raw),
        raw_name=raw,
        size=status.st_size if status is not None and kind == "file" else None,
        kind=kind,
        mtime_ms=status.st_mtime_ns // 1_000_000 if status is not None else None,
        trouble=found.fault or _trouble(found.path, status, kind),
        blob=LocalBlob(found.path) if kind == "file" else None,
        part_of=None if found.part_of is None or kind != "file" else _shown(found.part_of),
    )


def _shown(name: str) -> str:
    return decode_tar_name(os.fsencode(name))


def _kind(status: os.stat_result | None) -> Literal["file", "dir", "link"]:
    if status is None or stat.S_ISREG(status.st_mode):
        return "file"
    return "dir" if stat.S_ISDIR(status.st_mode) else "link"


def _trouble(path: Path, status: os.stat_result | None, kind: str) -> Fault | None:
    error: TransloadError | None = None
    if kind == "link" and status is not None and not stat.S_ISLNK(status.st_mode):
        error = UnsupportedError("a device or pipe, not a file", item=path.name)
    elif kind != "link" and not os.access(path, os.R_OK):
        error = UnreadableError("permission to read it is missing", item=path.name)
    return error.fault() if error is not None else None
