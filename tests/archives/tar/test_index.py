"""Later passes over a tar start where they are needed, and give the same."""

from pathlib import Path

import pytest

from tests.archives.makers import make_tar, noise
from transload.archives.open import Archives
from transload.archives.tar import index as tar_index
from transload.archives.tar.index import TarIndex
from transload.archives.tar.reader import TarReader
from transload.entry import Limits

LIMITS = Limits()
TREE = {
    f"{n:02d}/a long name that needs a record of its own {'x' * 90}.bin": noise(200_000, n)
    for n in range(20)
}


@pytest.fixture(autouse=True)
def close_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_index, "SPACING_BYTES", 300_000)


def read_from(reader: TarReader, start: int) -> dict[str, bytes]:
    return {e.name: body.read() for e, body in reader.stream(lambda _: True, start, LIMITS)}


@pytest.mark.parametrize("compression", [None, "gz", "xz"])
def test_a_later_pass_gives_the_same_from_anywhere(compression: str | None, tmp_path: Path) -> None:
    reader = TarReader(make_tar(tmp_path / "a", TREE, compression), LIMITS, compression)
    assert read_from(reader, 0) == TREE
    for start in (19, 7, 0, 12):
        assert list(read_from(reader, start).items()) == list(TREE.items())[start:]
    reader.close()


@pytest.mark.parametrize(("compression", "share"), [(None, 0.2), ("gz", 0.3)])
def test_a_later_pass_reads_only_the_rest(
    compression: str | None, share: float, tmp_path: Path
) -> None:
    path = make_tar(tmp_path / "a", TREE, compression)
    index = TarIndex()
    first = TarReader(path, LIMITS, compression, index)
    read_from(first, 0)
    first.close()
    later = TarReader(path, LIMITS, compression, index)
    assert len(read_from(later, 17)) == 3
    assert later.finish().bytes_read < share * path.stat().st_size
    later.close()


def test_several_members_of_gzip_are_one_stream(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a", TREE)
    import gzip

    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(gzip.compress(data[:half], 1) + gzip.compress(data[half:], 1))
    reader = TarReader(path, LIMITS, "gz")
    assert read_from(reader, 0) == TREE
    assert list(read_from(reader, 15)) == list(TREE)[15:]
    reader.close()


def test_readers_of_one_file_share_what_they_learn(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", TREE, "gz")
    archives = Archives(LIMITS)
    one = archives.open(path)
    for _ in one.stream(lambda _: True, 0, LIMITS):
        pass
    one.close()
    two = archives.open(path)
    before = two.finish().bytes_read
    assert [entry.index for entry, _ in two.stream(lambda _: True, 18, LIMITS)] == [18, 19]
    assert two.finish().bytes_read - before < 0.3 * path.stat().st_size
    two.close()
    make_tar(path, {"other": b"content"}, "gz")
    three = archives.open(path)
    assert [entry.name for entry in three.entries()] == ["other"]
    three.close()


def test_an_index_knows_no_more_than_it_was_told() -> None:
    index = TarIndex()
    assert index.nearest(5) == (0, 0)
    index.learn(0, 0, alone=True)
    index.learn(1, 1024, alone=True)
    index.learn(9, 9999, alone=True)
    assert index.nearest(5) == (1, 1024)
    assert index.state_before(1 << 40) is None


def test_a_pass_begins_at_no_entry_of_which_something_before_speaks() -> None:
    index = TarIndex()
    for number in range(4):
        index.learn(number, number * 1024, alone=number < 2)
    assert index.nearest(3) == (1, 1024)
    assert [index.at(offset) for offset in (0, 1023, 1024, 3071, 9999)] == [0, 0, 1, 2, 3]
    assert TarIndex().at(7) == 0
