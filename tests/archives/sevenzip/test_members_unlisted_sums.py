"""Members without a listed sum: those that a run calls wrong, and small ones that are given when it ended well."""

from pathlib import Path

from tests.archives.makers import noise
from tests.archives.makers_7z import flipped, wrapper
from tests.archives.makers_old import make_old
from transload.archives.sevenzip.listing import Member, parse
from transload.archives.sevenzip.members import (
    BATCH_BYTES,
    BATCH_MEMBERS,
    ArchiveAccess,
    named_wrong,
    neighbours,
    sealed,
)
from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.entry import Limits

TREE = {f"{n}.jpg": noise(9000, n) for n in range(5)}
NAMED = {f"{n} : x.jpg": noise(40_000, n) for n in range(6)}


def _opened(path: Path, tool: SevenZip | None = None) -> tuple[ArchiveAccess, list[Member]]:
    door = ArchiveAccess(path, tool or find_sevenzip(None), None, 64 << 20)
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


def test_nothing_is_wrong_with_a_whole_one(tmp_path: Path) -> None:
    door, members = _opened(make_old(tmp_path / "a.cab", NAMED, "cab-mszip"))
    assert named_wrong(door, members, None, apart=True) == ()


def test_those_are_named_that_lie_in_a_damaged_block_or_after_it(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.cab", NAMED, "cab")
    door, members = _opened(flipped(path, path.stat().st_size - 100))
    assert named_wrong(door, members, None, apart=True) == {5}
    assert named_wrong(door, members, [name.encode() for name in NAMED][:3], apart=True) == ()
    assert list(named_wrong(door, members, None, apart=False)) == list(range(6))


def test_an_end_that_names_none_makes_all_wrong(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.cab", NAMED, "cab")
    script = wrapper(tmp_path, '[ "$1" = l ] && exec $REAL "$@"\nexit 7')
    door, members = _opened(path, SevenZip(script, (26, 3), reads_rar=True))
    assert list(named_wrong(door, members, None, apart=True)) == list(range(6))


def test_an_archive_that_was_cut_has_sound_members(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.xar", NAMED, "xar")
    path.write_bytes(path.read_bytes()[:-60_000])
    door, members = _opened(path)
    wrong = named_wrong(door, members, None, apart=True)
    assert {members[one].raw for one in wrong} >= {b"4 : x.jpg", b"5 : x.jpg"}
    assert len(wrong) == 2
