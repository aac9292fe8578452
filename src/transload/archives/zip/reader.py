"""Zip archives: the directory is read once, entries are streamed from one open file."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZipInfo

from transload.archives.blob import Blob, blob_of, foretell
from transload.archives.codecs.decoders import can_decode
from transload.archives.limits import Body, EntryTally, Tally, counted
from transload.archives.names import decoder_for
from transload.archives.zip.contents import read_contents
from transload.archives.zip.entries import (
    ENCRYPTED,
    entry_of,
    span_of,
    unmarked_names,
)
from transload.archives.zip.entry_bytes import EntryBytes
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.faults import Fault
from transload.ports import Want


def _needs_more(info: ZipInfo) -> bool:
    return bool(info.flag_bits & ENCRYPTED) or not can_decode(info.compress_type)


class ZipReader:
    """An `ArchiveReader` over a zip. A damaged or missing directory is replaced by walking the entries.

    Raises (when made) UnreadableError, LimitError, and CorruptError or TruncatedError when not one entry is found.
    Memory: the directory's records, about 0.7 KiB an entry.
    """

    def __init__(self, where: Path | Blob, limits: Limits) -> None:
        self._limits = limits
        blob = blob_of(where)
        self._file = blob.open()
        try:
            found = read_contents(self._file, limits, blob.name)
            self._infos: Sequence[ZipInfo] = found.infos
            self._places, self._troubles = found.places, found.troubles
            self._fault, self._warning = found.fault, found.warning
            self._decode = decoder_for(unmarked_names(self._infos), "cp437")
        except BaseException:
            self._file.close()
            raise
        self._read_before = self._file.taken

    @property
    def listed(self) -> bool:
        """True: the directory tells all."""
        return True

    @property
    def needs_more(self) -> bool:
        """Whether an entry is encrypted, or packed in a way that cannot be read here."""
        return any(map(_needs_more, self._infos))

    def lack(self, why: Fault) -> None:
        """Have the entries that cannot be read here say why nothing else reads them."""
        for index, info in enumerate(self._infos):
            if _needs_more(info):
                self._troubles.setdefault(index, why)

    def listing(self) -> Listing:
        """Number and listed sizes of the entries."""
        return Listing(
            "zip",
            len(self._infos),
            sum(info.file_size for info in self._infos),
            any(info.flag_bits & ENCRYPTED for info in self._infos),
        )

    def entries(self) -> Iterator[Entry]:
        """Every entry in directory order."""
        for index, info in enumerate(self._infos):
            yield self._entry(index, info)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: every entry can be reached directly."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        tally = Tally(limits, lambda: self._file.taken)
        for index in range(start, len(self._infos)):
            info = self._infos[index]
            entry = self._entry(index, info)
            if entry.kind == "dir" or not want(entry):
                continue
            if entry.kind == "link" or entry.trouble is not None:
                continue
            foretell(self._file, info.header_offset, span_of(info), entry.name)
            body = EntryBytes(self._file, partial(self._places.span, info))
            pull = counted(body, EntryTally(tally))
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                return

    def finish(self) -> ReadReport:
        """Bytes of entries read so far, and what was wrong with the directory."""
        warnings = (self._warning,) if self._warning else ()
        return ReadReport(self._file.taken - self._read_before, self._fault, warnings)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._file.close()

    def _entry(self, index: int, info: ZipInfo) -> Entry:
        return entry_of(index, info, self._troubles.get(index), self._decode)
