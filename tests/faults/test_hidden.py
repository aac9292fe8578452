"""Files that are not what they begin as, and archives that nothing here reads: nobody is told that all is well."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, RARE_PACKERS, make_tar
from tests.archives.makers_7z import make_by_7zz
from tests.archives.makers_image import iso_bytes
from tests.faults.desk import Desk, hashes
from tests.inputs import packed, photo

PHOTOS = {f"{n}.jpg": photo(n, (400, 300)) for n in range(4)}


def boxed(tree: dict[str, bytes]) -> bytes:
    """A zip of the tree as bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return out.getvalue()


BROKEN = b"\0" + boxed(PHOTOS)[1:]


def test_zips_in_a_folder_that_do_not_begin_as_zips(desk: Desk) -> None:
    folder = desk.inputs / "trip"
    folder.mkdir()
    (folder / "broken.zip").write_bytes(BROKEN)
    (folder / "backup.dat").write_bytes(b"words " * 20_000 + boxed({"21.jpg": photo(21)}))
    (folder / "both.jpg").write_bytes(photo(22) + boxed({"23.jpg": photo(23)}))
    (folder / "words.txt").write_text("words\n" * 1000)
    said = desk.send(folder)
    assert said.status == 0
    assert said.item("broken.zip")["why"] == "opened"
    assert said.item("backup.dat")["why"] == "opened"
    assert said.item("both.jpg")["kind"] == "photo"
    assert said.item("words.txt")["kind"] == "document"
    assert set(hashes(*PHOTOS.values(), photo(21))) <= set(desk.delivered().values())
    assert len(desk.delivered()) == 6


def test_a_damaged_zip_in_a_zip(desk: Desk) -> None:
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": BROKEN, "b.jpg": photo(9)}))
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values(), photo(9))


@pytest.mark.parametrize("into", ["folder", "zip"])
def test_what_is_called_a_zip_and_is_none_is_said(desk: Desk, into: str) -> None:
    tree = {"photos.zip": b"<html>Please log in</html>", "1.jpg": photo(1)}
    if into == "zip":
        source = packed(desk.inputs / "a.zip", tree)
    else:
        source = desk.inputs / "a"
        source.mkdir()
        for name, content in tree.items():
            (source / name).write_bytes(content)
    said = desk.send(source)
    assert said.status == 3
    assert said.fault("photos.zip") == "input.unsupported"
    assert list(desk.delivered().values()) == hashes(photo(1))


@pytest.mark.parametrize(("name", "head"), [
    ("old.bin", b"LRZI\0\6"), ("a.tar.lzo", b"\x89LZO\0\r\n\x1a\n"), ("a.arc", b"\x1a\x02p1.jpg\0"),
    ("disk", b"vhdxfile"),
])  # fmt: skip
def test_an_archive_that_nothing_here_reads(desk: Desk, name: str, head: bytes) -> None:
    source = desk.inputs / name
    source.write_bytes(head + bytes(3000))
    said = desk.send(source)
    assert said.status == 4
    assert said.kind == "input.unsupported"
    folder = desk.inputs / "folder"
    folder.mkdir()
    source.rename(folder / name)
    (folder / "1.jpg").write_bytes(photo(1))
    said = desk.send(folder)
    assert said.status == 3
    assert said.fault(name) == "input.unsupported"
    assert list(desk.delivered().values()) == hashes(photo(1))


def test_a_file_alone_that_is_no_media(desk: Desk) -> None:
    source = desk.inputs / "words.txt"
    source.write_text("words\n")
    said = desk.send(source)
    assert said.status == 4
    assert said.fault("words.txt") == "input.not_media"
    assert "--files all" in said.out
    assert desk.send(source, "--files", "all").status == 0
    assert set(desk.delivered()) == {"words/words.txt"}


def test_disks_and_old_archives_are_opened(desk: Desk) -> None:
    folder = desk.inputs / "old"
    folder.mkdir()
    make_by_7zz(folder / "a.wim", PHOTOS, "-twim")
    said = desk.send(folder)
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())
    assert make_tar(Path(folder / "b.tar"), {"x.jpg": photo(30)})
    assert desk.send(folder).status == 0
    assert len(desk.delivered()) == 5


def test_a_set_of_volumes_inside_an_archive_is_named_for_what_it_is(desk: Desk) -> None:
    whole = make_by_7zz(desk.folder / "home" / "b.7z", PHOTOS)
    content = whole.read_bytes()
    whole.unlink()
    middle = len(content) // 2
    tree = {"b.7z.001": content[:middle], "b.7z.002": content[middle:], "1.jpg": photo(9)}
    said = desk.send(packed(desk.inputs / "a.zip", tree))
    assert said.status == 3
    assert said.fault("b.7z.001") == "input.unsupported"
    assert "not put together" in said.item("b.7z.001")["error"]["detail"]
    assert not list((desk.data / "quarantine").glob("*"))
    assert list(desk.delivered().values()) == hashes(photo(9))


def test_a_packed_file_alone_that_is_no_media(desk: Desk) -> None:
    source = desk.inputs / "words.txt.gz"
    source.write_bytes(gzip.compress(b"words\n"))
    said = desk.send(source)
    assert (said.status, said.fault("words.txt")) == (4, "input.not_media")
    folder = desk.inputs / "folder"
    folder.mkdir()
    source.rename(folder / "words.txt.gz")
    (folder / "1.jpg").write_bytes(photo(1))
    assert desk.send(folder).status == 0


@pytest.mark.parametrize("compression", ["gz", "Z", "xz"])
def test_a_packed_image_of_a_disk_is_opened(desk: Desk, compression: str) -> None:
    """It begins with 32 KiB of zeros, as an empty tar does."""
    source = desk.inputs / f"disk.iso.{compression}"
    source.write_bytes(
        (PACKERS | RARE_PACKERS)[compression](iso_bytes({"A.JPG": photo(1), "B.JPG": photo(2)}))
    )
    assert desk.send(source).status == 0
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2))


@pytest.mark.parametrize("name", ["disk.iso", "disk", "disk.bin"])
def test_a_disk_whose_last_file_is_a_zip_is_a_disk(desk: Desk, name: str) -> None:
    inner = packed(desk.inputs / "in.zip", {"2.jpg": photo(2)})
    source = desk.inputs / name
    image = iso_bytes({"A.JPG": photo(1), "Z.ZIP": inner.read_bytes()})
    source.write_bytes(image.rstrip(b"\0"))
    desk.send(source)
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2))
