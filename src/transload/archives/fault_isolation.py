"""A reader under watch: a fault of ours in reading one archive is reported as that archive's, and the job goes on.

Above a port only errors of `errors.py` exist. What a reader raises beside them is a bug; it costs the entry, or the
rest of the archive, that it happened in: its traceback is in the log, its fault is `internal.bug`.
"""

import logging
from collections.abc import Callable, Container, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import BinaryIO, cast

from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import BugError, TransloadError
from transload.faults import Fault
from transload.source_port import ArchiveReader, Want

log = logging.getLogger(__name__)


class Watch:
    """Turns an unforeseen error within it into BugError, with its traceback in the log; may be entered often.

    `name` is the archive's for people; errors in `passing` are not the reader's and go through.
    """

    def __init__(self, name: str, passing: Container[BaseException] = ()) -> None:
        self._name, self._passing = name, passing

    def __enter__(self) -> None:
        """Nothing: what counts is how it is left."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Raises BugError from an unforeseen error."""
        if not isinstance(error, Exception) or error in self._passing:
            return
        if isinstance(error, (TransloadError, CancelledError)):
            return  # the latter: the job was cancelled while it waited
        log.error("archive_reader_crashed", exc_info=error, extra={"archive": self._name})
        raise BugError(
            f"{self._name}: reading it failed inside Transload",
            evidence=f"{type(error).__name__}: {error}",
        ) from error


def opened(name: str, open_reader: Callable[[], ArchiveReader]) -> ArchiveReader:
    """The reader, under watch. Raises what opening it raises, and BugError."""
    with Watch(name):
        return FaultIsolatingReader(name, open_reader())


class FaultIsolatingReader:
    """An `ArchiveReader` around another. After a bug between two entries the stream ends, and `finish` says why."""

    def __init__(self, name: str, reader: ArchiveReader) -> None:
        self._name, self._reader = name, reader
        self._watch = Watch(name)
        self._fault: Fault | None = None

    @property
    def listed(self) -> bool:
        """As the reader says."""
        return self._reader.listed

    def listing(self) -> Listing:
        """The reader's listing. Raises BugError, too."""
        with self._watch:
            return self._reader.listing()

    def entries(self) -> Iterator[Entry]:
        """The reader's entries; they end where it fails."""
        entries: Iterator[Entry] | None = None
        while True:
            try:
                with self._watch:
                    entries = entries or iter(self._reader.entries())
                    entry = next(entries, None)
            except BugError as error:
                self._note(error)
                return
            if entry is None:
                return
            yield entry

    def cost_to(self, index: int) -> int:
        """As the reader says. Raises BugError, too."""
        with self._watch:
            return self._reader.cost_to(index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The reader's entries with their bodies. What `want` raises goes through as it is."""
        asked = _Asked(want)
        watch = Watch(self._name, asked.raised)
        stream: Iterator[tuple[Entry, BinaryIO]] | None = None
        while True:
            try:
                with watch:
                    stream = stream or self._reader.stream(asked, start, limits)
                    found = next(stream, None)
            except BugError as error:
                self._note(error)
                return
            if found is None:
                return
            entry, body = found
            yield entry, cast("BinaryIO", _WatchedBody(self._watch, body))

    def finish(self) -> ReadReport:
        """As the reader says; the fault is the bug that ended the reading, if one did."""
        report = self._reader.finish()
        return report if self._fault is None else replace(report, fault=self._fault)

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def _note(self, error: BugError) -> None:
        self._fault = self._fault or error.fault()


class _Asked:
    """A `want` that remembers what it raised: that is the caller's, not the reader's."""

    def __init__(self, want: Want) -> None:
        self._want = want
        self.raised: list[BaseException] = []

    def __call__(self, entry: Entry) -> bool:
        try:
            return self._want(entry)
        except BaseException as error:
            self.raised.append(error)
            raise


class _WatchedBody:
    """A body, only to be read. A bug in reading it is this entry's; it is raised again whenever it is read on."""

    def __init__(self, watch: Watch, body: BinaryIO) -> None:
        self._watch, self._body = watch, body
        self._bug: BugError | None = None

    def read(self, size: int = -1) -> bytes:
        if self._bug is not None:
            raise self._bug
        try:
            with self._watch:
                return self._body.read(size)
        except BugError as error:
            self._bug = error
            raise
