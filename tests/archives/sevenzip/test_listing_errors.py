"""What a listing says of the whole: nothing damaged is sound, nothing empty that is not."""

import struct
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_7z import make_by_7zz, make_empty_7z
from tests.archives.makers_old import xar_bytes
from tests.archives.rar_maker import make_rar
from transload.archives.open import Archives
from transload.archives.sevenzip.listing import (
    SevenZipListing,
    error_of_archive,
    error_of_listing,
    parse,
)
from transload.entry import Limits
from transload.errors import CorruptError, MissingVolumeError, TransloadError, UnsupportedError

TREE = {f"{n}.jpg": noise(3000, n) for n in range(4)}
EMPTY_7Z = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<LQQL", zlib.crc32(bytes(20)), 0, 0, 0)


def _told(path: Path) -> tuple[dict[str, bytes | TransloadError], str | None]:
    reader = Archives(Limits()).open(path)
    found, fault = outcomes(reader), reader.finish().fault
    reader.close()
    return found, fault.kind if fault else None


def test_zeros_after_the_end_are_no_matter_another_archive_is(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(100_000))
    assert _told(path) == (TREE, None)
    path.write_bytes(whole + b"a signature of some kind")
    assert _told(path) == (TREE, None)
    for other in (whole, b"PK\x03\x04" + bytes(99), b"\x1f\x8b\x08" + bytes(20)):
        path.write_bytes(whole + bytes(70_000) + other)
        assert _told(path) == (TREE, "input.unsupported")


def test_bytes_after_the_end_of_a_rar_mean_that_headers_were_not_found(tmp_path: Path) -> None:
    path = make_rar(tmp_path / "a.rar", TREE)
    path.write_bytes(path.read_bytes() + noise(500))
    assert _told(path) == (TREE, "input.corrupt")


def test_a_rar_of_old_with_a_damaged_first_header_is_not_empty(tmp_path: Path) -> None:
    """RAR 4: the signature, a main header, the header of a file whose length is wrong."""
    main = b"\x73\0\0\x0d\0" + bytes(6)
    head = (zlib.crc32(main) & 0xFFFF).to_bytes(2, "little") + main
    path = tmp_path / "a.rar"
    path.write_bytes(b"Rar!\x1a\x07\x00" + head + noise(60_000))
    with pytest.raises(CorruptError):
        Archives(Limits()).open(path)


def test_an_empty_7z_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.7z"
    path.write_bytes(EMPTY_7Z)
    assert _told(path) == ({}, None)
    path.write_bytes(EMPTY_7Z + noise(1000))
    with pytest.raises(TransloadError):
        Archives(Limits()).open(path)
    make_empty_7z(path, ["a", "b"])
    assert _told(path) == ({"a": b"", "b": b""}, None)


def test_a_whole_7z_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Its directory, whose sum is right, begins with a mark that no version of the format has."""
    index = b"\x77" + bytes(40)
    start = struct.pack("<QQL", 0, len(index), zlib.crc32(index))
    path = tmp_path / "a.7z"
    path.write_bytes(
        b"7z\xbc\xaf\x27\x1c\0\4" + zlib.crc32(start).to_bytes(4, "little") + start + index
    )
    with pytest.raises(UnsupportedError, match="7z"):
        Archives(Limits()).open(path)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CorruptError):
        Archives(Limits()).open(path)


@pytest.mark.parametrize(("method", "error"), [(5, UnsupportedError), (1, CorruptError)])
def test_a_squashfs_in_lz4_is_not_called_damaged(
    tmp_path: Path, method: int, error: type[TransloadError]
) -> None:
    start = struct.pack(
        "<4s4LHHHHHH8Q", b"hsqs", 1, 0, 131072, 0, method, 17, 0, 1, 4, 0, *[96] * 8
    )
    (tmp_path / "a.squashfs").write_bytes(start + bytes(4000))
    with pytest.raises(error):
        Archives(Limits()).open(tmp_path / "a.squashfs")


def test_a_xar_as_bsdtar_writes_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.xar"
    path.write_bytes(xar_bytes(TREE) + noise(20))
    assert _told(path)[1] is None


def _listing(**odd: object) -> SevenZipListing:
    fields = {b"Type": b"Rar5", b"Physical Size": b"20"}
    plain: dict[str, object] = {"format": "rar", "solid": False, "faulty": False, "volumes": 1}
    sizes = {"physical_bytes": 20, "headers_bytes": 0, "offset_bytes": 0, "fields": fields}
    return SevenZipListing(members=[], **(plain | sizes | odd))  # type: ignore[arg-type]


def test_words_for_each(tmp_path: Path) -> None:
    path = tmp_path / "a.rar"
    path.write_bytes(noise(100))
    assert error_of_listing(path, "a", _listing(), 0, ()) is None
    for odd in ({"faulty": True}, {"warned": True}, {"tail_bytes": 80, "warned": True}):
        assert isinstance(error_of_listing(path, "a", _listing(**odd), 0, ()), CorruptError)
    assert isinstance(error_of_listing(path, "a", _listing(), 2, ()), CorruptError)
    assert isinstance(error_of_listing(path, "a", _listing(), 2, ("b",)), MissingVolumeError)
    assert error_of_archive(path, "a", _listing(), ()) is None
    assert isinstance(error_of_archive(path, "a", _listing(warned=True), ()), CorruptError)
    assert error_of_archive(path, "a", _listing(warned=True, volumes=2), ()) is None


def test_a_wim_of_which_only_the_directory_is_listed_is_not_whole() -> None:
    lines = b"""--
Path = a.wim
Type = wim
WARNINGS:
There are data after the end of archive
WARNING = XML error
Tail Size = 1

----------
Path = [1].xml
Folder = -
Size = 708
Method =
"""
    told = parse(lines.splitlines(), Limits())
    assert (told.members, told.warned_inside) == ([], True)
    assert isinstance(error_of_listing(Path("none"), "a.wim", told, 0, ()), CorruptError)
