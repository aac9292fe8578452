"""A blob can be opened again and again, each opening counts for itself."""

from pathlib import Path

import pytest

from transload.archives.blob import CountedFile, LocalBlob, RenamedBlob, blob_of
from transload.errors import UnreadableError


def test_a_path_and_its_blob_are_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    blob = blob_of(path)
    assert blob == LocalBlob(path)
    assert blob_of(blob) is blob
    one, two = blob.open(), blob.open()
    assert (one.read(4), two.read_at(8, 9), one.read(4)) == (b"0123", b"89", b"4567")
    assert (one.taken, two.taken, one.size) == (8, 2, 10)
    one.close()
    two.close()


def test_a_blob_in_scratch_keeps_the_name_it_has_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "17.in").write_bytes(b"x")
    blob = RenamedBlob(tmp_path / "17.in", "photos.zip")
    assert (blob.name, blob.path) == ("photos.zip", tmp_path / "17.in")
    file = blob.open()
    assert file.read() == b"x"
    file.close()


def test_a_blob_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        LocalBlob(tmp_path / "gone").open()


def test_only_what_is_read_counts(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    file = CountedFile(tmp_path / "a")
    assert file.size == 10
    assert file.read_at(7, 10) == b"789"
    assert file.read_at(2, 3) == b"234"
    assert file.read_at(10, 3) == b""
    assert file.read_at(-1, 3) == b""
    assert file.read_at(1 << 70, 3) == b""
    assert file.taken == 6
    file.close()


def test_missing_closed_and_folder_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="gone"):
        CountedFile(tmp_path / "gone")
    with pytest.raises(UnreadableError):
        CountedFile(tmp_path)
    (tmp_path / "a").write_bytes(b"x")
    file = CountedFile(tmp_path / "a")
    file.close()
    file.close()
    with pytest.raises(UnreadableError, match="closed"):
        file.read(1)
