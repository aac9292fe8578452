"""One reading of a tar, plain or packed: headers by the standard library, bodies straight from the stream.

`tarfile` takes a damaged header for the end of the archive, keeps every member, and steps over a lying size block by
block; the classes here take those three things from it.
"""

import tarfile
from collections.abc import Sequence
from typing import BinaryIO, Self, cast

from transload.archives.blob import Blob, ByteFile
from transload.archives.decoders import Readable, Unpacked
from transload.archives.limits import CHUNK, Pull, Tally, ended_early
from transload.archives.sniff import TAR_BLOCK
from transload.archives.tar_index import TarIndex
from transload.entry import Limits
from transload.errors import CorruptError, TruncatedError, UnsupportedError

_LONGEST_RECORD_BYTES = 1 << 20
"""Long names and pax records are read as a whole by `tarfile`; real ones are a few KiB."""

_RECORD_TYPES = frozenset({
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
})  # fmt: skip

_SAY_NOTHING = frozenset(
    {"comment"}
)  # global pax fields that change no entry: `git archive` writes its commit there

# What `tarfile` runs into on damaged pax and sparse records, beside its own errors.
_HEADER_ERRORS = (tarfile.TarError, ValueError, OverflowError, LookupError, RecursionError)


_NO_END = "the end mark of the tar is missing: it may have been cut between two entries"
_FOLLOWED = "something follows the end mark of the tar and was not read: perhaps a second archive, joined to it"


class _ZeroBlockError(tarfile.HeaderError):
    """A block of zeros where a header could be: the end mark."""


class _NoBlockError(tarfile.HeaderError):
    """The stream is at its end where a header could be."""


class _DamagedHeaderError(CorruptError):
    """A header is damaged; entries behind it cannot be found."""


class _Member(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block; raises CorruptError, TruncatedError or one of the two ends above."""
        if not buf:
            raise _NoBlockError
        if len(buf) < TAR_BLOCK:
            raise TruncatedError("the archive ends inside a header")
        if not any(buf):
            raise _ZeroBlockError
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise _DamagedHeaderError(evidence=str(error)) from error
        if member.size < 0 or (
            member.type in _RECORD_TYPES and member.size > _LONGEST_RECORD_BYTES
        ):
            raise _DamagedHeaderError(evidence=f"a size of {member.size} bytes")
        return member


class _Archive(tarfile.TarFile):
    tarinfo = _Member
    members: list[tarfile.TarInfo]


class _Forward:
    """A stream with just enough of a file's shape for `tarfile`: it reads and moves forward only."""

    def __init__(
        self, source: Readable, tally: Tally, file: ByteFile | None, at: int, index: TarIndex
    ) -> None:
        self._source = source
        self._tally = tally
        self._file = file  # set when the tar is not packed: then moving costs nothing
        self._at = at
        self._index = index

    def read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            data = self._source.read(min(size, CHUNK))
            if not data:
                break
            if isinstance(self._source, Unpacked):
                self._index.watch(self._source)
            self._tally.add(len(data))
            self._at += len(data)
            size -= len(data)
            pieces.append(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def seek(self, offset: int) -> int:
        if offset < self._at:
            raise _DamagedHeaderError(evidence="it points backwards")
        if self._file is not None and offset <= self._file.size:
            self._at = self._file.seek(offset)
        while self._at < offset:
            if not self.read(min(offset - self._at, CHUNK)):
                raise TruncatedError("the archive ends inside an entry")
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return False


def _moving(file: ByteFile) -> ByteFile | None:
    """The file where its length is known; where it is not, moving could pass its end unseen."""
    try:
        return file if file.size >= 0 else None
    except UnsupportedError:
        return None


class TarPass:
    """One reading of the archive, from the last entry that `index` knows up to `first`; the caller closes `file`.

    `number` is that entry's: the first that `next` gives.
    """

    def __init__(
        self, blob: Blob, packing: str | None, limits: Limits, index: TarIndex, first: int = 0
    ) -> None:
        self.file = blob.open()
        self.number, offset = index.nearest(first)
        self.warning: str | None = None
        self._tally = Tally(limits, lambda: self.file.taken)
        self._holes = Tally(limits, lambda: self.file.taken)
        if packing is None:
            self._stream = _Forward(self.file, self._tally, _moving(self.file), 0, index)
        else:
            unpacked = Unpacked(packing, self.file)
            if (state := index.state_before(offset)) is not None:
                self.file.seek(state.packed)
                unpacked.go_on_from(state.made, state.packed, state.decoder)
            self._stream = _Forward(unpacked, self._tally, None, unpacked.made, index)
        self._start = offset
        self._archive: _Archive | None = None

    @property
    def is_spent(self) -> bool:
        """Whether a limit on the whole pass was reached."""
        return self._tally.spent is not None or self._holes.spent is not None

    @property
    def is_context_free(self) -> bool:
        """Whether the member reads the same in a pass that begins at it: no global record before it speaks of it."""
        return self._archive is None or self._archive.pax_headers.keys() <= _SAY_NOTHING

    def next(self) -> tarfile.TarInfo | None:
        """The next member, None behind the last one; the rest of the file has then been read and checked too.

        Raises CorruptError, TruncatedError, LimitError, UnreadableError: then nothing more can be read.
        """
        try:
            return self._advance()
        except _ZeroBlockError:
            self._drain()
        except _NoBlockError:
            self.warning = _NO_END
        except tarfile.ReadError as error:
            raise TruncatedError("the archive ends inside an entry", evidence=str(error)) from error
        except _HEADER_ERRORS as error:
            raise _DamagedHeaderError(evidence=str(error)) from error
        return None

    def _advance(self) -> tarfile.TarInfo | None:
        if self._archive is None:
            self._stream.seek(self._start)
            self._archive = _Archive(fileobj=cast("BinaryIO", self._stream), encoding="utf-8")
        member = self._archive.next()
        self._archive.members.clear()  # a hundred thousand of them would be 100 MiB
        return member if member is None else _without_fillers(member)

    def _drain(self) -> None:
        """Read what follows the end mark: padding, and the checksum of the packing."""
        while data := self._stream.read(CHUNK):
            if data.count(0) < len(data):
                self.warning = _FOLLOWED

    def body(self, member: tarfile.TarInfo) -> Pull:
        """The bytes of the member that `next` gave last."""
        if member.sparse is not None:
            return self._sparse_body(member)
        got = 0

        def pull(size: int) -> bytes:
            nonlocal got
            want = min(size, member.size - got)
            data = self._stream.read(want)
            got += len(data)
            if len(data) < want:
                raise ended_early(got, member.size)
            return data

        return pull

    def _sparse_body(self, member: tarfile.TarInfo) -> Pull:
        """Bytes with their holes filled by zeros; these cost the archive nothing, so they are counted here."""
        opened = self._archive.extractfile(member) if self._archive is not None else None

        def pull(size: int) -> bytes:
            if opened is None:
                return b""
            try:
                data = opened.read(size)
            except tarfile.ReadError as error:
                raise TruncatedError("the archive ends inside an entry") from error
            self._holes.add(len(data))
            return data

        return pull


def _without_fillers(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member without the empty records that fill up its map of holes."""
    if member.sparse is not None:
        holes = cast("list[tuple[int, int]]", member.sparse)
        holes[:] = [(offset, length) for offset, length in holes if length]
    return member


def is_sound(sparse: Sequence[tuple[int, int]], size: int) -> bool:
    """Whether a sparse map goes forward and stays inside the file; `tarfile` would search for ever in others."""
    end = 0
    for offset, length in sparse:
        if offset < end or length < 0:
            return False
        end = offset + length
    return end <= size
