from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip
from transload.archives.open import Archives, is_archive, read_head
from transload.entry import Limits
from transload.errors import TruncatedError, UnreadableError, UnsupportedError

LIMITS = Limits()


@pytest.mark.parametrize(("name", "packing", "expected"), [
    ("a.zip", None, "zip"), ("a.dat", None, "zip"), ("a.tar", None, "tar"), ("a.jpg", "gz", "tar.gz"),
    ("a.tbz2", "bz2", "tar.bz2"), ("a.txz", "xz", "tar.xz"), ("a.tar.zst", "zst", "tar.zst"),
])  # fmt: skip
def test_content_chooses_the_reader(
    tmp_path: Path, name: str, packing: str | None, expected: str
) -> None:
    path = tmp_path / name
    if expected == "zip":
        make_zip(path, {"x": b"1"})
    else:
        make_tar(path, {"x": b"1"}, packing)
    reader = Archives(LIMITS).open(path)
    assert reader.listing().format == expected
    assert [entry.name for entry in reader.entries()] == ["x"]
    reader.close()


@pytest.mark.parametrize(("head", "words"), [
    (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
    (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
    (b"\x04\x22\x4d\x18more", "a LZ4 archive"),
    (b"<!DOCTYPE html>", "not an archive"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_with_a_next_step(
    tmp_path: Path, head: bytes, words: str
) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(head)
    with pytest.raises(UnsupportedError, match=words) as caught:
        Archives(LIMITS).open(path)
    assert "photos.zip" in caught.value.detail
    assert caught.value.suggestion


def test_empty_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    with pytest.raises(TruncatedError, match="empty"):
        Archives(LIMITS).open(tmp_path / "a.zip")
    with pytest.raises(UnreadableError):
        Archives(LIMITS).open(tmp_path / "b.zip")


def test_an_empty_tar_is_told_by_its_name(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {})
    assert is_archive(path.name, read_head(path))
    reader = Archives(LIMITS).open(path)
    assert list(reader.entries()) == []
    assert reader.finish().fault is None
    reader.close()
    other = path.rename(tmp_path / "a.mp4")
    assert not is_archive(other.name, read_head(other))
