"""How 7zz is brought to an archive: listing, passwords, methods, and what makes the whole less than whole."""

from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.archives.makers_7z import make_by_7zz, patched_7z
from transload.archives.sevenzip.archive import SevenZipArchive, lock_error
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits, Secret
from transload.errors import (
    CorruptError,
    LimitError,
    PasswordNeededError,
    TruncatedError,
    WrongPasswordError,
)

TREE = {"a.jpg": noise(3000, 1), "b.jpg": noise(2000, 2)}
RIGHT, WRONG = Secret("sesame"), Secret("open")


def archive(path: Path, limits: Limits | None = None) -> SevenZipArchive:
    return SevenZipArchive(path, "trip.7z", find_sevenzip(), limits or Limits(), ())


def test_a_plain_one_is_listed_without_a_password(tmp_path: Path) -> None:
    one = archive(make_by_7zz(tmp_path / "a.7z", TREE))
    told, password = one.list([RIGHT])
    assert ({member.raw for member in told.members}, password) == ({b"a.jpg", b"b.jpg"}, None)
    assert one.undecodable(told) == frozenset()
    assert one.fault(told) is None


def test_hidden_names_need_the_password_that_fits(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE, "-psesame", "-mhe=on")
    told, password = archive(path).list([WRONG, RIGHT])
    assert (len(told.members), password) == (2, RIGHT)
    with pytest.raises(PasswordNeededError, match="no password was given"):
        archive(path).list([])
    with pytest.raises(WrongPasswordError, match="the password does not fit"):
        archive(path).list([WRONG])


def test_what_cannot_be_listed_says_why(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises((CorruptError, TruncatedError)) as caught:
        archive(path).list([])
    assert caught.value.evidence
    with pytest.raises(LimitError):
        archive(make_by_7zz(tmp_path / "b.7z", TREE), Limits(max_entries=1)).list([])


def test_a_method_that_no_program_knows_stays_undecodable(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", {"a": b"1" * 50}, "-m0=ppmd", "-mhc=off")
    one = archive(patched_7z(path, b"\x23\x03\x04\x01", b"\x23\x03\x04\x7f"))
    told, _ = one.list([])
    assert one.undecodable(told) or one.access(None).program != find_sevenzip()


def test_a_lock_says_what_was_tried() -> None:
    assert "none of the passwords fits" in lock_error([WRONG, WRONG], "locked").detail
    assert isinstance(lock_error([], "locked"), PasswordNeededError)
