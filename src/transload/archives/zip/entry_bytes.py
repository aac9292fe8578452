"""One zip entry's unpacked bytes, checked: a `Span` says where and how they are packed."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from transload.archives.blob import ByteFile
from transload.archives.codecs.by_header import Decoder
from transload.archives.codecs.decoders import DECODE_ERRORS, zip_decoder
from transload.archives.codecs.zip_methods import STORED
from transload.archives.limits import CHUNK, ended_early, wrong_checksum
from transload.errors import CorruptError, LimitError, TruncatedError

SHORT = struct.Struct("<3L")  # a data descriptor: crc, packed, size, APPNOTE.TXT 4.3.9
LONG = struct.Struct("<LQQ")
DESCRIPTOR_MAGIC = b"PK\x07\x08"


@dataclass(
    slots=True, unsafe_hash=True
)  # made for every entry: frozen ones take three times as long
class Span:
    """An entry's data: `packed` bytes from `start`, which give `size` bytes with the checksum `crc`."""

    start: int
    packed: int
    size: int
    crc: int
    method: int

    @property
    def end(self) -> int:
        """Where its data end."""
        return self.start + self.packed


def descriptor_end(file: ByteFile, span: Span) -> int | None:
    """Where the data descriptor ends that follows the data with these very figures; its mark may be missing."""
    block = file.read_at(span.end, len(DESCRIPTOR_MAGIC) + LONG.size)
    expected = (span.crc, span.packed, span.size)
    for lead in (len(DESCRIPTOR_MAGIC) if block.startswith(DESCRIPTOR_MAGIC) else 0, 0):
        for shape in (SHORT, LONG):
            if len(block) - lead >= shape.size and shape.unpack_from(block, lead) == expected:
                return span.end + lead + shape.size
    return None


class EntryBytes:
    """One entry's unpacked bytes; call it for the next ones. Never returns more than the listed size.

    `find` is asked for the span when the first bytes are; it may raise errors of `errors.py`. Raises CorruptError
    (damage, or a wrong checksum, known at the end), TruncatedError (the file or the packed data end early), LimitError
    (too large a dictionary), UnreadableError.
    """

    def __init__(self, file: ByteFile, find: Callable[[], Span]) -> None:
        self._file = file
        self._find = find
        self._span: Span | None = None
        self._at = self._left = 0
        self._decoder: Decoder | None = None
        self._got = 0
        self._sum = 0

    def __call__(self, size: int) -> bytes:
        span = self._span or self._start()
        want = min(size, span.size - self._got)
        if not want:  # only here, so that a damaged entry's last bytes can be kept
            if self._sum != span.crc and not self._is_described(span):
                raise wrong_checksum(span.size)
            return b""
        data = self._unpack(span, want)
        self._got += len(data)
        self._sum = zlib.crc32(data, self._sum)
        return data

    def _start(self) -> Span:
        span = self._span = self._find()
        self._at, self._left = span.start, span.packed
        if span.method != STORED and span.size:
            self._decoder = zip_decoder(span.method, self._take)
        return span

    def _is_described(self, span: Span) -> bool:
        """Whether the entry's own descriptor has the sum that was found: then the directory's is damaged.

        For an empty entry this proves nothing: any twelve zeros after it would match.
        """
        own = replace(span, crc=self._sum)
        return span.size > 0 and descriptor_end(self._file, own) is not None

    def _unpack(self, span: Span, want: int) -> bytes:
        decoder = self._decoder
        if decoder is None:
            data = self._take(want)
            if not data:
                raise ended_early(self._got, span.size)
            return data
        while not decoder.eof:
            packed = self._take(CHUNK) if decoder.needs_input else b""
            if not packed and decoder.needs_input:
                break
            try:
                data = decoder.decompress(packed, want)
            except DECODE_ERRORS as error:
                raise CorruptError("the packed data is damaged", evidence=str(error)) from error
            if data:
                return data
        raise self._shortfall(span)

    def _shortfall(self, span: Span) -> CorruptError | TruncatedError:
        if self._at >= self._file.size:
            return ended_early(self._got, span.size)
        return CorruptError(f"the packed data give {self._got} of {span.size} bytes")

    def _take(self, size: int) -> bytes:
        data = self._file.read_at(self._at, min(size, self._left))
        self._at += len(data)
        self._left -= len(data)
        return data


def fits(file: ByteFile, span: Span, budget: int) -> tuple[bool, int]:
    """Whether reading so gives an entry whose checksum is right, and how many bytes were unpacked to see that.

    Not more than `budget` bytes are.
    """
    pull = EntryBytes(file, lambda: span)
    made = 0
    try:
        while span.size <= budget and (data := pull(CHUNK)):
            made += len(data)
    except (CorruptError, LimitError, TruncatedError):
        return False, made
    return span.size <= budget, made
