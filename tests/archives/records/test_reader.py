"""The walk over headers: damage between them, links without bytes, its limits; the reader around it."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_old import cpio_bytes
from transload.archives.blob import LocalBlob
from transload.archives.limits import CHUNK
from transload.archives.records.cpio import Cpio
from transload.archives.records.reader import RecordReader, search, walk
from transload.entry import Limits
from transload.errors import CorruptError, LimitError

TREE = {f"{n}.jpg": noise(1000, n) for n in range(4)}


def test_the_entry_before_a_gap_is_torn_the_others_are_not(tmp_path: Path) -> None:
    data = cpio_bytes(TREE)
    path = tmp_path / "a.cpio"
    path.write_bytes(data[:1500] + data[1600:])
    with closing(LocalBlob(path).open()) as file:
        found = walk(file, Cpio(), 0, Limits())
    assert [one.head.raw for one in found.records] == [b"0.jpg", b"1.jpg", b"2.jpg", b"3.jpg"]
    assert [one.torn for one in found.records] == [False, True, False, False]
    assert found.records[1].there <= 900 + 3
    assert isinstance(found.error, CorruptError)


def test_too_many_entries(tmp_path: Path) -> None:
    path = tmp_path / "a.cpio"
    path.write_bytes(cpio_bytes(TREE))
    with pytest.raises(LimitError):
        RecordReader(LocalBlob(path), Cpio(), 0, Limits(max_entries=3))


def test_a_limit_ends_the_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.cpio"
    path.write_bytes(cpio_bytes(TREE))
    limits = Limits(max_total_bytes=1500)
    with closing(RecordReader(LocalBlob(path), Cpio(), 0, limits)) as reader:
        found = outcomes(reader, limits)
        fault = reader.finish().fault
    assert found["0.jpg"] == TREE["0.jpg"]
    assert [type(one) for one in found.values()] == [bytes, LimitError]
    assert fault is not None
    assert fault.kind == "input.limit"


def test_a_search_sees_what_lies_over_two_chunks(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(CHUNK - 3) + b"070701" + bytes(CHUNK - 6) + b"070701x")
    with closing(LocalBlob(path).open()) as file:
        assert list(search(file, 0, (b"070701", b"1x"))) == [
            CHUNK - 3, 2 * CHUNK - 3, 2 * CHUNK + 2,
        ]  # fmt: skip
        assert list(search(file, CHUNK - 2, (b"070701",))) == [2 * CHUNK - 3]
