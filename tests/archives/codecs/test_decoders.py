import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, noise
from transload.archives.codecs.decoders import (
    MAX_DICTIONARY_BYTES,
    ZIP_DECODERS,
    Unpacked,
    zip_decoder,
)
from transload.archives.codecs.zip_methods import DECODABLE, LZMA, STORED, ZIP_METHODS, can_decode
from transload.errors import CorruptError, LimitError, TruncatedError, UnsupportedError

CONTENT = noise(50_000) + bytes(200_000)


def _read_all(unpacked: Unpacked) -> bytes:
    return b"".join(iter(lambda: unpacked.read(10_000), b""))


@pytest.mark.parametrize("compression", PACKERS)
def test_all_members_with_padding_between_them(compression: str) -> None:
    packed = PACKERS[compression](CONTENT) + PACKERS[compression](b"second") + bytes(8)
    assert _read_all(Unpacked(compression, io.BytesIO(packed))) == CONTENT + b"second"


def test_an_lz4_file_ends_where_its_frame_does() -> None:
    pytest.importorskip("lz4", reason="an optional library")
    # Magic, flags with their checksum, one stored block of five bytes, the end mark: LZ4 frame format 1.6.1.
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<L", 5 | 1 << 31) + b"hello" + bytes(4)
    assert _read_all(Unpacked("lz4", io.BytesIO(frame))) == b"hello"
    assert _read_all(Unpacked("lz4", io.BytesIO(frame + bytes(8) + frame))) == b"hello" * 2


@pytest.mark.parametrize("compression", PACKERS)
def test_one_step_gives_no_more_than_asked(compression: str) -> None:
    unpacked = Unpacked(compression, io.BytesIO(PACKERS[compression](bytes(3_000_000))))
    sizes = {len(step) for step in iter(lambda: unpacked.read(1000), b"")}
    assert max(sizes) <= 1000


@pytest.mark.parametrize("compression", PACKERS)
def test_cut_stream_is_truncated(compression: str) -> None:
    packed = PACKERS[compression](CONTENT)
    with pytest.raises(TruncatedError):
        _read_all(Unpacked(compression, io.BytesIO(packed[:-3])))


@pytest.mark.parametrize("compression", PACKERS)
def test_garbage_behind_the_stream_is_told(compression: str) -> None:
    with pytest.raises((CorruptError, TruncatedError)):
        _read_all(
            Unpacked(compression, io.BytesIO(PACKERS[compression](CONTENT) + b"garbage behind"))
        )


def test_gzip_checksum_is_compared() -> None:
    packed = bytearray(PACKERS["gz"](CONTENT))
    packed[-6] ^= 1
    with pytest.raises(CorruptError):
        _read_all(Unpacked("gz", io.BytesIO(packed)))


@pytest.mark.parametrize(("method", "packed"), [
    (8, zlib.compress(bytes(5_000_000), wbits=-15)),
    (12, bz2.compress(bytes(5_000_000))),
    (95, lzma.compress(bytes(5_000_000))),
    (93, PACKERS["zst"](bytes(5_000_000))),
])  # fmt: skip
def test_zip_decoders_are_bounded(method: int, packed: bytes) -> None:
    assert can_decode(method)
    decoder = zip_decoder(method, io.BytesIO().read)
    made = 0
    feed = packed
    while not decoder.eof:
        out = decoder.decompress(feed if decoder.needs_input else b"", 4096)
        feed = b""
        assert len(out) <= 4096
        made += len(out)
    assert made == 5_000_000


def _lzma_head(dictionary: int, packed: int = 93, size: int = 5) -> bytes:
    return struct.pack("<BBHBL", 9, 4, size, packed, dictionary)


def test_lzma_header_is_judged_before_memory_is_taken() -> None:
    with pytest.raises(LimitError, match="max_dictionary_bytes"):
        zip_decoder(14, io.BytesIO(_lzma_head(MAX_DICTIONARY_BYTES + 1)).read)
    for head in (_lzma_head(4096, packed=225), _lzma_head(4096, size=6), b"\x09\x04\x05"):
        with pytest.raises(CorruptError):
            zip_decoder(14, io.BytesIO(head).read)


def test_methods_nobody_can_read_here() -> None:
    assert {STORED, LZMA, *ZIP_DECODERS} == DECODABLE < ZIP_METHODS.keys()
    assert not any(can_decode(method) for method in (1, 6, 9, 97, 98, 99))


def test_lz4_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(UnsupportedError, match="LZ4, whose library is not installed") as caught:
        Unpacked("lz4", io.BytesIO(PACKERS["lz4"](CONTENT)))
    assert caught.value.suggestion == "pip install lz4"


WITHOUT_NG = """
import sys
sys.modules["zlib_ng"] = None
from transload.archives.codecs.decoders import Unpacked, _deflate
sys.stdout.write(_deflate.__name__ + " ")
sys.stdout.flush()
with open(sys.argv[1], "rb") as file:
    unpacked = Unpacked("gz", file)
    while data := unpacked.read(1000):
        sys.stdout.buffer.write(data)
"""


def test_gzip_without_a_wheel_of_zlib_ng(tmp_path: Path) -> None:
    body = noise(50_000)
    packed = tmp_path / "a.gz"
    packed.write_bytes(PACKERS["gz"](body))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NG, str(packed)], capture_output=True, check=True
    )
    assert done.stdout == b"zlib " + body


def _until_damage(stream: Unpacked) -> int:
    """How many bytes come out before the error."""
    out = 0
    try:
        while piece := stream.read(65_536):
            out += len(piece)
    except (CorruptError, TruncatedError):
        return out
    pytest.fail("the damage was not noticed")


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_what_sums_vouch_for_ends_before_the_damage(compression: str) -> None:
    first, second = noise(100_000), noise(300_000, 2)
    data = bytearray(PACKERS[compression](first) + PACKERS[compression](second))
    data[-8 if compression == "gz" else -12] ^= 0x55
    stream = Unpacked(compression, io.BytesIO(bytes(data)))
    assert len(first) <= _until_damage(stream) <= len(first) + len(second)
    assert stream.vouched == len(first)


def test_the_blocks_of_bzip2_vouch_one_by_one() -> None:
    data = bytearray(bz2.compress(noise(4_000_000)))
    data[-40_000] ^= 1
    stream = Unpacked("bz2", io.BytesIO(bytes(data)))
    made = _until_damage(stream)
    assert 1_500_000 < stream.vouched <= made < 4_000_000


def test_deflate_gives_what_lies_before_the_damage() -> None:
    content = noise(40_000)
    data = bytearray(gzip.compress(content, 0))
    data[-5] ^= 1  # of the sum
    stream = Unpacked("gz", io.BytesIO(bytes(data)))
    assert stream.read(65_536) == content[:-1]  # zlib goes on to the sum with the last one
    with pytest.raises(CorruptError):
        stream.read(65_536)
