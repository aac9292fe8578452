"""Members that 7zz can be asked for by name, and those it only seems to have."""

from pathlib import Path

import pytest

from tests.archives.makers_7z import make_by_7zz
from transload.archives.sevenzip.bit7z import Bit7z
from transload.archives.sevenzip.listing import parse
from transload.archives.sevenzip.members import ArchiveAccess, is_selectable, misspelled
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits

MEMORY = 64 << 20


@pytest.mark.parametrize("name", [
    "a.jpg", "IMG_1 (2).jpg", "d/e/f g.jpg", "*?[x].jpg", "@x", "-x", "日本.jpg", "#1", "'", "..a", "a..", "e\u0301",
])  # fmt: skip
def test_plain_names_can_be_asked_for(tmp_path: Path, name: str) -> None:
    assert is_selectable(name.encode())
    path = make_by_7zz(tmp_path / "a.7z", {name: b"right", "other": b"wrong", "x": b"wrong"})
    with ArchiveAccess(path, find_sevenzip(None), None, MEMORY).run("x", [name.encode()]) as run:
        assert run.read(100) == b"right"
        assert run.read(100) == b""
        assert run.end() == 0


@pytest.mark.parametrize("raw", [
    b"", b" a", b"a ", b"a\nb", b"a\rb", b'a"b', b"a\\b", b"../a", b"/a", b"a//b", b"./a", b"a/..",
    b"\xff.jpg", b"a\x00",
    b"a\t", "\u202ea".encode(), "\u2028".encode(),
])  # fmt: skip
def test_names_that_are_not_tried(raw: bytes) -> None:
    assert not is_selectable(raw)


@pytest.mark.parametrize(("names", "expected"), [
    (["a_b", "c"], set[bytes]()),
    (["a\nb", "c_d"], {b"a_b"}),
    (["a\nb", "a_b"], {b"a_b"}),
    (["a\n\n", "x/_\n"], {b"a__", b"x/__"}),
    (["a b", "c"], set[bytes]()),
])  # fmt: skip
def test_a_line_break_is_told_from_what_stands_for_it(
    tmp_path: Path, names: list[str], expected: set[bytes]
) -> None:
    path = make_by_7zz(tmp_path / "a.7z", dict.fromkeys(names, b"x"))
    door = ArchiveAccess(path, find_sevenzip(None), None, MEMORY)
    with door.run("l") as run:
        members = parse(run.lines(), Limits()).members
    assert misspelled(door, members) == expected
    assert misspelled(ArchiveAccess(path, Bit7z(1), None, MEMORY), members) == set()
