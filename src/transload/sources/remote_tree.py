"""A folder on a server as a source, whatever the server speaks: walked folder by folder, each file a blob.

Names come from a stranger: what is no single name in its folder is listed with its trouble and never asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from transload.archives.limits import Body, Pull
from transload.archives.names import decode_tar_name
from transload.blob import Blob, ByteFile
from transload.entry import MEDIA_SUFFIXES, RAISE_LIMIT, Entry, Limits, Listing, ReadReport
from transload.errors import (
    CorruptError,
    LimitError,
    NeedsLocalFileError,
    PermanentError,
    RemoteBrokenError,
    TransientError,
    TransloadError,
    UnsteadyError,
    UnsupportedError,
)
from transload.faults import Fault
from transload.source_port import Want
from transload.sources.folder import natural_key
from transload.sources.http_source import pull_of
from transload.units import KIB, MIB

DEPTH_MAX = 64
"""Folders in folders: a link on the server that leads back up has no end."""
NAMES_KEPT = 20_000
"""Names of folders that are remembered beside those being walked: listing and reading ask for them once, 4 MiB."""
LOOK_BYTES = 8 * KIB
"""First asked for of a file whose name promises no medium: what its content is known by."""
UNKNOWN_BYTES = MIB
"""First asked for of a medium of unknown size."""

TreePath = tuple[bytes, ...]
"""Names from the folder that is the source; () is that folder."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A name in a folder, as its bytes. `trouble` is why it cannot be asked for."""

    name: bytes
    is_folder: bool
    size: int | None = None
    mtime_ms: int | None = None
    trouble: Fault | None = None


class TreeFile(Blob, Protocol):
    """A file on the server that was asked for."""

    @property
    def in_parts(self) -> bool:
        """Whether parts of it can be had: else each opening is a reading from its start."""
        ...

    def close(self) -> None:
        """Let go of what is on its way; may be called twice."""
        ...


