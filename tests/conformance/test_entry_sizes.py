"""Entries of every size through every reader: none, at, one below and one above every buffer, and 20 MiB."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.archives.makers_7z import flipped
from tests.archives.makers_every import MAKERS, SECRET
from transload.archives.limits import CHUNK
from transload.archives.open import Archives
from transload.archives.sevenzip.feed import RESTART_BYTES
from transload.archives.sevenzip.members import BATCH_BYTES
from transload.archives.sevenzip.process import PIPE_BYTES
from transload.entry import Entry, Limits
from transload.errors import TransloadError
from transload.ports import ArchiveReader

LIMITS = Limits(max_ratio=1 << 20)  # what repeats so much packs so well
SIZES = [
    0,
    1,
    *(size + step for size in (CHUNK, PIPE_BYTES, BATCH_BYTES) for step in (-1, 0, 1)),
    20 << 20,
]
SEED = noise(CHUNK - 7)


def _content(size: int) -> bytes:
    """Bytes that repeat at no power of two: quickly packed, and wrong when cut anywhere."""
    return (SEED * (size // len(SEED) + 1))[:size]


def _opened(path: Path) -> ArchiveReader:
    return Archives(LIMITS).open(path, (SECRET,))


def _files(reader: ArchiveReader) -> Iterator[tuple[Entry, Callable[[int], bytes]]]:
    for entry, body in reader.stream(lambda _entry: True, 0, LIMITS):
        if entry.name.endswith(".bin"):  # 7-Zip lists the index of a xar, too
            yield entry, body.read


@pytest.mark.parametrize("kind", MAKERS)
def test_every_size_comes_whole_and_alone_and_its_end_can_be_asked_for_again(
    kind: str, tmp_path: Path
) -> None:
    path = MAKERS[kind](tmp_path, {f"{size:08}.bin": _content(size) for size in SIZES})
    with closing(_opened(path)) as reader:
        got: list[int] = []
        for entry, read in _files(reader):
            size = int(entry.name.removesuffix(".bin"))
            assert b"".join(iter(lambda: read(256 << 10), b"")) == _content(size)  # noqa: B023 - used up within the turn
            assert [read(1), read(-1), read(CHUNK)] == [b"", b"", b""]
            got.append(size)
        assert sorted(got) == SIZES
        assert reader.finish().fault is None
    with closing(_opened(path)) as reader:  # entries before a wanted one are passed over
        for wanted in (CHUNK, BATCH_BYTES + 1, 1):
            name = f"{wanted:08}.bin"
            stream = reader.stream(lambda entry: entry.name == name, 0, LIMITS)  # noqa: B023
            assert [body.read() for _entry, body in stream] == [_content(wanted)]


@pytest.mark.parametrize("step", [-1, 0, 1])
@pytest.mark.parametrize(
    "kind", ["zip-aes", "7z-not-solid", "7z-solid", "cab-mszip", "rar5", "cpio-newc"]
)
def test_a_way_as_long_as_a_restart(tmp_path: Path, kind: str, step: int) -> None:
    tree = {"1.bin": b"first", "2.bin": bytes(RESTART_BYTES + step), "3.bin": b"last"}
    with closing(_opened(MAKERS[kind](tmp_path, tree))) as reader:
        stream = reader.stream(lambda entry: entry.name != "2.bin", 0, LIMITS)
        assert [(entry.name, body.read()) for entry, body in stream] == [
            ("1.bin", b"first"),
            ("3.bin", b"last"),
        ]


@pytest.mark.parametrize(
    "kind", ["zip", "zip-aes", "zip-deflate64", "7z-copy", "rar5", "cab", "cpio-crc", "xar"]
)
@pytest.mark.parametrize("size", [CHUNK, BATCH_BYTES + 1])
def test_an_error_is_raised_again_and_costs_its_entry_alone(
    tmp_path: Path, kind: str, size: int
) -> None:
    tree = {"1.bin": noise(size, 1), "2.bin": noise(size, 2), "3.bin": noise(size, 3)}
    path = MAKERS[kind](tmp_path, tree)
    flipped(path, path.stat().st_size // 2)
    with closing(_opened(path)) as reader:
        found = [_drained(read) for _entry, read in _files(reader)]
    assert [found[0], found[2]] == [noise(size, 1), noise(size, 3)]
    assert isinstance(found[1], TransloadError)


def _drained(read: Callable[[int], bytes]) -> bytes | TransloadError:
    """All bytes, or the error, which comes again however often it is asked for."""
    try:
        return b"".join(iter(lambda: read(CHUNK), b""))
    except TransloadError as error:
        first = error
    for size in (1, CHUNK, -1):
        with pytest.raises(type(first)) as caught:
            read(size)
        assert caught.value is first
    return first
