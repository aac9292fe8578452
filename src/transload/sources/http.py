"""Sources on web servers: archives read where they lie as far as format and server allow, and single files."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from transload.archives.blob import RenamedBlob
from transload.archives.late_signatures import embedded_format
from transload.archives.limits import Body, Pull, ended_early
from transload.archives.open import Archives, is_archive
from transload.archives.sevenzip.remote_blocks import BlockReader, NeedsLocalFileError
from transload.archives.sniff import archive_format
from transload.archives.volumes import is_piece
from transload.entry import (
    ARCHIVE_SUFFIXES,
    Entry,
    Limits,
    Listing,
    Opening,
    ReadReport,
    is_document,
)
from transload.errors import (
    PasswordNeededError,
    RemoteBrokenError,
    SevenZipMissingError,
    UnsteadyError,
    UnsupportedError,
)
from transload.net.fetch import Target, Web, target_of
from transload.ports import ArchiveReader, Source, SourceRef, Want
from transload.sources.download import Reserve, Spool, no_spool
from transload.sources.http_blob import (
    HEAD_BYTES,
    UNSTEADY,
    RangeFile,
    RemoteBlob,
    Run,
    in_one_piece,
    look_further,
)
from transload.sources.local import ArchiveSource, title_of
from transload.sources.remote import look

# A single file on a server as a source of one entry.


class RemoteFile:
    """A `Source` over a remote file that is no archive; each pass reads it in one answer."""

    listed = True

    def __init__(self, blob: RemoteBlob) -> None:
        self._blob = blob
        self._warnings: tuple[str, ...] = ()
        self._taken = 0
        self._file: RangeFile | None = None

    @property
    def title(self) -> str:
        """The file's name without its ending."""
        return title_of(self._blob.name)

    def listing(self) -> Listing:
        """One entry."""
        return Listing("file", 1, self._blob.remote.size, one_file=True)

    def entries(self) -> Iterator[Entry]:
        """The file as the server tells of it."""
        remote = self._blob.remote
        raw = remote.name.encode("utf-8", "surrogateescape")
        yield Entry(0, remote.name, raw, remote.size, mtime_ms=remote.mtime_ms)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: there is nothing before it."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The file with its body, if wanted."""
        for entry in self.entries():
            if start <= entry.index and want(entry):
                self._leave()
                self._file = self._steady().open()
                yield (
                    entry,
                    cast("BinaryIO", Body(_pull(self._file, entry.size), limits, entry.name)),
                )
                self._leave()

    def _steady(self) -> RemoteBlob:
        """What the file can be read from: by parts where that holds, else in one piece."""
        try:
            look_further(self._blob)
        except (UnsteadyError, RemoteBrokenError):
            self._blob, self._warnings = in_one_piece(self._blob), (UNSTEADY,)
        return self._blob

    def finish(self) -> ReadReport:
        """Bytes off the network so far, and whether the file had to be fetched in one piece."""
        taken = self._taken + (self._file.taken if self._file else 0)
        return ReadReport(taken, warnings=self._warnings)

    def close(self) -> None:
        """Let go of the connections; may be called twice."""
        self._leave()
        self._blob.close()
        self._blob.web.close()

    def _leave(self) -> None:
        if self._file is not None:
            self._taken += self._file.taken
            self._file.close()
            self._file = None


def _pull(file: RangeFile, promised: int | None) -> Pull:
    def pull(size: int) -> bytes:
        data = file.read(size)
        if not data and promised is not None and file.tell() < promised:
            raise ended_early(file.tell(), promised)
        return data

    return pull


log = logging.getLogger(__name__)

_NO_PARTS = "the server cannot give parts of a file"
_LOCAL_ONLY = "this format can only be read from a local file"
_TOGETHER = "its entries can only be had all together"
_BY_DIRECTORY = frozenset({"zip", "7z", "rar"})
"""What is opened from its end: for these the second answer comes while they are opened."""
_LOCAL_ENTRIES = "some of its entries can only be read from a local file"


class RemoteArchive(ArchiveSource):
    """An archive on a server as a source; `warning` tells how it had to be read."""

    def __init__(self, reader: ArchiveReader, blob: RemoteBlob, warning: str = "") -> None:
        super().__init__(reader, title_of(blob.name))
        self._blob = blob
        self._warnings = (warning,) if warning else ()

    def finish(self) -> ReadReport:
        """How reading went, and whether the archive had to be fetched whole."""
        report = super().finish()
        return replace(report, warnings=(*self._warnings, *report.warnings))

    def close(self) -> None:
        """Close the archive and its connections; may be called twice."""
        super().close()
        self._blob.close()
        self._blob.web.close()


