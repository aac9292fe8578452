"""One reading of a tar, plain or packed: entry by entry, over damaged places to the next valid header."""

from dataclasses import dataclass

from transload.archives.blob import Blob, ByteFile
from transload.archives.codecs.decoders import Readable, Unpacked
from transload.archives.limits import CHUNK, Pull, Tally, ended_early
from transload.archives.sniff import another_archive, archive_format
from transload.archives.tar.header import (
    NO_BLOCK,
    RECORDS,
    SAYS_NOTHING,
    TAR_BLOCK,
    DamagedTarError,
    Header,
    has_right_sum,
    read_header,
)
from transload.archives.tar.index import TarIndex
from transload.archives.tar.member import HoleTally, Member, Records, complete_map, sparse_pull
from transload.entry import Limits
from transload.errors import CorruptError, TransloadError, TruncatedError, UnsupportedError
from transload.units import MIB

NO_END = "the end mark of the tar is missing: it may have been cut between two entries"
FOLLOWED = "something that is no tar follows the end mark of the tar and was not read"
JOINED = (
    "another tar follows the end mark of this one and was not read, as tar itself does not: "
    "cut the file there and send the second part"
)
_RECORD_BYTES = 10_240
"""What tars are filled up to with zeros (20 blocks, POSIX pax): where they end, one that was joined to them begins."""
EMPTY_BYTES_MAX = MIB
"""Zeros that may be a tar without entries: its end mark, filled up to a record (`tar -b`). More is no tar."""
_MAGIC, _MAGIC_AT = b"ustar", 257
_MAGIC_LEFT = (
    3  # of its letters, in a header that is damaged elsewhere or has a flipped bit in them
)


class _Forward:
    """The unpacked bytes of a tar in order, each counted; those that are not wanted are moved over."""

    def __init__(self, source: Readable, tally: Tally, index: TarIndex) -> None:
        self._source = source
        self._tally = tally
        self._index = index
        self._ahead, self._used = b"", 0  # unpacked and not yet asked for
        self.at = source.made if isinstance(source, Unpacked) else 0

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        data = self.some(size)
        if len(data) == size or not data:
            return data
        pieces = [data]
        left = size - len(data)
        while left and (data := self.some(left)):
            pieces.append(data)
            left -= len(data)
        return b"".join(pieces)

    def some(self, size: int) -> bytes:
        """At most so many bytes, b"" at the end."""
        data = self._next(min(size, CHUNK)) if size else b""
        self._tally.add(len(data))
        self.at += len(data)
        return data

    def _next(self, size: int) -> bytes:
        if not isinstance(self._source, Unpacked):
            return self._source.read(size)
        if self._used == len(self._ahead):
            data = self._source.read(max(size, self._source.least_step))
            self._index.watch(self._source)
            if len(data) <= size:
                return data
            self._ahead, self._used = data, 0
        start = self._used
        self._used = min(start + size, len(self._ahead))
        return self._ahead[start : self._used]

    def move_to(self, offset: int) -> None:
        """Move to an offset that is not yet passed. Raises TruncatedError when the archive ends before it."""
        while self.at < offset:
            if not self.some(offset - self.at):
                raise TruncatedError("the archive ends inside an entry")


class _Plain(_Forward):
    """The bytes of a tar that is not packed, in a file whose length is known: moving costs nothing."""

    def __init__(self, file: ByteFile, tally: Tally, index: TarIndex) -> None:
        super().__init__(file, tally, index)
        self._file = file

    def move_to(self, offset: int) -> None:
        if offset > self._file.size:
            raise TruncatedError("the archive ends inside an entry")
        if offset != self.at:
            self.at = self._file.seek(offset)


def _knows_size(file: ByteFile) -> bool:
    try:
        return file.size >= 0
    except UnsupportedError:
        return False


@dataclass(slots=True)
class Damage:
    """The damaged places of one reading: of the first, `after` how many entries it lies and what was wrong there."""

    after: int
    why: DamagedTarError
    places: int = 0
    size_bytes: int = 0

    def error(self) -> CorruptError:
        """The error that stands for all of them in the end."""
        where = f"after entry {self.after}" if self.after else "before the first entry"
        more = f", and at {self.places - 1} more places" if self.places > 1 else ""
        return CorruptError(
            f"{self.why.detail} {where}{more}: {self.size_bytes:,} bytes were passed over up to the next good "
            "header; what lay there is not delivered",
            evidence=self.why.evidence,
        )


