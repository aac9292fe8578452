"""Zstandard frames, and why one cannot be unpacked: its header says so, where the library only says "an error"."""

import sys

from transload.errors import LimitError, UnsupportedError

if sys.version_info >= (3, 14):
    from compression.zstd import (
        DecompressionParameter,
        ZstdDecompressor,
        ZstdError,
        get_frame_info,
    )
else:
    from backports.zstd import (
        DecompressionParameter,
        ZstdDecompressor,
        ZstdError,
        get_frame_info,
    )

__all__ = ["ZstdDecoder", "ZstdError", "window_bytes"]

FRAME_HEAD_BYTES = 18
"""The longest frame header with its magic number, RFC 8878 3.1.1.1."""

_MAGIC_BYTES = 4
_SINGLE_SEGMENT = 1 << 5
_WINDOW_LOG_LEAST = 10


class ZstdDecoder:
    """One frame, in the shape that the other decoders have; a skippable frame comes to nothing.

    The library's own limit is 128 MiB of window, less than `zstd --long=28` and more writes: here it is what the
    dictionaries of the other formats may take.

    Raises ZstdError on damage, LimitError where the window is larger than `window_bytes_max`, UnsupportedError where
    the frame was packed with a dictionary.
    """

    def __init__(self, window_bytes_max: int) -> None:
        log = window_bytes_max.bit_length() - 1
        self._stream = ZstdDecompressor(options={DecompressionParameter.window_log_max: log})
        self._max = window_bytes_max
        self._head = b""

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached."""
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        """Whether no more output can come without more input."""
        return self._stream.needs_input

    @property
    def unused_data(self) -> bytes:
        """Input after the frame."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes of output."""
        self._head += data[: FRAME_HEAD_BYTES - len(self._head)]
        try:
            return self._stream.decompress(data, max_length)
        except ZstdError as error:
            self._refuse(error)
            raise

    def _refuse(self, error: ZstdError) -> None:
        """Raise what the header says of a frame that is whole, and yet not for us."""
        window = window_bytes(self._head)
        if window > self._max:
            raise LimitError(
                f"its zstd window needs {window} bytes of memory (archive.max_dictionary_bytes)"
            ) from error
        if _needs_dictionary(self._head):
            raise UnsupportedError(
                "it was packed with a zstd dictionary, which is not part of the file",
                suggestion="Unpack it with `zstd -d -D DICTIONARY` and send what comes out.",
            ) from error


def window_bytes(head: bytes) -> int:
    """The memory that unpacking a frame takes by its header, in bytes; 0 where the whole content is the window."""
    if len(head) < _MAGIC_BYTES + 2 or head[_MAGIC_BYTES] & _SINGLE_SEGMENT:
        return 0
    exponent, mantissa = divmod(head[_MAGIC_BYTES + 1], 8)
    base = 1 << (_WINDOW_LOG_LEAST + exponent)
    return base + base // 8 * mantissa


def _needs_dictionary(head: bytes) -> bool:
    try:
        return get_frame_info(head).dictionary_id != 0
    except ZstdError:  # not even a header
        return False
