"""Lzip members: their sums, several in a file, and against the program where it is installed."""

import io
import shutil
import subprocess

import pytest

from tests.archives.makers import noise
from tests.archives.makers_packed import lzipped
from transload.archives.codecs.decoders import Unpacked
from transload.archives.codecs.lzip import LzipDecoder
from transload.errors import CorruptError, LimitError, TruncatedError

CONTENTS = [b"", b"x", bytes(300_000), noise(70_000)]


def unpacked(data: bytes, step: int = 65_536) -> bytes:
    stream = Unpacked("lz", io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(step), b""))


@pytest.mark.parametrize("content", CONTENTS, ids=len)
@pytest.mark.parametrize("step", [511, 65_536])
def test_what_was_packed_comes_out(content: bytes, step: int) -> None:
    assert unpacked(lzipped(content), step) == content
    assert unpacked(lzipped(content) + lzipped(b"more"), step) == content + b"more"


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_the_program_itself_is_understood(content: bytes) -> None:
    program = shutil.which("lzip")
    if program is None:
        pytest.skip("lzip is not installed")
    done = subprocess.run([program, "-c", "-9"], input=content, capture_output=True, check=True)
    assert unpacked(done.stdout) == content


@pytest.mark.parametrize("at", [-1, -9, -17, 4, 40])
def test_a_wrong_byte_of_sum_sizes_header_or_data_is_damage(at: int) -> None:
    data = bytearray(lzipped(noise(500)))
    data[at] ^= 0x41
    with pytest.raises((CorruptError, TruncatedError)):
        unpacked(bytes(data))


@pytest.mark.parametrize("left", [4, 30, -1, -20])
def test_a_cut_member_is_told(left: int) -> None:
    with pytest.raises(TruncatedError):
        unpacked(lzipped(noise(500))[:left])


def test_a_dictionary_beyond_the_limit_is_not_made() -> None:
    with pytest.raises(LimitError, match="max_dictionary_bytes"):
        LzipDecoder(1 << 19).decompress(lzipped(b"x"))
