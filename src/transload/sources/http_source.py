"""What lies on a web server as a source: a single file, an archive, and one that is read by the block."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from transload.archives.blob import ByteFile
from transload.archives.limits import Body, Pull, ended_early
from transload.archives.sevenzip.remote_blocks import BlockReader
from transload.entry import Entry, Limits, Listing, ReadReport, title_of
from transload.errors import RemoteBrokenError, UnsteadyError
from transload.source_port import ArchiveReader, Want
from transload.sources.http_blob import UNSTEADY, RangeFile, RemoteBlob, in_one_piece, look_further
from transload.sources.local import ArchiveSource


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
        """The file as the server describes it."""
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
                    cast("BinaryIO", Body(pull_of(self._file, entry.size), limits, entry.name)),
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


def pull_of(file: ByteFile, promised: int | None) -> Pull:
    """The bytes of a file on a server from where it stands; TruncatedError where it ends before its promised size."""

    def pull(size: int) -> bytes:
        data = file.read(size)
        if not data and promised is not None and file.tell() < promised:
            raise ended_early(file.tell(), promised)
        return data

    return pull


class RemoteArchive(ArchiveSource):
    """An archive on a server as a source; `warning` says how it had to be read."""

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
