"""Decompressors behind one shape, each bounded in what one call may give; the only place that imports them.

`zipfile` would do for most entries, but it unpacks bzip2 and LZMA entries without a bound on one step's output:
reading 80 MB of packed zeros in 64 KiB steps took 148 MiB of memory.
"""

import bz2
import lzma
import struct
import zlib
from collections import deque
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from transload.archives.codecs.by_header import Decoder
from transload.archives.codecs.lzip import LzipDecoder
from transload.archives.codecs.lzw import LzwDecoder
from transload.archives.codecs.xz import lzma_decoder
from transload.archives.codecs.zip_methods import LZMA
from transload.archives.codecs.zstd import ZstdError, zstd_decoder
from transload.archives.sniff import HEAD_BYTES, another_archive, archive_format
from transload.errors import CorruptError, LimitError, TruncatedError, UnsupportedError
from transload.units import GIB, KIB, MIB

_deflate = import_module("zlib_ng.zlib_ng" if find_spec("zlib_ng") else "zlib")
"""zlib-ng unpacks in three quarters of zlib's time; machines without its wheel have zlib, which has the same words."""
_DeflateError = cast("type[Exception]", _deflate.error)

DECODE_ERRORS = (_DeflateError, lzma.LZMAError, ZstdError, OSError, ValueError, RuntimeError)
"""What the decoders raise on damaged input."""

MAX_DICTIONARY_BYTES = GIB
"""The most memory an LZMA stream may ask for: `archive.max_dictionary_bytes` of the contract, its default."""

_STEP = 64 * KIB
_LZMA_HEAD = struct.Struct(
    "<2xHBL"
)  # APPNOTE.TXT 5.8.8: version, size of the properties, then LZMA's own five bytes


class Readable(Protocol):
    """Packed bytes in order."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, b"" at the end."""
        ...


class _Inflating(Protocol):
    """What zlib and zlib-ng both have."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...

    def copy(self) -> "_Inflating": ...


class _Zlib:
    """zlib in the shape that the other decoders have: a raw stream, or a gzip member with its checksum."""

    def __init__(self, window_bits: int = -zlib.MAX_WBITS) -> None:
        self._stream = cast("_Inflating", _deflate.decompressobj(window_bits))
        self._broken: Exception | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes; those before a damaged place come out before the error does."""
        if self._broken is not None:
            raise self._broken
        tail = self._stream.unconsumed_tail
        packed = tail + data if tail else data
        before = self._stream.copy()
        try:
            out = self._stream.decompress(packed, max(max_length, 0))
        except _DeflateError as error:
            out = _up_to_damage(before, packed)
            if not out:
                raise
            self._broken, self.needs_input = error, False
            return out
        # A full buffer may hide more output although all input was taken.
        self.needs_input = len(out) != max_length and not self._stream.unconsumed_tail
        return out

    def copy(self) -> "_Zlib":
        """The same state once more: what is fed to one changes nothing in the other."""
        other = _Zlib()
        other._stream, other.needs_input = self._stream.copy(), self.needs_input
        return other


def _up_to_damage(stream: _Inflating, packed: bytes) -> bytes:
    """What comes out of a stream before the place where it fails, but for the last byte."""
    pieces: list[bytes] = []
    step = _STEP
    while step:
        trial = stream.copy()
        try:
            out = trial.decompress(packed, step)
        except _DeflateError:
            step //= 2
            continue
        if not out:
            break
        pieces.append(out)
        stream, packed = trial, trial.unconsumed_tail
    return b"".join(pieces)


def _xz() -> Decoder:
    return lzma_decoder(lzma.FORMAT_XZ, MAX_DICTIONARY_BYTES)


def _zstd() -> Decoder:
    return zstd_decoder(MAX_DICTIONARY_BYTES)


ZIP_DECODERS: dict[int, Callable[[], Decoder]] = {
    8: _Zlib,
    12: bz2.BZ2Decompressor,
    93: _zstd,
    95: _xz,
}
"""By method; LZMA has a header of its own, STORED needs none."""


def _lz4() -> Decoder:
    try:
        import lz4.frame  # pyright: ignore[reportMissingTypeStubs]
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            "it is packed with LZ4, whose library is not installed", suggestion="pip install lz4"
        ) from error
    return cast("Decoder", lz4.frame.LZ4FrameDecompressor())


_STREAM_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gz": lambda: _Zlib(zlib.MAX_WBITS + 16),
    "bz2": bz2.BZ2Decompressor,
    "xz": _xz,
    "zst": _zstd,
    "lz4": _lz4,
    "lz": lambda: LzipDecoder(MAX_DICTIONARY_BYTES),
    "lzma": lambda: lzma_decoder(lzma.FORMAT_ALONE, MAX_DICTIONARY_BYTES),
    "Z": LzwDecoder,
}
COMPRESSIONS = frozenset(_STREAM_DECODERS)
"""The packings of a single stream, as `archive_format` names them."""

_BZIP2_REACH_BYTES = MIB
"""How far before the last input a block begins whose sum is compared now: 900 kB that do not pack, and one step."""