class TreeServer(Protocol):
    """What a server must be able to do. Each method raises the errors of source.* and net.*."""

    def names(self, folder: TreePath) -> Sequence[TreeEntry]:
        """What is in a folder, in any order; LimitError where it is more than may be held."""
        ...

    def file(self, path: TreePath, first_bytes: int) -> TreeFile:
        """The file at a place, asked for: its first bytes are on their way."""
        ...

    def close(self) -> None:
        """Let go of the connections; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    path: TreePath
    one: TreeEntry

    @property
    def raw(self) -> bytes:
        return b"/".join(self.path)

    @property
    def shown(self) -> str:
        return decode_tar_name(self.raw)


@dataclass(frozen=True, slots=True)
class TreeBlob:
    """The bytes of one file of the tree; nothing is asked for before it is opened."""

    name: str
    found: _Found
    tree: "RemoteTree" = field(repr=False)
    path: Path | None = None

    def open(self) -> ByteFile:
        """A fresh opening. Raises NeedsLocalFileError where parts of it cannot be had, and what the server raises."""
        file = self.tree.asked(self.found)
        if not file.in_parts:
            raise NeedsLocalFileError(f"{self.name}: the server cannot give parts of it")
        return file.open()


class RemoteTree:
    """A `Source` over a folder on a server: every file below it, naturally sorted folder by folder.

    Indices are the same in every run over an unchanged tree. A folder that cannot be listed is an entry with its
    trouble, and so is one 64 deep; what is out of reach altogether is raised. Files of a set of volumes are not put
    together: each of them says so when it is opened. Memory: the names of one folder a level, a number for each
    folder, and up to `NAMES_KEPT` names, so that what is listed twice is asked for once.
    """

    listed = True

    def __init__(self, server: TreeServer, title: str, max_entries: int) -> None:
        self.title = title
        self._server = server
        self._max_entries = max_entries
        self._fault: Fault | None = None
        self._taken = 0
        self._file: ByteFile | None = None
        self._asked: tuple[TreePath, TreeFile] | None = None
        self._kept: dict[TreePath, Sequence[TreeEntry]] = {}
        self._failed: dict[TreePath, Fault] = {}
        self._marks: dict[TreePath, int] = {}
        self._below: dict[TreePath, int] = {}

    def listing(self) -> Listing:
        """Nothing but that it is a folder: to count its files is to walk through all of it."""
        return Listing("folder", None, None)

    def entries(self) -> Iterator[Entry]:
        """Every file and folder below the folder."""
        for index, found in self._walk():
            yield self._entry(index, found)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: every file can be reached directly."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted files with their bodies, as the port says; each is asked for when its body is first read."""
        for index, found in self._walk(start):
            if index < start or found.one.is_folder:
                continue
            entry = self._entry(index, found)
            if not want(entry) or entry.trouble is not None:
                continue
            self._forget()
            yield entry, cast("BinaryIO", Body(self._pull(found), limits, entry.name))
            self._leave()

    def finish(self) -> ReadReport:
        """Bytes of files read so far; the fault where there are more entries than may be."""
        return ReadReport(self._taken + (self._file.taken if self._file else 0), self._fault)

    def close(self) -> None:
        """Let go of the connections; may be called twice."""
        self._leave()
        self._forget()
        self._server.close()

    def asked(self, found: _Found) -> TreeFile:
        """The file, asked for once for all its openings in a row. Raises what the server raises."""
        if self._asked is not None and self._asked[0] == found.path:
            return self._asked[1]
        self._forget()
        first = LOOK_BYTES
        if "." + found.shown.rpartition(".")[2].lower() in MEDIA_SUFFIXES:
            first = found.one.size or UNKNOWN_BYTES
        try:
            file = self._server.file(found.path, first)
        except RemoteBrokenError as error:
            raise self._blamed(error) from error
        self._asked = found.path, file
        return file

    def _blamed(self, error: RemoteBrokenError) -> TransloadError:
        """The error as that of one file or folder, where the server still lists the tree; else as it is."""
        try:
            self._server.names(())
        except TransientError:
            return error
        return UnsteadyError(error.detail, evidence=error.evidence)

    def _pull(self, found: _Found) -> Pull:
        reading: Pull | None = None

        def pull(size: int) -> bytes:
            nonlocal reading
            if reading is None:
                self._file = self.asked(found).open()
                reading = pull_of(self._file, found.one.size)
            return reading(size)

        return pull

    def _leave(self) -> None:
        if self._file is not None:
            self._taken += self._file.taken
            self._file.close()
            self._file = None

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked[1].close()
            self._asked = None

    def _walk(self, start: int = 0) -> Iterator[tuple[int, _Found]]:
        """Every place with its index; folders that lie before `start` and were walked once are passed over."""
        index = 0
        levels = [_Level((), 0, iter(self._names(())))]
        while levels:
            level = levels[-1]
            one = next(level.rest, None)
            if one is None:
                self._below[level.path] = index - level.first
                levels.pop()
                continue
            path = (*level.path, one.name)
            before = index + 1 + self._below.get(path, start)
            if before <= start:
                index = before
                continue
            if index >= self._max_entries:
                self._fault = _too_many(self._max_entries)
                return
            found, below = self._with_names(_Found(path, one))
            yield index, found
            index += 1
            if below is not None:
                levels.append(_Level(path, index, iter(below)))

    def _with_names(self, found: _Found) -> tuple[_Found, Sequence[TreeEntry] | None]:
        """A place, with the names in it where it is a folder that can be listed."""
        path, one = found.path, found.one
        if not one.is_folder or one.trouble is not None:
            return found, None
        if path not in self._failed:
            try:
                return found, self._names(path)
            except (PermanentError, RemoteBrokenError) as error:
                if path in self._marks:
                    raise
                self._failed[path] = replace(self._alone(error), item=found.shown)
        return replace(found, one=replace(one, is_folder=False, trouble=self._failed[path])), None

    def _alone(self, error: TransloadError) -> Fault:
        """The fault of one folder. Raises the error where it is that of the whole server."""
        blamed = self._blamed(error) if isinstance(error, RemoteBrokenError) else error
        if isinstance(blamed, TransientError):
            raise blamed
        return blamed.fault()

    def _names(self, folder: TreePath) -> Sequence[TreeEntry]:
        """The proven names of a folder in their order; asked for unless they are remembered."""
        names = self._kept.pop(folder, None)
        if names is None:
            if len(folder) >= DEPTH_MAX:
                raise LimitError(
                    f"a folder more than {DEPTH_MAX} deep: perhaps a link that leads back"
                )
            names = _proven(self._server.names(folder))
            self._check_same(folder, names)
        self._kept[folder] = names
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > NAMES_KEPT:
            del self._kept[next(iter(self._kept))]
        return names

    def _check_same(self, folder: TreePath, names: Sequence[TreeEntry]) -> None:
        mark = hash(tuple((one.name, one.is_folder) for one in names))
        if self._marks.setdefault(folder, mark) != mark:
            raise CorruptError(
                f"the folder {decode_tar_name(b'/'.join(folder)) or self.title} was changed on the server while it"
                " was read",
                suggestion="Send it again: it is then read from its start.",
            )

    def _entry(self, index: int, found: _Found) -> Entry:
        one, is_file = found.one, not found.one.is_folder
        readable = is_file and one.trouble is None
        blob = TreeBlob(decode_tar_name(one.name), found, self) if readable else None
        return Entry(
            index=index,
            name=found.shown,
            raw_name=found.raw,
            size=one.size if is_file else None,
            kind="file" if is_file else "dir",
            mtime_ms=one.mtime_ms,
            trouble=one.trouble,
            blob=blob,
        )


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder being walked: `first` is the index of its first entry."""

    path: TreePath
    first: int
    rest: Iterator[TreeEntry]


def _proven(names: Sequence[TreeEntry]) -> Sequence[TreeEntry]:
    """Each name once, naturally sorted; with its trouble where it is no single name."""
    once = {one.name: one for one in reversed(names)}
    proven = [one if is_name(one.name) else _refused(one) for one in once.values()]
    return sorted(proven, key=_order)


def _order(one: TreeEntry) -> tuple[tuple[tuple[int, int, str], ...], bytes]:
    return natural_key(decode_tar_name(one.name)), one.name


def is_name(name: bytes) -> bool:
    """Whether bytes are one name in a folder and nothing else: no path, no way up, nothing invisible."""
    return name not in (b"", b".", b"..") and b"/" not in name and min(name) >= 0x20


def _refused(one: TreeEntry) -> TreeEntry:
    error = UnsupportedError("the server gives it a name that leads out of its folder")
    return replace(one, is_folder=False, trouble=one.trouble or error.fault())


def _too_many(most: int) -> Fault:
    return LimitError(
        f"the folder has more than {most} entries (archive.max_entries)",
        suggestion=RAISE_LIMIT.format("archive.max_entries"),
    ).fault()
