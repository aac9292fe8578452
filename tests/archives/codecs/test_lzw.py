"""The LZW of compress(1), against a packer written apart from it and against the program where it is installed."""

import io
import random
import shutil
import subprocess
import tracemalloc

import pytest

from tests.archives.makers import noise
from tests.archives.makers_packed import compressed
from transload.archives.codecs import lzw
from transload.archives.codecs.decoders import Unpacked
from transload.archives.codecs.lzw import LzwDecoder
from transload.errors import CorruptError

CONTENTS = {
    "nothing": b"",
    "one byte": b"x",
    "one code that is being made": b"aaaa",
    "zeros": bytes(200_000),
    "noise": noise(90_000),
    "text": b"the quick brown fox " * 5000,
    "mixed": noise(20_000) + bytes(300_000) + b"words and words " * 900,
}


def unpacked(data: bytes, step: int = 65_536) -> bytes:
    stream = Unpacked("Z", io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(step), b""))


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("clear_at", [0, 1, 700])
def test_what_was_packed_comes_out(content: bytes, bits: int, clear_at: int) -> None:
    assert unpacked(compressed(content, bits, clear_at)) == content


@pytest.mark.parametrize("step", [1, 511, 4096])
def test_small_steps_give_the_same(step: int) -> None:
    content = CONTENTS["text"][:20_000]
    assert unpacked(compressed(content), step) == content


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_the_program_itself_is_understood(content: bytes) -> None:
    program = shutil.which("compress")
    if program is None:
        pytest.skip("compress is not installed")
    for bits in ("10", "16"):
        done = subprocess.run(
            [program, "-c", "-f", "-b", bits], input=content, capture_output=True, check=True
        )
        assert unpacked(done.stdout) == content


def test_damage_is_an_error_never_a_hang() -> None:
    data = compressed(noise(5000))
    rng = random.Random(1)
    told = 0
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(3, len(broken))] ^= 1 << rng.randrange(8)
        try:
            unpacked(bytes(broken))
        except CorruptError:
            told += 1
    assert told  # there is no sum: where all codes still make sense nothing can be told


def test_strings_beyond_the_bound_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzw, "TEXT_BYTES_MAX", 1000)
    for content in CONTENTS.values():
        assert unpacked(compressed(content)) == content


@pytest.mark.parametrize("data", [b"\x1f\x9d", b"\x1f\x9d\x88", b"\x1f\x9d\x91", b"\x1f\x9e\x90"])
def test_a_senseless_header_is_damage(data: bytes) -> None:
    with pytest.raises(CorruptError):
        unpacked(data + b"\1" * 20)
    with pytest.raises(CorruptError):
        unpacked(data[:2])


def test_a_bomb_is_given_in_pieces_and_bounded_memory() -> None:
    data = compressed(bytes(1_500_000))
    decoder = LzwDecoder()
    tracemalloc.start()
    try:
        out = len(decoder.decompress(data, 1000))
        assert out == 1000
        while not decoder.needs_input:
            out += len(decoder.decompress(b"", 65_536))
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    decoder.end_input()
    while piece := decoder.decompress(b"", 65_536):
        out += len(piece)
    assert out == 1_500_000
    assert decoder.eof
