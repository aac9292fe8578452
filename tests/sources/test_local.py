import os
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, noise, outcomes
from tests.archives.makers_7z import make_by_7zz, make_spanned_zip, make_volumes
from tests.archives.rar_maker import make_rar_volumes
from transload.archives.open import Archives
from transload.entry import Limits, Opening, title_of
from transload.errors import (
    MissingVolumeError,
    PasswordNeededError,
    SourceNotFoundError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
    UsageError,
    WrongPasswordError,
)
from transload.sources.local import LocalSources

SOURCES = LocalSources("box", Archives(Limits()))


def test_resolve_makes_paths_absolute_and_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real.zip").write_bytes(b"x")
    (tmp_path / "link.zip").symlink_to("real.zip")
    monkeypatch.chdir(tmp_path)
    ref = SOURCES.resolve("./link.zip")
    assert ref.ref == str(tmp_path / "real.zip")
    assert ref.identity == f"local:box:{tmp_path / 'real.zip'}"
    assert ref.title == "real"
    assert SOURCES.resolve(".").title == tmp_path.name
    assert LocalSources("other", Archives(Limits())).resolve("real.zip").identity != ref.identity


def test_a_missing_path_names_what_does_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        SOURCES.resolve(str(tmp_path / "no" / "such.zip"))
    assert str(tmp_path / "no/such.zip") in caught.value.detail
    assert f"{tmp_path} does exist" in caught.value.detail
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SourceNotFoundError, match="does exist"):
        SOURCES.resolve(str(tmp_path / "file" / "inside.zip"))
    with pytest.raises(SourceNotFoundError, match="any more"):
        SOURCES.open(str(tmp_path / "gone.zip"), Opening())


def test_words_that_are_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for text in ("", "a\0b", str(tmp_path / "pipe")):
        with pytest.raises(UsageError):
            SOURCES.resolve(text)
    with pytest.raises(UnreadableError):
        SOURCES.resolve(str(tmp_path / "loop"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x")
    (tmp_path / "a.zip").chmod(0)
    with pytest.raises(UnreadableError):
        SOURCES.resolve(str(tmp_path / "a.zip"))


def test_content_decides_what_a_source_is(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.bin", {"x": b"1"})
    make_tar(tmp_path / "b.tar.gz", {"y": b"2"}, "gz")
    (tmp_path / "c.jpg").write_bytes(b"photo")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/z").write_bytes(b"3")
    expected = {
        "a.bin": {"x": b"1"},
        "b.tar.gz": {"y": b"2"},
        "c.jpg": {"c.jpg": b"photo"},
        "d": {"z": b"3"},
    }
    for name, content in expected.items():
        source = SOURCES.open(str(tmp_path / name), Opening())
        assert outcomes(source) == content
        assert source.title == name.split(".")[0]
        source.close()
        source.close()


def test_documents_that_are_zips_stay_whole(tmp_path: Path) -> None:
    make_zip(tmp_path / "letter.docx", {"word/document.xml": b"<x/>"}, zipfile.ZIP_STORED)
    source = SOURCES.open(str(tmp_path / "letter.docx"), Opening())
    assert [entry.name for entry in source.entries()] == ["letter.docx"]
    source.close()


def test_names_that_promise_an_archive_must_hold_one(tmp_path: Path) -> None:
    for name in ("a.zip", "a.rar", "a.7z", "a.tar", "a.tgz"):
        (tmp_path / name).write_bytes(b"<html>not found</html>")
        with pytest.raises(UnsupportedError, match="not an archive: it begins like a web page"):
            SOURCES.open(str(tmp_path / name), Opening())
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(TruncatedError, match="empty"):
            SOURCES.open(str(tmp_path / name), Opening())


def test_an_empty_media_file_is_a_source_of_one_empty_entry(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    source = SOURCES.open(str(tmp_path / "a.jpg"), Opening())
    assert outcomes(source) == {"a.jpg": b""}
    source.close()


@pytest.mark.parametrize(("name", "title"), [
    ("photos.zip", "photos"), ("trip.tar.gz", "trip"), ("trip.v2.TAR.XZ", "trip.v2"), ("a.tgz", "a"),
    ("clip.tar.mp4", "clip.tar"), ("noending", "noending"),
])  # fmt: skip
def test_titles(name: str, title: str) -> None:
    assert title_of(name) == title


TREE = {f"{n}.jpg": noise(1300, n) for n in range(8)}


def test_any_file_of_a_set_is_the_same_source(tmp_path: Path) -> None:
    sets = {
        "trip": make_volumes(tmp_path / "trip.7z", TREE, 3000),
        "old": make_spanned_zip(tmp_path / "old.zip", TREE, 3000),
        "new": make_rar_volumes(tmp_path / "new", TREE, 3000),
    }
    for title, parts in sets.items():
        (ref,) = {SOURCES.resolve(str(part)) for part in parts}
        assert ref.title == title
        assert Path(ref.ref) in parts
        source = SOURCES.open(ref.ref, Opening())
        assert (source.title, outcomes(source)) == (title, TREE)
        source.close()
    before = SOURCES.resolve(str(sets["trip"][0])).version
    sets["trip"][1].write_bytes(sets["trip"][1].read_bytes() + b"x")
    assert SOURCES.resolve(str(sets["trip"][0])).version != before


def test_a_set_without_its_first_file_names_it(tmp_path: Path) -> None:
    for parts in (
        make_volumes(tmp_path / "a.7z", TREE, 3000),
        make_rar_volumes(tmp_path / "b", TREE, 3000),
    ):
        parts[0].unlink()
        ref = SOURCES.resolve(str(parts[1])).ref
        with pytest.raises(MissingVolumeError, match=parts[0].name):
            SOURCES.open(ref, Opening())


def test_a_program_with_an_archive_is_one(tmp_path: Path) -> None:
    stub = b"MZ" + noise(9000)
    path = tmp_path / "photos.exe"
    path.write_bytes(stub + make_by_7zz(tmp_path / "a.7z", TREE).read_bytes())
    source = SOURCES.open(str(path), Opening())
    assert (source.title, outcomes(source)) == ("photos", TREE)
    source.close()
    path.write_bytes(stub)
    source = SOURCES.open(str(path), Opening())
    assert outcomes(source) == {"photos.exe": stub}
    source.close()


def test_passwords_reach_the_archive(tmp_path: Path) -> None:
    path = str(make_by_7zz(tmp_path / "a.7z", TREE, "-pgeheim", "-mhe=on"))
    with pytest.raises(PasswordNeededError):
        SOURCES.open(path, Opening())
    with pytest.raises(WrongPasswordError):
        SOURCES.open(path, Opening.trying(["one", "two"]))
    source = SOURCES.open(path, Opening.trying(["one", "geheim"]))
    assert outcomes(source) == TREE
    source.close()
