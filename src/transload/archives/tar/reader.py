"""Tar archives, plain or packed, as a reader without a directory."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from transload.archives.blob import Blob, blob_of
from transload.archives.codecs.decoders import Unpacked
from transload.archives.limits import Body, too_many_entries
from transload.archives.sniff import is_tar_header, is_zero_tar
from transload.archives.tar.header import NO_BLOCK, TAR_BLOCK, DamagedTarError
from transload.archives.tar.index import TarIndex
from transload.archives.tar.member import Member, entry_of
from transload.archives.tar.stream import EMPTY_BYTES_MAX, TarPass
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import (
    CorruptError,
    LimitError,
    TransloadError,
)
from transload.faults import Fault
from transload.source_port import Want


class TarReader:
    """An `ArchiveReader` over a tar file: without a directory, so listing it means reading it.

    `compression` is None or one of COMPRESSIONS. Memory: one chunk, the decoder, 8 bytes an entry.
    """

    def __init__(
        self,
        where: Path | Blob,
        limits: Limits,
        compression: str | None = None,
        index: TarIndex | None = None,
    ) -> None:
        """`index` is what earlier readers of the same file have learned."""
        self._blob = blob_of(where)
        self._limits = limits
        self._compression = compression
        self._passes: list[TarPass] = []
        self._taken_before = 0
        self._fault: Fault | None = None
        self._warnings: tuple[str, ...] = ()
        self._unvouched: int | None = None
        self._index = index or TarIndex()

    @property
    def listed(self) -> bool:
        """False: only reading it all shows what is inside."""
        return False

    def listing(self) -> Listing:
        """The format; sums are not known."""
        return Listing(f"tar.{self._compression}" if self._compression else "tar", None, None)

    def entries(self) -> Iterator[Entry]:
        """Every entry, in a pass of its own; damage is passed over or ends it, and is reported by `finish`."""
        with self._new_pass(self._limits) as run:
            for index, member in self._members(run, self._limits):
                yield entry_of(index, member, is_packed=self._compression is not None)

    def cost_to(self, index: int) -> int:
        """Unpacked bytes before the entry where an earlier pass has seen it, else 0."""
        known, offset = self._index.nearest(index)
        return offset if known == index else 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        with self._new_pass(limits, start) as run:
            for index, member in self._members(run, limits):
                entry = entry_of(index, member, is_packed=self._compression is not None)
                if index < start or entry.kind == "dir" or not want(entry):
                    continue
                if entry.kind == "link" or entry.trouble is not None:
                    continue
                body = Body(run.body(member), limits, entry.name)
                yield entry, cast("BinaryIO", body)
                failure = body.failure
                own = isinstance(failure, (LimitError, DamagedTarError))  # the entry's alone
                if failure is not None and (run.is_spent or not own):
                    self._end(failure, index, run)
                    return

    def finish(self) -> ReadReport:
        """Bytes taken from the file so far, and what ended a pass early or was passed over as damaged."""
        taken = self._taken_before + sum(run.file.taken for run in self._passes)
        return ReadReport(taken, self._fault, self._warnings, self._unvouched)

    def close(self) -> None:
        """Release the file; may be called twice."""
        while self._passes:
            self._close_pass(self._passes[-1])

    @contextmanager
    def _new_pass(self, limits: Limits, first: int = 0) -> Generator[TarPass]:
        run = TarPass(self._blob, self._compression, limits, self._index, first)
        self._passes.append(run)
        try:
            yield run
        finally:
            self._close_pass(run)

    def _close_pass(self, run: TarPass) -> None:
        run.file.close()
        if run in self._passes:
            self._passes.remove(run)
            self._taken_before += run.file.taken

    def _members(self, run: TarPass, limits: Limits) -> Iterator[tuple[int, Member]]:
        for index in count(run.number):
            try:
                member = run.next()
            except TransloadError as error:
                self._end(error, index, run)
                return
            if run.damage is not None:
                self._fault = run.damage.error().fault()
            if member is None:
                self._warnings = tuple(run.warnings)
                return
            if index >= limits.max_entries:
                self._end(too_many_entries(limits), index, run)
                return
            self._index.learn(index, member.offset, alone=run.is_context_free)
            yield index, member

    def _end(self, error: TransloadError, reached: int, run: TarPass) -> None:
        """Remember why a pass ended before the archive did; `reached` entries came before."""
        fault = error.fault()
        self._fault = replace(
            fault, detail=f"{fault.detail}; reading ended after {reached} entries"
        )
        if isinstance(error, CorruptError) and run.vouched is not None:
            self._unvouched = self._index.at(run.vouched)
        damage = [] if run.damage is None else [run.damage.error().detail]
        self._warnings = (*run.warnings, *damage)


def holds_tar(blob: Blob, compression: str) -> bool:
    """Whether what is packed begins as a tar, or is an empty one. Raises CorruptError, TruncatedError when damaged.

    Zeros alone say little: the image of a disk begins with 32 KiB of them.
    """
    with closing(blob.open()) as file:
        unpacked = Unpacked(compression, file)
        head = _read(unpacked, 2 * TAR_BLOCK)
        if not is_zero_tar(head):
            return is_tar_header(head[:TAR_BLOCK])
        while block := _read(unpacked, TAR_BLOCK):
            if block != NO_BLOCK:
                return is_tar_header(block)
            if unpacked.made > EMPTY_BYTES_MAX:
                return False
        return True


def _read(unpacked: Unpacked, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := unpacked.read(size - len(data))):
        data += more
    return data
