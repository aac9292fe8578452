"""Several small members out of one run: all of them, or none when its end says that one is wrong."""

from pathlib import Path

from tests.archives.makers import noise
from tests.archives.makers_7z import flipped
from tests.archives.makers_old import make_old
from transload.archives.sevenzip.access import ArchiveAccess
from transload.archives.sevenzip.batch import BATCH_BYTES, BATCH_MEMBERS, neighbours, sealed
from transload.archives.sevenzip.listing import Member, parse
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits

TREE = {f"{n}.jpg": noise(9000, n) for n in range(5)}


def _opened(path: Path) -> tuple[ArchiveAccess, list[Member]]:
    door = ArchiveAccess(path, find_sevenzip(None), None, 64 << 20)
    with door.run("l") as run:
        return door, parse(run.lines(), Limits()).members


def test_all_or_none(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.cab", TREE, "cab")
    door, members = _opened(path)
    assert sealed(door, members, [1, 3], [1, 3]) == {1: TREE["1.jpg"], 3: TREE["3.jpg"]}
    flipped(path, path.stat().st_size - 10)
    assert sealed(door, members, [1, 4], [1, 4]) == {}
    assert sealed(door, members, [1], [1]) == {1: TREE["1.jpg"]}


def test_of_a_run_with_equal_names_those_of_the_batch_are_given(tmp_path: Path) -> None:
    door, members = _opened(make_old(tmp_path / "a.cab", TREE, "cab"))
    assert sealed(door, members, [0, 2], [0, 2]).keys() == {0, 2}
    assert sealed(door, members, [0], [0, 2]) == {0: TREE["0.jpg"]}


def _member(size: int | None, crc: int | None = None) -> Member:
    return Member(b"x", "file", size, size, crc, False, None, None, 0, False, "")


def test_a_batch_holds_so_much_and_so_many() -> None:
    def all_can(_index: int) -> bool:
        return True

    half = _member(BATCH_BYTES // 2)
    assert neighbours([half, half, half], 0, all_can) == [0, 1]
    assert neighbours([_member(BATCH_BYTES), _member(1)], 0, all_can) == [0]
    assert neighbours([_member(1)] * (BATCH_MEMBERS + 9), 0, all_can) == list(range(BATCH_MEMBERS))
    assert neighbours([_member(1), _member(1, 7), _member(1)], 0, all_can) == [0]
    assert neighbours([_member(1), _member(None)], 0, all_can) == [0]
    assert neighbours([half] * 3, 0, lambda index: index != 1) == [0, 2]