class BlockArchive(RemoteArchive):
    """A 7z or RAR on a server: listed from its directory; read by the block, or fetched whole at its first reading."""

    def __init__(
        self, reader: BlockReader, blob: RemoteBlob, spooled: Callable[[], RemoteArchive]
    ) -> None:
        super().__init__(reader, blob)
        self._blocks = reader
        self._spooled = spooled
        self._is_whole = False

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The wanted entries, as the port says."""
        if not self._is_whole and not self._blocks.is_worth_it:
            self._reader, self._is_whole = self._spooled(), True
        return super().stream(want, start, limits)

    def close(self) -> None:
        """Close the archive and its connections; may be called twice."""
        self._blocks.close()
        super().close()


class HttpSources:
    """The `Sources` port for http and https. `web` makes a client, one a source; `reserve` guards the disk."""

    def __init__(self, archives: Archives, web: Callable[[], Web], reserve: Reserve) -> None:
        self._archives = archives
        self._web = web
        self._reserve = reserve

    def resolve(self, text: str) -> SourceRef:
        """The file at an address, asked for by one request of one byte. Only `ref` keeps user and password.

        Raises InvalidUrlError, BlockedAddressError, TlsError, and the errors of source.* and net.*.
        """
        target, web = target_of(text), self._web()
        try:
            remote, answer = look(web, target, 1)
            answer.close()
        finally:
            web.close()
        return SourceRef(
            text.strip().partition("#")[0], target.url, title_of(remote.name), remote.version
        )

    def open(self, ref: str, opening: Opening) -> Source:
        """Open what `resolve` named: as an archive by content or by a name that promises one, else as a file.

        Raises what `resolve` and `Archives.open` raise; UnsupportedError without a folder for what must be fetched
        whole; DiskFullError, LimitError, StoreError where that fails.
        """
        web = self._web()
        try:
            return self._opened(web, target_of(ref), opening)
        except BaseException:
            web.close()
            raise

    def _opened(self, web: Web, target: Target, opening: Opening) -> Source:
        remote, answer = look(web, target, HEAD_BYTES)
        end = remote.size
        if remote.ranges:
            end = HEAD_BYTES if end is None else min(end, HEAD_BYTES)
        blob = RemoteBlob(web, remote, Run(answer, 0, end))
        try:
            try:
                return self._source(blob, opening)
            except (UnsteadyError, RemoteBrokenError) as error:
                log.info("unsteady_server", extra={"detail": error.detail})
                blob = in_one_piece(blob)
                return self._source(blob, opening, UNSTEADY)
        except BaseException:
            blob.close()
            raise

    def _source(self, blob: RemoteBlob, opening: Opening, warning: str = "") -> Source:
        """The file as a source. Raises UnsteadyError where the server's second answer contradicts its first."""
        if is_document(blob.name) or not _promises_archive(blob, _head(blob)):
            return RemoteFile(blob)
        if archive_format(_head(blob)) not in _BY_DIRECTORY:
            look_further(blob)
        return self._archive(blob, opening, warning)

    def _archive(self, blob: RemoteBlob, opening: Opening, warning: str) -> Source:
        remote = blob.remote
        if is_piece(remote.name):
            raise UnsupportedError(
                f"{remote.name} is one of several files of an archive: on a server they are not found together",
                suggestion="Download all of them into one folder and send any of them.",
            )
        if archive_format(_head(blob)) == "zip" and not (remote.ranges and remote.size is not None):
            return self._spooled(blob, warning or _NO_PARTS, opening)
        try:
            reader = self._archives.open(blob, opening.passwords)
        except NeedsLocalFileError:
            return self._by_blocks(blob, opening)
        if opening.spool is not None and self._reads_more(reader, opening):
            reader.close()
            return self._spooled(blob, _LOCAL_ENTRIES, opening)
        return RemoteArchive(reader, blob, warning)

    def _by_blocks(self, blob: RemoteBlob, opening: Opening) -> Source:
        """What 7zz reads: only the blocks that are wanted where that can be, else all of it first."""
        remote = blob.remote
        if remote.ranges and remote.size is not None and opening.spool is not None:
            room = self._spool(opening.spool, blob).check_room
            try:
                reader = self._archives.open_by_blocks(blob, opening.spool, room, opening.passwords)
            except NeedsLocalFileError:
                return self._spooled(blob, _LOCAL_ONLY, opening)
            return BlockArchive(reader, blob, lambda: self._spooled(blob, _TOGETHER, opening))
        return self._spooled(blob, _LOCAL_ONLY, opening)

    def _reads_more(self, reader: ArchiveReader, opening: Opening) -> bool:
        """Whether entries that cannot be read from afar could be read from a local file: by 7zz, or with a password."""
        curable = {UnsupportedError.kind.word}
        if opening.passwords:
            curable.add(PasswordNeededError.kind.word)
        if not reader.listed or not any(
            entry.trouble is not None and entry.trouble.kind in curable
            for entry in reader.entries()
        ):
            return False
        try:
            return bool(self._archives.tool)
        except SevenZipMissingError:
            return False

    def _spool(self, folder: Path, blob: RemoteBlob) -> Spool:
        return Spool(folder, blob.web, self._archives.limits.max_total_bytes, self._reserve)

    def _spooled(self, blob: RemoteBlob, why: str, opening: Opening) -> RemoteArchive:
        if opening.spool is None:
            raise no_spool(blob.remote, why)
        blob.close()
        path = self._spool(opening.spool, blob).whole(blob.remote)
        reader = self._archives.open(RenamedBlob(path, blob.name), opening.passwords)
        return RemoteArchive(reader, blob, f"spooled: {why}")


def _head(blob: RemoteBlob) -> bytes:
    file = blob.open()
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def _promises_archive(blob: RemoteBlob, head: bytes) -> bool:
    """Whether it is to be opened as an archive: by its content, or by a name that people know archives by."""
    if (
        is_archive(blob.name, head)
        or "." + blob.name.rpartition(".")[2].lower() in ARCHIVE_SUFFIXES
    ):
        return True
    remote = blob.remote
    return remote.ranges and remote.size is not None and embedded_format(blob, head) is not None
