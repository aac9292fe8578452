"""Members without a listed sum: 7zz names those that are wrong, the others are right."""

from pathlib import Path

from tests.archives.makers import noise
from tests.archives.makers_7z import flipped, wrapper
from tests.archives.makers_old import make_old
from transload.archives.sevenzip.access import ArchiveAccess
from transload.archives.sevenzip.checksums import named_wrong
from transload.archives.sevenzip.listing import Member, parse
from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.entry import Limits

TREE = {f"{n} : x.jpg": noise(40_000, n) for n in range(6)}


def _opened(path: Path, tool: SevenZip | None = None) -> tuple[ArchiveAccess, list[Member]]:
    door = ArchiveAccess(path, tool or find_sevenzip(None), None, 64 << 20)
    with door.run("l") as run:
        return door, parse(run.lines(), Limits()).members


def test_nothing_is_wrong_with_a_whole_one(tmp_path: Path) -> None:
    door, members = _opened(make_old(tmp_path / "a.cab", TREE, "cab-mszip"))
    assert named_wrong(door, members, None, apart=True) == ()


def test_those_are_named_that_lie_in_a_damaged_block_or_after_it(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.cab", TREE, "cab")
    door, members = _opened(flipped(path, path.stat().st_size - 100))
    assert named_wrong(door, members, None, apart=True) == {5}
    assert named_wrong(door, members, [name.encode() for name in TREE][:3], apart=True) == ()
    assert list(named_wrong(door, members, None, apart=False)) == list(range(6))


def test_an_end_that_names_none_makes_all_wrong(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.cab", TREE, "cab")
    script = wrapper(tmp_path, '[ "$1" = l ] && exec $REAL "$@"\nexit 7')
    door, members = _opened(path, SevenZip(script, (26, 3), reads_rar=True))
    assert list(named_wrong(door, members, None, apart=True)) == list(range(6))


def test_an_archive_that_was_cut_has_sound_members(tmp_path: Path) -> None:
    path = make_old(tmp_path / "a.xar", TREE, "xar")
    path.write_bytes(path.read_bytes()[:-60_000])
    door, members = _opened(path)
    wrong = named_wrong(door, members, None, apart=True)
    assert {members[one].raw for one in wrong} >= {b"4 : x.jpg", b"5 : x.jpg"}
    assert len(wrong) == 2