@dataclass(slots=True)
class _Gap:
    """What lies between the end of an entry and the next valid header: blocks of zeros, then others."""

    zeros: int = 0
    start: int | None = None
    first: bytes = b""
    why: DamagedTarError | None = None
    tail: bytes = b""

    @property
    def is_end(self) -> bool:
        """Whether it begins with an end mark. One block of zeros is also what a damaged disk leaves of a header."""
        return self.zeros > 1

    @property
    def is_clean_end(self) -> bool:
        """Whether it is nothing but an end mark and what fills it up."""
        return self.is_end and self.start is None


class TarPass:
    """One reading of the archive, from the last entry that `index` knows up to `first`; the caller closes `file`.

    `number` is that entry's: the first that `next` returns. `damage` is what was passed over so far.
    """

    def __init__(
        self, blob: Blob, compression: str | None, limits: Limits, index: TarIndex, first: int = 0
    ) -> None:
        self.file = blob.open()
        self.number, self._at = index.nearest(first)
        self.warnings: list[str] = []
        self.damage: Damage | None = None
        self._unpacked: Unpacked | None = None
        self._tally = Tally(limits, lambda: self.file.taken)
        self._holes = HoleTally(limits, lambda: self.file.taken)
        if compression is not None:
            self._unpacked = Unpacked(compression, self.file)
            if (state := index.state_before(self._at)) is not None:
                self.file.seek(state.packed)
                self._unpacked.go_on_from(state.made, state.packed, state.decoder)
            self._stream = _Forward(self._unpacked, self._tally, index)
        elif _knows_size(self.file):
            self._stream = _Plain(self.file, self._tally, index)
        else:
            self._stream = _Forward(self.file, self._tally, index)
        self._records = Records()
        self._for_all: dict[bytes, bytes] = {}
        self._seen = self.number
        self._has_magic = False
        self._peeked = b""
        self._broken: TransloadError | None = None

    @property
    def is_spent(self) -> bool:
        """Whether a limit on the whole pass was reached."""
        return self._tally.spent is not None or self._holes.spent is not None

    @property
    def is_context_free(self) -> bool:
        """Whether the member reads the same in a pass that begins at it: no global record before it speaks of it."""
        return not self._for_all

    @property
    def vouched(self) -> int | None:
        """Up to which offset sums that were compared vouch for what was read; None where all or nothing has one.

        Where all of the last entry is vouched for, what was wrong lay after it.
        """
        if self._unpacked is None or self._unpacked.vouched >= self._at:
            return None
        return self._unpacked.vouched

    def next(self) -> Member | None:
        """The next member, None after the last one; the rest of the file has then been read and checked too.

        Raises TruncatedError, LimitError, UnreadableError, and CorruptError where the compression is damaged: then
        nothing more can be read. What is damaged in the tar itself is passed over and noted in `damage`.
        """
        if self._broken is not None:
            raise self._broken
        if not self._peeked:
            self._stream.move_to(self._at)
        self._records = Records(self._for_all)
        while (found := self._next_header()) is not None:
            offset, header = found
            if header.type in SAYS_NOTHING:
                self._stream.move_to(self._stream.at + _padded(header.size))
            elif header.type in RECORDS:
                self._take_record(offset, header)
            elif (member := self._member(offset, header)) is not None:
                self._seen += 1
                return member
        return None

    def _member(self, offset: int, header: Header) -> Member | None:
        """The member of a header; None when its records make no sense: what it holds cannot be separated."""
        try:
            member = self._records.member(header, offset)
        except DamagedTarError as error:
            self._note(TAR_BLOCK, error)
            self._at = self._stream.at
            self._records = Records(self._for_all)
            return None
        try:
            complete_map(member, self._stream.read)
        except DamagedTarError:
            member.is_whole = False
        self._at = self._stream.at + _padded(member.stored)
        return member

    def _take_record(self, offset: int, header: Header) -> None:
        if self._records.offset is None:
            self._records.offset = offset
        data = self._stream.read(_padded(header.size))
        if len(data) < _padded(header.size):
            raise TruncatedError("the archive ends inside a record")
        try:
            self._records.take(header.type, data[: header.size])
        except DamagedTarError as error:
            self._note(len(data), error)

    def _next_header(self) -> tuple[int, Header] | None:
        """The next valid header with its offset, None at the end of the archive."""
        gap = _Gap()
        while len(block := self._block()) == TAR_BLOCK:
            at = self._stream.at - TAR_BLOCK
            if block == NO_BLOCK:
                gap.zeros += gap.start is None
                continue
            if gap.start is None or has_right_sum(block):
                try:
                    header = read_header(block)
                except DamagedTarError as error:
                    gap.why = gap.why or error
                else:
                    self._has_magic = _magic_left(block) == len(_MAGIC)
                    return (at, header) if self._is_reached(gap, at) else None
            if gap.start is None:
                gap.start, gap.first = at, block
        gap.tail = block
        self._end(gap)
        return None

    def _is_reached(self, gap: _Gap, at: int) -> bool:
        """Whether the valid header there, after a gap, is one of this tar."""
        if self._seen and gap.is_clean_end and at % _RECORD_BYTES == 0:
            self._pass_over_rest()
            return False
        self._cross(gap, at)
        return True

    def _block(self) -> bytes:
        block, self._peeked = self._peeked, b""
        return block or self._stream.read(TAR_BLOCK)

    def _is_torn(self) -> bool:
        """Whether what comes after a body that was read can be no header, not even a damaged one."""
        try:
            self._stream.move_to(self._at)
            block = self._peeked = self._stream.read(TAR_BLOCK)
        except TransloadError as error:  # after the body, which is whole: `next` raises it
            self._broken = error
            return False
        whole = len(block) == TAR_BLOCK and block != NO_BLOCK
        return whole and self._has_magic and _magic_left(block) < _MAGIC_LEFT

    def _cross(self, gap: _Gap, at: int) -> None:
        """A valid header was found after a gap; records before it spoke of what is lost in it."""
        if gap.start is not None or gap.zeros:
            self._records = Records(self._for_all)
        if gap.start is not None and gap.why is not None:
            self._note(at - gap.start, gap.why)
        elif gap.zeros:
            zeros = gap.zeros * TAR_BLOCK
            self._note(zeros, DamagedTarError("zeros lie where a header should be"))

    def _pass_over_rest(self) -> None:
        """Skip a second tar joined to this one, but read to the end: checksums there still cover this one."""
        self.warnings.append(JOINED)
        while self._unpacked is not None and self._stream.some(CHUNK):
            pass

    def _end(self, gap: _Gap) -> None:
        """The archive ended after a gap: rightly, cut, damaged up to there, or with something foreign after it."""
        foreign = gap.start is not None or any(gap.tail)
        if not self._seen and gap.zeros and (foreign or self._stream.at > EMPTY_BYTES_MAX):
            raise CorruptError("it begins with zeros, and no entry was found in it")
        if gap.zeros and not foreign:
            return
        if gap.is_end:
            self._follow(archive_format(gap.first or gap.tail))
        elif gap.start is not None and gap.why is not None:
            self._note(self._stream.at - gap.start, gap.why)
        elif foreign:
            raise TruncatedError("the archive ends inside a header")
        else:
            self.warnings.append(NO_END)

    def _follow(self, found: str | None) -> None:
        """Say what comes after the end mark: another archive makes the reading less than whole."""
        if found is not None:
            raise another_archive(found, "the end of the tar")
        self.warnings.append(FOLLOWED)

    def _note(self, size: int, why: DamagedTarError) -> None:
        self.damage = self.damage or Damage(self._seen, why)
        self.damage.places += 1
        self.damage.size_bytes += size

    def body(self, member: Member) -> Pull:
        """The bytes of the member that `next` returned last."""
        if member.spans is not None:
            return sparse_pull(member, self._stream.read, self._holes)
        got = 0

        def pull(size: int) -> bytes:
            nonlocal got
            want = min(size, member.size - got)
            if got and not want and self._is_torn():
                raise DamagedTarError(
                    "what follows it is no header: bytes of it are missing, or too many"
                )
            data = self._stream.some(want)
            if want and not data:
                raise ended_early(got, member.size)
            got += len(data)
            return data

        return pull


def _magic_left(block: bytes) -> int:
    """How many letters of the mark that headers have had since 1988 stand in their place."""
    there = block[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)]
    return sum(one == other for one, other in zip(there, _MAGIC, strict=True))


def _padded(size: int) -> int:
    """A body's size in the archive: whole blocks."""
    return -(-size // TAR_BLOCK) * TAR_BLOCK
