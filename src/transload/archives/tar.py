"""Tar archives, plain or packed, as a reader without a directory."""

import math
import tarfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import BinaryIO, Literal, cast

from transload.archives.blob import Blob, blob_of
from transload.archives.decoders import Unpacked
from transload.archives.limits import Body, impossible_size, possible_size, too_many_entries
from transload.archives.names import decode_tar_name
from transload.archives.sniff import TAR_BLOCK, is_tar_header, is_zero_tar
from transload.archives.tar_index import TarIndex
from transload.archives.tar_stream import TarPass, is_sound
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import (
    CorruptError,
    LimitError,
    TransloadError,
    UnsupportedError,
)
from transload.kinds import Fault
from transload.ports import Want

PACKED_AS = frozenset({"gz", "bz2", "xz", "zst", "lz4"})
"""The packings a tar may be in."""

_LATEST_S = 253_402_300_800  # the year 10000


class TarReader:
    """An `ArchiveReader` over a tar file: without a directory, so listing it means reading it.

    `packing` is None or one of PACKED_AS. Memory: one chunk, the decoder, 8 bytes an entry.
    """

    def __init__(
        self,
        where: Path | Blob,
        limits: Limits,
        packing: str | None = None,
        index: TarIndex | None = None,
    ) -> None:
        """`index` is what earlier readers of the same file have learned."""
        self._blob = blob_of(where)
        self._limits = limits
        self._packing = packing
        self._passes: list[TarPass] = []
        self._taken_before = 0
        self._fault: Fault | None = None
        self._warnings: tuple[str, ...] = ()
        self._index = index or TarIndex()

    @property
    def listed(self) -> bool:
        """False: only reading it all tells what is inside."""
        return False

    def listing(self) -> Listing:
        """The format; sums are not known."""
        return Listing(f"tar.{self._packing}" if self._packing else "tar", None, None)

    def entries(self) -> Iterator[Entry]:
        """Every entry, in a pass of its own; damage ends it and is told by `finish`."""
        with self._new_pass(self._limits) as run:
            for index, member in self._members(run, self._limits):
                yield self._entry(index, member)

    def cost_to(self, index: int) -> int:
        """Unpacked bytes before the entry where an earlier pass has seen it, else 0."""
        known, offset = self._index.nearest(index)
        return offset if known == index else 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        with self._new_pass(limits, start) as run:
            for index, member in self._members(run, limits):
                entry = self._entry(index, member)
                if index < start or entry.kind == "dir" or not want(entry):
                    continue
                if entry.kind == "link" or entry.trouble is not None:
                    continue
                body = Body(run.body(member), limits, entry.name)
                yield entry, cast("BinaryIO", body)
                failure = body.failure
                if failure is not None and (run.is_spent or not isinstance(failure, LimitError)):
                    self._end(failure, index)
                    return

    def finish(self) -> ReadReport:
        """Bytes taken from the file so far, and what ended a pass early."""
        taken = self._taken_before + sum(run.file.taken for run in self._passes)
        return ReadReport(taken, self._fault, self._warnings)

    def close(self) -> None:
        """Release the file; may be called twice."""
        while self._passes:
            self._close_pass(self._passes[-1])

    @contextmanager
    def _new_pass(self, limits: Limits, first: int = 0) -> Generator[TarPass]:
        run = TarPass(self._blob, self._packing, limits, self._index, first)
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

    def _members(self, run: TarPass, limits: Limits) -> Iterator[tuple[int, tarfile.TarInfo]]:
        for index in count(run.number):
            try:
                member = run.next()
            except TransloadError as error:
                self._end(error, index)
                return
            if member is None:
                self._warnings = (run.warning,) if run.warning else ()
                return
            if index >= limits.max_entries:
                self._end(too_many_entries(limits), index)
                return
            if run.is_context_free:
                self._index.learn(index, member.offset)
            yield index, member

    def _end(self, error: TransloadError, reached: int) -> None:
        """Remember why a pass ended before the archive did; `reached` entries came before."""
        fault = error.fault()
        self._fault = replace(
            fault, detail=f"{fault.detail}; reading ended after {reached} entries"
        )

    def _entry(self, index: int, member: tarfile.TarInfo) -> Entry:
        raw = member.name.encode("utf-8", "surrogateescape")
        name = decode_tar_name(raw)
        return Entry(
            index=index,
            name=name,
            raw_name=raw,
            size=possible_size(member.size),
            block=None if self._packing is None else 0,
            kind=_kind(member),
            mtime_ms=_mtime_ms(member.mtime),
            trouble=_trouble(member, name),
        )


def holds_tar(blob: Blob, packing: str) -> bool:
    """Whether what is packed begins as a tar. Raises CorruptError, TruncatedError when that is damaged."""
    with closing(blob.open()) as file:
        unpacked = Unpacked(packing, file)
        head = b""
        while len(head) < 2 * TAR_BLOCK and (data := unpacked.read(2 * TAR_BLOCK - len(head))):
            head += data
    return is_tar_header(head[:TAR_BLOCK]) or is_zero_tar(head)


def _kind(member: tarfile.TarInfo) -> Literal["file", "dir", "link"]:
    if member.isdir():
        return "dir"
    return "file" if member.isreg() else "link"


def _trouble(member: tarfile.TarInfo, name: str) -> Fault | None:
    if possible_size(member.size) is None:
        return impossible_size(member.size, name).fault()
    if member.type not in tarfile.SUPPORTED_TYPES:
        return UnsupportedError(f"a tar record of type {member.type!r}", item=name).fault()
    if member.isdev():
        return UnsupportedError("a device or pipe, not a file", item=name).fault()
    if member.sparse is not None:
        holes = cast("Sequence[tuple[int, int]]", member.sparse)
        if not is_sound(holes, member.size):
            return CorruptError("its map of holes is damaged", item=name).fault()
    return None


def _mtime_ms(mtime: float) -> int | None:
    if not math.isfinite(mtime) or abs(mtime) >= _LATEST_S:
        return None
    return int(mtime * 1000)
