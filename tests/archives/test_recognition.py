import struct
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise, outcomes
from transload.archives.blob import LocalBlob
from transload.archives.open import Archives
from transload.archives.recognition import hidden_format
from transload.entry import Limits
from transload.errors import NotArchiveError

TREE = {f"{number}.jpg": noise(2000, number) for number in range(5)}
ARCHIVES = Archives(Limits())


def _format(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    return hidden_format(LocalBlob(path))


def test_a_zip_that_does_not_begin_as_one(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "a", TREE).read_bytes()
    path = tmp_path / "photos.dat"
    assert _format(path, b"\0\0" + whole[2:]) == "zip"
    assert _format(path, whole[100:]) == "zip"
    assert _format(path, noise(100_000) + whole) == "zip"
    assert _format(path, whole + b"trailing") == "zip"
    assert _format(path, whole[2:-30]) is None
    reader = ARCHIVES.open(path.parent / "a")
    assert outcomes(reader) == TREE
    reader.close()


def test_a_long_comment_is_looked_for_where_the_name_promises_a_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", TREE)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"x" * 60_000
    broken = b"\0\0" + path.read_bytes()[2:]
    assert _format(tmp_path / "a.zip", broken) == "zip"
    assert _format(tmp_path / "a.dat", broken) is None
    assert _format(tmp_path / "b.zip", b"\0\0" + make_zip(path, TREE).read_bytes()[2:-30]) == "zip"


@pytest.mark.parametrize("name", ["word/document.xml", "mimetype", "META-INF/MANIFEST.MF"])
def test_documents_that_are_zips_in_form(tmp_path: Path, name: str) -> None:
    whole = make_zip(tmp_path / "a", {name: b"x", "1.jpg": noise(100)}).read_bytes()
    assert _format(tmp_path / "b", b"\0\0" + whole[2:]) is None


@pytest.mark.parametrize("content", [
    b"", b"text", b"about PK\x05\x06 marks" * 10, noise(100_000),
    struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, 300, 0, 0), bytes(40_000),
])  # fmt: skip
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.dat"
    assert _format(path, content) is None
    if content and not content.startswith(b"PK"):
        with pytest.raises(NotArchiveError):
            ARCHIVES.open(path)


def test_images_of_disks(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    assert _format(path, bytes(32_768) + b"\x01CD001\x01" + bytes(2000)) == "iso"
    assert _format(path, bytes(32_768) + b"\x00BEA01\x01" + bytes(2000)) == "udf"
    assert _format(path, noise(5000) + b"koly" + bytes(508)) == "dmg disk image"
    assert _format(path, noise(5000) + b"conectix" + bytes(504)) == "vhd disk image"
