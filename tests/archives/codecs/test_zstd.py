import io
import struct

import pytest

from transload.archives.codecs.decoders import MAX_DICTIONARY_BYTES, Unpacked
from transload.archives.codecs.zstd import ZstdError, window_bytes, zstd_decoder
from transload.errors import LimitError, UnsupportedError

PHOTO = bytes(range(256)) * 4
SKIPPED = b"\x50\x2a\x4d\x18\x05\x00\x00\x00of us"


def _frame(content: bytes, window: int, dictionary: int | None = None) -> bytes:
    """A frame of one raw block, RFC 8878 3.1.1: window descriptor, dictionary, then the block."""
    known = b"" if dictionary is None else bytes([dictionary])
    head = bytes([0 if dictionary is None else 1, window]) + known
    return b"\x28\xb5\x2f\xfd" + head + struct.pack("<L", len(content) << 3 | 1)[:3] + content


@pytest.mark.parametrize(
    ("descriptor", "size"),
    [(0x00, 1 << 10), (0x58, 2 << 20), (0x5C, 3 << 20), (0x90, 1 << 28), (0xA8, 1 << 31)],
)
def test_a_frame_says_how_much_memory_it_takes(descriptor: int, size: int) -> None:
    assert window_bytes(_frame(b"", descriptor)) == size


def test_a_single_segment_needs_no_more_than_its_content() -> None:
    assert window_bytes(b"\x28\xb5\x2f\xfd\x20\x05") == 0
    assert window_bytes(b"\x28\xb5") == 0


@pytest.mark.parametrize("window", [0x58, 0x88, 0x90])
def test_windows_of_long_mode_are_unpacked(window: int) -> None:
    """0x90 is `zstd --long=28`: 256 MiB, twice what the library takes when it is not told otherwise."""
    decoder = zstd_decoder(MAX_DICTIONARY_BYTES)
    assert decoder.decompress(_frame(PHOTO, window) + b"next") == PHOTO
    assert decoder.eof
    assert decoder.unused_data == b"next"


def test_too_large_a_window_is_a_limit_not_damage() -> None:
    decoder = zstd_decoder(MAX_DICTIONARY_BYTES)
    with pytest.raises(LimitError, match="max_dictionary_bytes"):
        decoder.decompress(_frame(PHOTO, 0xA8))


def test_a_missing_dictionary_is_not_damage() -> None:
    with pytest.raises(UnsupportedError, match="dictionary"):
        Unpacked("zst", io.BytesIO(_frame(PHOTO, 0x58, dictionary=7))).read(100)


def test_damage_stays_damage() -> None:
    decoder = zstd_decoder(MAX_DICTIONARY_BYTES)
    with pytest.raises(ZstdError):
        decoder.decompress(_frame(PHOTO, 0x58)[:-1030] + b"\xff" * 1030)
    with pytest.raises(ZstdError):
        zstd_decoder(MAX_DICTIONARY_BYTES).decompress(b"no frame at all")


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_skippable_frames_first_between_and_last(step: int) -> None:
    packed = SKIPPED + _frame(PHOTO, 0x58) + SKIPPED + SKIPPED + _frame(b"end", 0x58) + SKIPPED
    unpacked = Unpacked("zst", io.BytesIO(packed))
    assert b"".join(iter(lambda: unpacked.read(step), b"")) == PHOTO + b"end"
