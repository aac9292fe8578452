"""Programs with an archive behind them are told from programs without."""

import zipfile
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise, outcomes
from tests.archives.makers_7z import make_by_7zz
from tests.archives.rar_maker import make_rar
from transload.archives.blob import LocalBlob
from transload.archives.open import Archives
from transload.archives.recognition import STUB_BYTES_MAX, embedded_format, read_head
from transload.entry import Limits
from transload.errors import UnsupportedError

TREE = {"a.jpg": noise(3000), "b/c.jpg": noise(3000, 2)}
STUB = b"MZ\x90\0" + bytes(60) + noise(200_000, 3)


def _behind(stub: bytes, archive: Path, name: str) -> Path:
    path = archive.with_name(name)
    path.write_bytes(stub + archive.read_bytes())
    return path


def _format(path: Path) -> str | None:
    return embedded_format(LocalBlob(path), read_head(path))


@pytest.mark.parametrize(("stub", "name"), [
    (STUB, "setup.exe"), (b"\x7fELF" + noise(5000), "photos"), (b"#!/bin/sh\nexit\n", "photos.run"),
    (STUB, "photos.jpg"),
])  # fmt: skip
def test_archives_behind_programs(tmp_path: Path, stub: bytes, name: str) -> None:
    made = {
        "sfx": make_by_7zz(tmp_path / "a.7z", TREE),
        "zip": make_zip(tmp_path / "a.zip", TREE, zipfile.ZIP_STORED),
    }
    for expected, archive in made.items():
        path = _behind(stub, archive, name)
        assert _format(path) == expected
        reader = Archives(Limits()).open(path)
        assert outcomes(reader) == TREE
        assert reader.listing().format == archive.suffix[1:]
        reader.close()
    path = _behind(stub, make_rar(tmp_path / "a.rar", TREE), name)
    reader = Archives(Limits()).open(path)
    assert outcomes(reader) == TREE
    assert reader.listing().format == "rar"
    reader.close()


@pytest.mark.parametrize("name", ["photos.exe", "photos.sfx", "photos"])
def test_archives_behind_what_is_no_known_program(tmp_path: Path, name: str) -> None:
    """The stub of a system whose programs have no mark, or one that was cut off."""
    for archive in (make_rar(tmp_path / "a.rar", TREE), make_by_7zz(tmp_path / "a.7z", TREE)):
        path = _behind(noise(9000, 7), archive, name)
        reader = Archives(Limits()).open(path)
        assert outcomes(reader) == TREE
        reader.close()


def test_a_signature_alone_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "photos.bin"
    for signature in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"):
        path.write_bytes(noise(5000) + signature + noise(5000, 2))
        assert _format(path) is None


def test_a_rar_of_old_is_known_by_its_main_header(tmp_path: Path) -> None:
    main = b"\x73\0\0\x0d\0" + bytes(6)
    head = (zlib.crc32(main) & 0xFFFF).to_bytes(2, "little") + main
    path = tmp_path / "photos.exe"
    path.write_bytes(noise(5000) + b"Rar!\x1a\x07\x00" + head + noise(100, 2))
    assert _format(path) == "sfx"


@pytest.mark.parametrize("shift", [-5, -1, 0, 1])
def test_a_signature_over_the_end_of_a_step(tmp_path: Path, shift: int) -> None:
    archive = make_by_7zz(tmp_path / "a.7z", {"a": b"1"})
    assert _format(_behind(b"MZ" + bytes((256 << 10) - 2 + shift), archive, "a.exe")) == "sfx"


def test_programs_without_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.exe"
    path.write_bytes(STUB)
    assert _format(path) is None
    with pytest.raises(UnsupportedError, match="not an archive"):
        Archives(Limits()).open(path)
    path.write_bytes(b"MZ" + bytes(STUB_BYTES_MAX) + b"7z\xbc\xaf\x27\x1c")
    assert _format(path) is None


def test_a_program_that_only_has_the_signature(tmp_path: Path) -> None:
    """An unpacker has it in its code; nothing can be listed from there."""
    path = tmp_path / "a.exe"
    path.write_bytes(STUB + b"7z\xbc\xaf\x27\x1c" + noise(5000))
    assert _format(path) is None
    with pytest.raises(UnsupportedError, match="a program"):
        Archives(Limits()).open(path)


def test_other_files_are_not_searched(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8" + noise(500) + make_zip(tmp_path / "a.zip", TREE).read_bytes())
    assert _format(path) is None
    for name in ("a.exe", "a.bin", "noending"):
        path = path.rename(tmp_path / name)
        assert _format(path) == "zip"
    path.write_bytes(b"")
    assert _format(path) is None
