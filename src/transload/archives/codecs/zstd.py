"""Zstandard frames, and why one cannot be unpacked: its header says so, where the library only says "an error"."""

import sys

from transload.archives.codecs.by_header import HeaderCheckedDecoder
from transload.errors import LimitError, TransloadError, UnsupportedError

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

__all__ = ["ZstdError", "window_bytes", "zstd_decoder"]

FRAME_HEAD_BYTES = 18
"""The longest frame header with its magic number, RFC 8878 3.1.1.1."""

_MAGIC_BYTES = 4
_SINGLE_SEGMENT = 1 << 5
_WINDOW_LOG_LEAST = 10


def zstd_decoder(window_bytes_max: int) -> HeaderCheckedDecoder:
    """A decoder of one frame; a skippable frame comes to nothing.

    The library's own limit is 128 MiB of window, less than `zstd --long=28` and more writes: here it is what the
    dictionaries of the other formats may take.

    It raises ZstdError on damage, LimitError where the window is larger than `window_bytes_max`, UnsupportedError where
    the frame was packed with a dictionary.
    """
    log = window_bytes_max.bit_length() - 1
    stream = ZstdDecompressor(options={DecompressionParameter.window_log_max: log})
    return HeaderCheckedDecoder(
        stream, FRAME_HEAD_BYTES, ZstdError, lambda head: _refusal(head, window_bytes_max)
    )


def _refusal(head: bytes, window_bytes_max: int) -> TransloadError | None:
    """What the header says of a frame that is whole, and yet not for us."""
    window = window_bytes(head)
    if window > window_bytes_max:
        return LimitError(
            f"its zstd window needs {window} bytes of memory (archive.max_dictionary_bytes)"
        )
    if _needs_dictionary(head):
        return UnsupportedError(
            "it was packed with a zstd dictionary, which is not part of the file",
            suggestion="Unpack it with `zstd -d -D DICTIONARY` and send what comes out.",
        )
    return None


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
