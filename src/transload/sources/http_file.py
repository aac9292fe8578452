"""A single file on a server as a source of one entry."""

from collections.abc import Iterator
from typing import BinaryIO, cast

from transload.archives.limits import Body, Pull, ended_early
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import RemoteBrokenError, UnsteadyError
from transload.ports import Want
from transload.sources.http_blob import (
    UNSTEADY,
    RangeFile,
    RemoteBlob,
    in_one_piece,
    look_further,
)
from transload.sources.local import title_of


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
