"""One file in a compression of its own (`photo.bmp.gz`): an archive with one entry."""

import struct
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, cast

from transload.archives.blob import Blob, ByteFile
from transload.archives.codecs.decoders import Unpacked
from transload.archives.limits import Body, Pull, Tally
from transload.archives.names import decode_tar_name
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import CorruptError, LimitError, UnsupportedError
from transload.faults import Fault
from transload.source_port import Want

_GZIP_HEAD = struct.Struct("<3sBL2x")  # RFC 1952: magic and method, flags, time
_HAS_EXTRA, _HAS_NAME = 4, 8
_WITH_SUMS = frozenset({"gz", "bz2", "xz", "lz"})  # always; those of zstd and LZ4 may have none
_NAME_BYTES_MAX = 1024


class SingleReader:
    """An `ArchiveReader` over a compressed file that holds no tar. Its size is only known once it has been read."""

    def __init__(self, blob: Blob, compression: str) -> None:
        self._blob = blob
        self._compression = compression
        self._file: ByteFile | None = None
        self._taken = 0
        self._fault: Fault | None = None
        self._unvouched: int | None = None
        with closing(blob.open()) as file:
            self._entry = _entry_of(blob.name, compression, file)

    @property
    def listed(self) -> bool:
        """True: there is one entry."""
        return True

    def listing(self) -> Listing:
        """One entry of unknown size."""
        return Listing(self._compression, 1, None, one_file=True)

    def entries(self) -> Iterator[Entry]:
        """The one entry."""
        yield self._entry

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: nothing comes before it."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The entry with its body, as the port says."""
        if start > 0 or not want(self._entry):
            return
        tally = Tally(limits, self._now_taken)
        body = Body(self._pull(tally), limits, self._entry.name)
        yield self._entry, cast("BinaryIO", body)
        if isinstance(body.failure, LimitError):
            self._fault = body.failure.fault()
        self.close()

    def finish(self) -> ReadReport:
        """Bytes taken so far; the fault is a limit that ended the reading, or bytes after the end."""
        return ReadReport(self._now_taken(), self._fault, unvouched=self._unvouched)

    def close(self) -> None:
        """Release the file; may be called twice."""
        if self._file is not None:
            self._taken += self._file.taken
            self._file.close()
            self._file = None

    def _now_taken(self) -> int:
        return self._taken + (0 if self._file is None else self._file.taken)

    def _pull(self, tally: Tally) -> Pull:
        unpacked: Unpacked | None = None

        def pull(size: int) -> bytes:
            nonlocal unpacked
            if unpacked is None:
                self._file = self._blob.open()
                unpacked = Unpacked(self._compression, self._file)
            try:
                data = unpacked.read(size)
            except (CorruptError, UnsupportedError) as error:
                return self._end_before(unpacked, error)
            tally.add(len(data))
            return data

        return pull

    def _end_before(self, unpacked: Unpacked, error: CorruptError | UnsupportedError) -> bytes:
        """End the entry before bytes that are none of it, where a sum was right for all that came out until then.

        They may be padding, or a further member whose very first bytes are damaged: the entry is marked.
        """
        summed = (
            self._compression in _WITH_SUMS and unpacked.made and unpacked.vouched >= unpacked.made
        )
        if not summed:
            raise error
        self._unvouched = self._entry.index
        self._fault = error.fault()
        return b""


def _entry_of(name: str, compression: str, file: ByteFile) -> Entry:
    raw, mtime_ms = b"", None
    if compression == "gz":
        raw, mtime_ms = _gzip_head(file.read_at(0, _GZIP_HEAD.size + _NAME_BYTES_MAX))
    raw = raw or _without_ending(name).encode("utf-8", "surrogateescape")
    return Entry(index=0, name=decode_tar_name(raw), raw_name=raw, size=None, mtime_ms=mtime_ms)


def _gzip_head(head: bytes) -> tuple[bytes, int | None]:
    """The original name (without folders: gzip keeps none) and time; b"" and None where there are none."""
    if len(head) < _GZIP_HEAD.size:
        return b"", None
    _, flags, seconds = _GZIP_HEAD.unpack_from(head)
    at = _GZIP_HEAD.size
    if flags & _HAS_EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    raw, end, _ = head[at:].partition(b"\0")
    known = raw if flags & _HAS_NAME and end else b""
    return known.rpartition(b"/")[2], seconds * 1000 if seconds else None


def _without_ending(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
