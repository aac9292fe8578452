import os
from pathlib import Path

import pytest

from tests.archives.makers import outcomes
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
