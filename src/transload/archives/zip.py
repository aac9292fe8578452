"""Zip archives: the directory is read by the standard library once, entries are streamed from one open file."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from transload.archives.blob import Blob, ByteFile, blob_of, foretell
from transload.archives.decoders import can_decode
from transload.archives.limits import Body, EntryTally, Pull, Tally, too_many_entries
from transload.archives.names import decoder_for
from transload.archives.salvage import salvage
from transload.archives.zip_entries import (
    ENCRYPTED,
    EntryBytes,
    entry_of,
    overlapping,
    span_of,
    unmarked_names,
)
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import CorruptError, TransloadError, TruncatedError
from transload.kinds import Fault
from transload.ports import Want

_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16
_END_MAGIC = b"PK\x05\x06"
_END64 = struct.Struct("<4sQ2H2L4Q")  # APPNOTE.TXT 4.3.14
_END64_MAGIC = b"PK\x06\x06"
_LOCATOR64_BYTES = 20
_LONGEST_COMMENT = 0xFFFF
_RECORD_BYTES_MAX = 1024
"""What a directory record may take on average: 46 bytes, a name and small extra fields are usual."""

# `zipfile` checks little of what it reads: damage shows as whatever its arithmetic runs into.
_DIRECTORY_ERRORS = (
    BadZipFile,
    NotImplementedError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
    struct.error,
)


def _needs_more(info: ZipInfo) -> bool:
    return bool(info.flag_bits & ENCRYPTED) or not can_decode(info.compress_type)


class ZipReader:
    """An `ArchiveReader` over a zip. A damaged or missing directory is replaced by walking the entries.

    Raises (when made) UnreadableError, LimitError, and CorruptError or TruncatedError when not one entry is found.
    Memory: the directory's records, about 0.7 KiB an entry.
    """

    def __init__(self, where: Path | Blob, limits: Limits) -> None:
        self._limits = limits
        self._file = blob_of(where).open()
        self._fault: Fault | None = None
        self._troubles: dict[int, Fault] = {}
        try:
            self._infos: Sequence[ZipInfo] = self._read_directory()
            self._troubles = overlapping(self._infos) | self._troubles
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
            pull = _counted(EntryBytes(self._file, info), EntryTally(tally))
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                return

    def finish(self) -> ReadReport:
        """Bytes of entries read so far, and what was wrong with the directory."""
        return ReadReport(self._file.taken - self._read_before, self._fault)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._file.close()

    def _entry(self, index: int, info: ZipInfo) -> Entry:
        return entry_of(index, info, self._troubles.get(index), self._decode)

    def _read_directory(self) -> Sequence[ZipInfo]:
        claim = _claimed_directory(self._file)
        if claim is not None and _is_beyond(claim, self._limits):
            raise too_many_entries(self._limits)
        try:
            infos = ZipFile(cast("BinaryIO", self._file)).infolist()
        except UnicodeDecodeError:
            # One name that breaks its promise of UTF-8 makes `zipfile` give up on the whole directory.
            return self._salvaged(
                CorruptError, "a name in the central directory is not UTF-8 as promised"
            )
        except _DIRECTORY_ERRORS:
            if claim is None:
                return self._salvaged(TruncatedError, "central directory missing")
            return self._salvaged(CorruptError, "central directory damaged")
        if len(infos) > self._limits.max_entries:
            raise too_many_entries(self._limits)
        return infos

    def _salvaged(self, kind: type[TransloadError], reason: str) -> Sequence[ZipInfo]:
        found = salvage(self._file, self._limits)
        if not found.infos:
            raise kind(f"{reason}, and no entry was found")
        self._troubles = found.troubles
        self._fault = kind(f"{reason}; {found.whole} whole entries found").fault()
        return found.infos


def _counted(pull: Pull, tally: EntryTally) -> Pull:
    def counted(size: int) -> bytes:
        data = pull(size)
        tally.add(len(data))
        return data

    return counted


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the end record says of the directory."""

    entries: int
    size_bytes: int


def _is_beyond(claim: _Claim, limits: Limits) -> bool:
    """Whether reading such a directory would cost more memory than the limit on entries means to allow."""
    return (
        claim.entries > limits.max_entries
        or claim.size_bytes > limits.max_entries * _RECORD_BYTES_MAX
    )


def _claimed_directory(file: ByteFile) -> _Claim | None:
    """The directory as the end record describes it, None when there is no end record."""
    start = max(file.size - _END.size - _LONGEST_COMMENT, 0)
    tail = file.read_at(start, file.size - start)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        return None
    fields = _END.unpack_from(tail, at)
    large = file.read_at(start + at - _LOCATOR64_BYTES - _END64.size, _END64.size)
    if large.startswith(_END64_MAGIC) and len(large) == _END64.size:
        fields64 = _END64.unpack(large)
        return _Claim(fields64[7], fields64[8])
    return _Claim(fields[4], fields[5])