def zip_decoder(method: int, read: Callable[[int], bytes]) -> Decoder:
    """A decoder for a zip entry; `read` returns the entry's packed bytes (LZMA keeps a header there).

    Raises CorruptError on a bad LZMA header, LimitError when it asks for too much memory.
    """
    if method == LZMA:
        return _zip_lzma(read(_LZMA_HEAD.size))
    return ZIP_DECODERS[method]()


def _zip_lzma(head: bytes) -> Decoder:
    if len(head) < _LZMA_HEAD.size:
        raise CorruptError("the LZMA header is cut short")
    size, packed, dictionary = _LZMA_HEAD.unpack(head)
    if size != _LZMA_HEAD.size - 4 or packed >= 9 * 5 * 5:
        raise CorruptError("the LZMA header is damaged")
    if dictionary > MAX_DICTIONARY_BYTES:
        raise LimitError(
            f"its LZMA dictionary needs {dictionary} bytes of memory (archive.max_dictionary_bytes)"
        )
    filters = [{
        "id": lzma.FILTER_LZMA1, "dict_size": dictionary,
        "lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45,
    }]  # fmt: skip
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    except lzma.LZMAError as error:
        raise CorruptError("the LZMA header is damaged") from error


class Unpacked:
    """The unpacked bytes of a file in one of COMPRESSIONS: all its members in turn, their checksums compared.

    Raises CorruptError on damage or foreign bytes after the last member, UnsupportedError where these are another
    archive, TruncatedError when a member is cut.
    """

    def __init__(self, compression: str, file: Readable) -> None:
        self._make = _STREAM_DECODERS[compression]
        self._file = file
        self._decoder = self._make()
        self._compression, self._is_bzip2 = compression, compression == "bz2"
        self._steps: deque[tuple[int, int]] = deque()
        self._vouched = 0
        self._joint = b""
        self.made = 0
        self.packed = 0
        # zlib copies its input at each call, so that small ones are dear; the others lose what a failing call had made.
        self.least_step = _STEP if compression == "gz" else 0

    @property
    def vouched(self) -> int:
        """How many of the bytes that came out, from the first, were found right by a sum after them.

        Of bzip2 all blocks but the last one or two are named, of the others all members (frames) that are complete.
        """
        known = [made for packed, made in self._steps if packed <= self.packed - _BZIP2_REACH_BYTES]
        return max(known, default=self._vouched)

    def copy_of_state(self) -> Decoder | None:
        """A copy of the decoder, where all that was read has gone into it; None elsewhere, or where it has no copy."""
        decoder = self._decoder
        whole = isinstance(decoder, _Zlib) and decoder.needs_input and not decoder.eof
        return decoder.copy() if isinstance(decoder, _Zlib) and whole else None

    def go_on_from(self, made: int, packed: int, decoder: Decoder) -> None:
        """Take on an earlier state; the file is at `packed` bytes already."""
        self.made, self.packed = made, packed
        self._decoder = decoder.copy() if isinstance(decoder, _Zlib) else decoder

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end of the last member."""
        while True:
            packed = self._next_packed()
            if packed is None:
                return b""
            try:
                out = self._decoder.decompress(packed, size)
            except DECODE_ERRORS as error:
                raise self._failure(str(error)) from error
            self.made += len(out)
            if self._decoder.eof:
                self._vouched = self.made
                self._steps.clear()
            if out:
                return out

    def _failure(self, said: str) -> CorruptError | UnsupportedError:
        """What a decoder's error means: of a member of which nothing came out, that it may be none."""
        if not self._joint or self.made > self._vouched:
            return CorruptError("the packed data is damaged", evidence=said)
        found = archive_format(self._joint)
        if found is None or found == self._compression:
            message = "what follows the packed data is not of it, or a damaged part of it"
            return CorruptError(message, evidence=said)
        return another_archive(found, "the packed data")

    def _next_packed(self) -> bytes | None:
        """Input for the next step, None at the end of the file."""
        if not self._decoder.eof:
            return self._more() if self._decoder.needs_input else b""
        # LZ4 says None where there is nothing; zeros between and after members are padding.
        packed = (self._decoder.unused_data or b"").lstrip(b"\0")
        while not packed:
            step = self._step()
            if not step:
                return None
            packed = step.lstrip(b"\0")
        self._decoder = self._make()
        self._joint = packed[:HEAD_BYTES]
        return packed

    def _more(self) -> bytes:
        """Input for the member that is being unpacked."""
        if self._is_bzip2:
            self._steps.append((self.packed, self.made))
            while len(self._steps) > 1 and self._steps[1][0] <= self.packed - _BZIP2_REACH_BYTES:
                self._steps.popleft()
        packed = self._step()
        if packed:
            return packed
        if not isinstance(self._decoder, LzwDecoder):
            raise TruncatedError("the packed data is cut short")
        self._decoder.end_input()
        return b""

    def _step(self) -> bytes:
        packed = self._file.read(_STEP)
        self.packed += len(packed)
        return packed
