import os
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, outcomes
from transload.entry import Limits
from transload.errors import TruncatedError, UnreadableError
from transload.sources.folder import FileReader, FolderReader, natural_key


def _fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_natural_order() -> None:
    names = ["IMG_10.jpg", "img_2.jpg", "IMG_1.jpg", "a", "10", "9", "b²"]
    assert sorted(names, key=natural_key) == [
        "a",
        "b²",
        "IMG_1.jpg",
        "img_2.jpg",
        "IMG_10.jpg",
        "9",
        "10",
    ]


def test_walk_is_sorted_and_complete(tmp_path: Path) -> None:
    _fill(tmp_path, "IMG_10.jpg", "IMG_2.jpg", "b/x.jpg", "b/.hidden", "a/deep/er/y.jpg")
    reader = FolderReader(tmp_path)
    entries = list(reader.entries())
    assert [entry.name for entry in entries if entry.kind == "file"] == [
        "a/deep/er/y.jpg", "b/.hidden", "b/x.jpg", "IMG_2.jpg", "IMG_10.jpg",
    ]  # fmt: skip
    assert [entry.index for entry in entries] == list(range(9))
    assert [entry.name for entry in entries if entry.kind == "dir"] == [
        "a",
        "a/deep",
        "a/deep/er",
        "b",
    ]
    listing = reader.listing()
    assert (listing.format, listing.entries, reader.listed) == ("folder", 9, True)
    assert listing.size_bytes == sum(len(entry.name) for entry in entries if entry.kind == "file")


def test_links_are_listed_never_followed(tmp_path: Path) -> None:
    _fill(tmp_path / "in", "a.jpg")
    _fill(tmp_path / "out", "secret")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/leak").symlink_to(tmp_path / "out/secret")
    (tmp_path / "in/broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "in/pipe")
    reader = FolderReader(tmp_path / "in")
    kinds = {entry.name: entry.kind for entry in reader.entries()}
    assert kinds == {
        "a.jpg": "file",
        "broken": "link",
        "leak": "link",
        "loop": "link",
        "pipe": "link",
    }
    assert outcomes(reader) == {"a.jpg": b"a.jpg"}


def test_times_and_bytes_of_names(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"f\xfcr.jpg")
    path.write_bytes(b"x")
    os.utime(path, ns=(0, 1_600_000_000_123_456_789))
    (entry,) = FolderReader(tmp_path).entries()
    assert (entry.raw_name, entry.name, entry.mtime_ms) == (
        b"f\xfcr.jpg",
        "für.jpg",
        1_600_000_000_123,
    )


def test_a_file_that_vanishes_or_shrinks_fails_alone(tmp_path: Path) -> None:
    _fill(tmp_path, "1", "2", "3", "4")
    reader = FolderReader(tmp_path)
    results: dict[str, object] = {}
    for entry, body in reader.stream(lambda _entry: True, 0, Limits()):
        if entry.name == "2":
            (tmp_path / "2").unlink()
            with pytest.raises(UnreadableError, match="2"):
                body.read()
        elif entry.name == "3":
            (tmp_path / "3").write_bytes(b"")
            with pytest.raises(TruncatedError):
                body.read()
        else:
            results[entry.name] = body.read()
    assert results == {"1": b"1", "4": b"4"}
    assert reader.finish().bytes_read == 2


def test_a_folder_that_is_gone_is_the_fault(tmp_path: Path) -> None:
    reader = FolderReader(tmp_path / "gone")
    assert list(reader.entries()) == []
    fault = reader.finish().fault
    assert fault is not None
    assert (fault.kind, "gone" in fault.detail) == ("input.unreadable", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_troubled(tmp_path: Path) -> None:
    _fill(tmp_path, "a", "b")
    (tmp_path / "a").chmod(0)
    reader = FolderReader(tmp_path)
    troubles = [entry.trouble and entry.trouble.kind for entry in reader.entries()]
    assert troubles == ["input.unreadable", None]
    assert outcomes(reader) == {"b": b"b"}


def test_a_single_file_is_one_entry(tmp_path: Path) -> None:
    _fill(tmp_path, "clip.final.mp4")
    reader = FileReader(tmp_path / "clip.final.mp4")
    assert reader.title == "clip.final"
    listing = reader.listing()
    assert (listing.format, listing.entries, listing.size_bytes) == ("file", 1, 14)
    assert outcomes(reader) == {"clip.final.mp4": b"clip.final.mp4"}


def test_files_tell_where_they_lie(tmp_path: Path) -> None:
    _fill(tmp_path, "b/x.jpg")
    (tmp_path / "link").symlink_to("b/x.jpg")
    places = {entry.name: entry.path for entry in FolderReader(tmp_path).entries()}
    assert places == {"b": None, "b/x.jpg": tmp_path / "b/x.jpg", "link": None}


def _parts_of(folder: Path) -> dict[str, str]:
    """What the parts of sets name, by their own names."""
    found = {entry.name: entry.part_of for entry in FolderReader(folder).entries()}
    return {name: part for name, part in found.items() if part is not None}


def test_every_part_of_a_set_names_the_one_that_is_opened(tmp_path: Path) -> None:
    _fill(tmp_path, "in/a.7z.002", "in/a.7z.001", "in/x.zip", "in/x.z01", "in/b.jpg", "a.7z.003")
    assert _parts_of(tmp_path) == {
        "a.7z.003": "a.7z.003",  # alone in its folder: opening it says what is missing
        "in/a.7z.001": "in/a.7z.001",
        "in/a.7z.002": "in/a.7z.001",
        "in/x.z01": "in/x.zip",
        "in/x.zip": "in/x.zip",
    }


def test_a_set_without_its_first_is_opened_by_the_next(tmp_path: Path) -> None:
    _fill(tmp_path, "a.part3.rar", "a.part2.rar")
    assert _parts_of(tmp_path) == {"a.part2.rar": "a.part2.rar", "a.part3.rar": "a.part2.rar"}


def test_numbers_behind_a_name_are_no_set_unless_the_content_is_an_archive(tmp_path: Path) -> None:
    _fill(tmp_path, "scan.001", "scan.002", "album.001", "album.002", "lost.001", "lost.002")
    make_zip(tmp_path / "album.001", {"a.jpg": b"x"})
    (tmp_path / "lost.001").unlink()
    (tmp_path / "lost.001").mkdir()
    assert _parts_of(tmp_path) == {"album.001": "album.001", "album.002": "album.001"}


def test_parts_that_are_folders_are_no_parts(tmp_path: Path) -> None:
    (tmp_path / "a.7z.001").mkdir()
    _fill(tmp_path, "a.7z.002")
    assert "a.7z.001" not in _parts_of(tmp_path)
