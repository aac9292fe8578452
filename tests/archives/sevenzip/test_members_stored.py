"""Stored members come straight from the file, and only where that is sure."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_7z import counting, flipped, make_by_7zz, make_volumes
from transload.archives.sevenzip.reader import SevenZipReader
from transload.entry import Limits
from transload.errors import CorruptError, TransloadError

LIMITS = Limits()
TREE = {f"{n}.jpg": noise(100_000 + n, n) for n in range(5)} | {"folder/": b"", "empty": b""}
FILES = {name: content for name, content in TREE.items() if not name.endswith("/")}


def read(path: Path, folder: Path) -> tuple[dict[str, bytes | TransloadError], int]:
    """What comes out, and how many programs were started for it."""
    started = counting(folder)
    with closing(SevenZipReader(path, started.tool, LIMITS)) as reader:
        found = outcomes(reader)
    return found, started.runs


@pytest.mark.parametrize("words", [("-mx=0",), ("-mx=0", "-ms=on")])
def test_stored_entries_need_no_program_but_the_listing(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, *words)
    assert read(path, tmp_path) == (FILES, 0)


def test_behind_a_program_they_are_found_too(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, "-mx=0")
    program = tmp_path / "a.exe"
    program.write_bytes(b"MZ" + bytes(5000) + path.read_bytes())
    assert read(program, tmp_path) == (FILES, 0)


def in_volumes(folder: Path) -> Path:
    return make_volumes(folder / "a.7z", TREE, 200_000, "-mx=0")[0]


def encrypted(folder: Path) -> Path:
    return make_by_7zz(folder / "a.7z", TREE, "-mx=0", "-psesame")


def packed(folder: Path) -> Path:
    return make_by_7zz(folder / "a.7z", TREE)


@pytest.mark.parametrize("make", [in_volumes, packed])
def test_others_go_through_the_program(make: Callable[[Path], Path], tmp_path: Path) -> None:
    found, started = read(make(tmp_path), tmp_path)
    assert (found, started) == (FILES, 1)


def test_encrypted_ones_are_not_taken_for_stored(tmp_path: Path) -> None:
    found, _ = read(encrypted(tmp_path), tmp_path)
    assert set(found) <= {"empty"}


def test_a_wrong_byte_is_found(tmp_path: Path) -> None:
    path = flipped(make_by_7zz(tmp_path / "a.7z", TREE, "-mx=0"), 32 + 150_000)
    found, _ = read(path, tmp_path)
    wrong = [name for name, content in found.items() if isinstance(content, CorruptError)]
    assert len(wrong) == 1
    assert {name: found[name] for name in FILES if name not in wrong} == {
        name: content for name, content in FILES.items() if name not in wrong
    }


def test_a_file_with_something_behind_it_is_read_by_the_program(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, "-mx=0")
    path.write_bytes(path.read_bytes() + b"something else")
    assert read(path, tmp_path) == (FILES, 1)
