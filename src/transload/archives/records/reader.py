"""Archives that are headers with plain bytes after them (cpio, ar): found by one walk, read straight from the file.

Most of them have no sums. What says that an entry is right is that the next header is where its size puts it: where
it does not, the bytes of the entry before cannot be trusted, and the walk goes on at the next header there is. Behind
the last one there is nothing to be found: what follows it costs nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol, cast

from transload.archives.blob import Blob, ByteFile
from transload.archives.limits import (
    CHUNK,
    Body,
    Tally,
    counted,
    ended_early,
    too_many_entries,
    wrong_checksum,
)
from transload.archives.names import decoder_for
from transload.archives.sniff import archive_at
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import CorruptError, TransloadError, TruncatedError
from transload.faults import Fault
from transload.source_port import Want

_PADDING = b"\0\r\n"  # of tape blocks, of disk sectors, of a transfer that took it for text
_PADDING_MAX = 10_240  # tar(1): twenty blocks of 512 bytes, the usual record on a tape
_HEADER_BYTES_MIN = (
    60  # of ar(5), the one format without an end mark: fewer bytes are no lost entry
)


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A header at `at`: what it names, where its bytes begin, where the next one should be.

    `total` is the sum over the bytes (each counted as a number, in 32 bits), `node` what hard links of one file share.
    """

    at: int
    raw: bytes
    kind: Literal["file", "dir", "link", "end", "index"]
    size: int
    data_at: int
    next_at: int
    mtime_ms: int | None = None
    total: int | None = None
    node: tuple[int, int] | None = None


class RecordFormat(Protocol):
    """How the headers of one format look. Reading them raises UnreadableError."""

    @property
    def name(self) -> str:
        """The format's short name."""
        ...

    @property
    def has_end(self) -> bool:
        """Whether an end mark follows the last entry."""
        ...

    def head(self, file: ByteFile, at: int) -> RecordHead | None:
        """The header there, None when there is none that can be used."""
        ...

    def find(self, file: ByteFile, at: int) -> RecordHead | None:
        """The first whole header there or after it, None up to the end of the file."""
        ...

    def resembles(self, block: bytes) -> bool:
        """Whether these bytes were once a header: the entry before it then ends where it should."""
        ...


@dataclass(slots=True)
class Record:
    """An entry that was found. `there` are the bytes it may have at most, `torn` whether they cannot be trusted."""

    head: RecordHead
    there: int
    torn: bool = False


@dataclass(slots=True)
class WalkResult:
    """What a walk found, and what was wrong on the way."""

    records: list[Record] = field(default_factory=list[Record])
    error: TransloadError | None = None
    warning: str = ""
    ended: bool = False

    def complain(self, error: TransloadError) -> None:
        """Note what was wrong; the first stands."""
        self.error = self.error or error


def walk(file: ByteFile, form: RecordFormat, start: int, limits: Limits) -> WalkResult:
    """Every entry from `start` on. Memory: the records. Raises LimitError on too many, UnreadableError."""
    found, at = WalkResult(), start
    while at < file.size:
        head = form.head(file, at)
        if head is None and found.ended:
            at = _behind_padding(file, at)
            head = form.head(file, at) if at < file.size else None
        if head is None and at < file.size:
            head = _resume(file, form, at, found)
        if head is None:
            break
        found.ended = head.kind == "end"
        at = head.next_at
        if head.kind not in ("end", "index"):
            if len(found.records) >= limits.max_entries:
                raise too_many_entries(limits)
            found.records.append(Record(head, head.size))
        if head.data_at + head.size > file.size:
            at = _after_too_large(file, form, head, found)
    if form.has_end and not found.ended:
        found.complain(TruncatedError("the archive has no end mark: it was cut short"))
    _join_links(found.records)
    return found


def _after_too_large(
    file: ByteFile, form: RecordFormat, head: RecordHead, found: WalkResult
) -> int:
    """Where to go on after an entry that goes over the end of the file: the file was cut, or the size is damaged."""
    following = form.find(file, head.data_at)
    if following is None:
        found.complain(TruncatedError("the archive ends inside its last entry"))
        found.ended = True
        return file.size
    if found.records:
        found.records[-1].torn = True
        found.records[-1].there = following.at - head.data_at
    found.complain(CorruptError("a header is damaged"))
    return following.at


def _behind_padding(file: ByteFile, at: int) -> int:
    """Where the first byte is that is neither zero nor the end of a line, the file's size when there is none."""
    while block := file.read_at(at, CHUNK):
        if rest := block.lstrip(_PADDING):
            return at + len(block) - len(rest)
        at += len(block)
    return file.size


def _resume(file: ByteFile, form: RecordFormat, at: int, found: WalkResult) -> RecordHead | None:
    """The next header after a place where one should be and is not."""
    last = found.records[-1] if found.records and not found.ended else None
    alike = form.resembles(file.read_at(at, CHUNK))
    following = form.find(file, at if last is None or alike else last.head.data_at)
    if following is None and not alike and (found.ended or (last and not form.has_end)):
        _tell_what_follows(file, form, at, found)
        return None
    end = file.size if following is None else following.at
    if last is None or alike:
        what = "follow its end" if found.ended else "hold a damaged header"
        found.complain(CorruptError(f"{end - at} bytes {what} and could not be read"))
        return following
    last.torn = True
    last.there = min(last.there, end - last.head.data_at)
    found.complain(CorruptError("bytes are missing in the archive, or too many"))
    return following


def _tell_what_follows(file: ByteFile, form: RecordFormat, at: int, found: WalkResult) -> None:
    """Note what follows the last entry, or the end mark, when no header is found in it.

    Where a format has no end mark, entries may have been wiped out: more zeros than padding are a fault.
    """
    behind = _behind_padding(file, at)
    more = file.size - (at if behind == file.size else behind)
    message = f"{more:,} bytes follow the end of the archive and were not read"
    if behind == file.size and (form.has_end or more < _HEADER_BYTES_MIN):
        return
    if behind < file.size and (other := archive_at(file, behind)) is not None:
        found.complain(other)
    elif form.has_end or (behind == file.size and more <= _PADDING_MAX):
        found.warning = message
    else:
        found.complain(CorruptError(message))


def _join_links(records: list[Record]) -> None:
    """Give hard links without bytes those of the link that has them: the formats write them once for all."""
    whole = {one.head.node: one for one in records if one.head.node is not None and one.head.size}
    for one in records:
        if one.head.node in whole and not one.head.size and one.head.kind == "file":
            other = whole[one.head.node]
            head = other.head
            one.head = RecordHead(
                one.head.at, one.head.raw, "file", head.size, head.data_at, one.head.next_at,
                one.head.mtime_ms, head.total, head.node,
            )  # fmt: skip
            one.there, one.torn = other.there, other.torn


class RecordReader:
    """An `ArchiveReader` over such an archive. Raises (when made) CorruptError or TruncatedError where no entry and no
    end is found, LimitError, UnreadableError. Memory: about 0.4 KiB an entry.
    """

    def __init__(self, blob: Blob, form: RecordFormat, start: int, limits: Limits) -> None:
        self._form = form
        self._file = blob.open()
        try:
            found = walk(self._file, form, start, limits)
        except BaseException:
            self._file.close()
            raise
        self._records = found.records
        self._fault: Fault | None = None
        self._warnings = (found.warning,) if found.warning else ()
        if found.error is not None:
            found.error.detail = f"{blob.name}: {found.error.detail}"
            if not found.records:
                self._file.close()
                raise found.error
            self._fault = found.error.fault()
        self._decode = decoder_for((one.head.raw for one in self._records), "latin-1")
        self._read_before = self._file.taken

    @property
    def listed(self) -> bool:
        """True: the headers were read first."""
        return True

    def listing(self) -> Listing:
        """Number and sizes of the entries."""
        sizes = sum(one.head.size for one in self._records if one.head.kind == "file")
        return Listing(self._form.name, len(self._records), sizes)

    def entries(self) -> Iterator[Entry]:
        """Every entry in the archive's order."""
        for index, record in enumerate(self._records):
            yield self._entry(index, record.head)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: every entry can be reached directly."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        tally = Tally(limits, lambda: self._file.taken)
        for index in range(start, len(self._records)):
            record = self._records[index]
            entry = self._entry(index, record.head)
            if entry.kind == "dir" or not want(entry) or entry.kind == "link":
                continue
            pull = counted(_Bytes(self._file, record), tally)
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                return

    def finish(self) -> ReadReport:
        """Bytes of entries read so far, and what was wrong with the archive as a whole."""
        return ReadReport(self._file.taken - self._read_before, self._fault, self._warnings)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._file.close()

    def _entry(self, index: int, head: RecordHead) -> Entry:
        name = self._decode(head.raw)
        return Entry(
            index=index,
            name=name.rstrip("/") or name,
            raw_name=head.raw,
            size=head.size,
            packed=head.size,
            kind="dir" if head.kind == "dir" else "link" if head.kind == "link" else "file",
            mtime_ms=head.mtime_ms,
        )


class _Bytes:
    """One entry's bytes; call it for the next ones. Raises CorruptError, TruncatedError, UnreadableError."""

    def __init__(self, file: ByteFile, record: Record) -> None:
        self._file, self._record = file, record
        self._got = self._total = 0

    def __call__(self, size: int) -> bytes:
        head = self._record.head
        left = self._record.there - self._got
        data = self._file.read_at(head.data_at + self._got, min(size, left)) if left else b""
        if data:
            self._got += len(data)
            if head.total is not None:
                self._total += sum(data)
            return data
        if self._record.torn:
            raise CorruptError("the next entry does not begin where this one ends: it is not whole")
        if self._got < head.size:
            raise ended_early(self._got, head.size)
        if head.total is not None and self._total & 0xFFFFFFFF != head.total:
            raise wrong_checksum(head.size)
        return b""


def search(file: ByteFile, start: int, magics: tuple[bytes, ...]) -> Iterator[int]:
    """Every place from `start` on where one of these begins, in order. Memory: two chunks."""
    kept, at, longest = b"", start, max(map(len, magics))
    while block := file.read_at(at, CHUNK):
        window = kept + block
        base = at - len(kept)
        places = {place for magic in magics for place in _places(window, magic)}
        yield from (base + place for place in sorted(places))
        kept = window[-(longest - 1) :]
        at += len(block)


def _places(window: bytes, magic: bytes) -> Iterator[int]:
    place = window.find(magic)
    while place >= 0:
        yield place
        place = window.find(magic, place + 1)
