"""Archives inside archives and folders, honest and hostile: what is whole arrives, the rest is named."""

import gzip
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, noise, tar_bytes
from tests.archives.makers_7z import make_by_7zz
from tests.faults.desk import Desk, hashes
from tests.inputs import clip, packed, photo

PHOTOS = {f"{n}.jpg": photo(n, (400, 300)) for n in range(8)}


def boxed(desk: Desk, tree: dict[str, bytes]) -> bytes:
    """A zip of the tree as bytes."""
    path = desk.folder / "home" / "box"
    content = packed(path, tree).read_bytes()
    path.unlink()
    return content


def nested(desk: Desk, depth: int) -> bytes:
    """A photo in a zip in a zip …; `depth` zips in all."""
    content = boxed(desk, {f"{depth}.jpg": photo(depth)})
    for level in range(depth - 1, 0, -1):
        content = boxed(desk, {f"{level}.jpg": photo(level), "in.zip": content})
    return content


def kept(desk: Desk) -> list[bytes]:
    """What lies in the quarantine."""
    return [path.read_bytes() for path in (desk.data / "quarantine").glob("*")]


def test_a_zip_in_a_zip(desk: Desk) -> None:
    inner = boxed(desk, {"trip/1.jpg": photo(1), "readme.txt": b"words"})
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": inner, "2.jpg": photo(2)}))
    assert said.status == 0
    names = [item["name"] for item in said.report["items"]]
    assert names == ["in.zip", "in.zip/trip/1.jpg", "in.zip/readme.txt", "2.jpg"]
    assert said.item("in.zip")["why"] == "opened"
    assert said.item("in.zip")["state"] == "skipped"
    assert set(desk.delivered()) == {"a/in.zip/trip/1.jpg", "a/2.jpg"}
    totals = said.report["totals"]
    assert totals["sent"] + totals["skipped"] == totals["entries"] == 4


def test_a_packed_tar_in_a_zip(desk: Desk) -> None:
    inner = gzip.compress(tar_bytes({"trip/": b"", "trip/1.jpg": photo(1)}))
    said = desk.send(packed(desk.inputs / "a.zip", {"in.tar.gz": inner}))
    assert said.status == 0
    assert set(desk.delivered()) == {"a/in.tar.gz/trip/1.jpg"}


def test_a_zip_in_a_tar_under_a_name_that_promises_nothing(desk: Desk) -> None:
    tree = {"backup.dat": boxed(desk, {"1.jpg": photo(1)}), "2.jpg": photo(2)}
    said = desk.send(make_tar(desk.inputs / "a.tgz", tree, "gz"))
    assert said.status == 0
    assert set(desk.delivered()) == {"a/backup.dat/1.jpg", "a/2.jpg"}


def test_a_folder_with_archives(desk: Desk) -> None:
    folder = desk.inputs / "trip"
    (folder / "old").mkdir(parents=True)
    packed(folder / "old" / "in.zip", {"10.jpg": photo(10), "deep.zip": nested(desk, 2)})
    (folder / "20.jpg").write_bytes(photo(20))
    said = desk.send(folder)
    assert said.status == 0
    assert set(desk.delivered()) == {
        "trip/old/in.zip/10.jpg",
        "trip/old/in.zip/deep.zip/1.jpg",
        "trip/old/in.zip/deep.zip/in.zip/2.jpg",
        "trip/20.jpg",
    }


def pieces(folder: Path, name: str, content: bytes, count: int) -> list[Path]:
    """The content cut into files `NAME.001` ….."""
    folder.mkdir(exist_ok=True)
    size = -(-len(content) // count)
    paths = [folder / f"{name}.{n + 1:03}" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(content[n * size : (n + 1) * size])
    return paths


def test_a_folder_that_is_one_set_of_volumes(desk: Desk) -> None:
    folder = desk.inputs / "set"
    pieces(folder, "trip.zip", boxed(desk, PHOTOS), 3)
    said = desk.send(folder)
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())
    assert said.item(".zip.001")["why"] == "opened"
    assert said.item(".zip.003")["state"] == "skipped"
    assert said.item(".zip.003")["why"] == "part of trip.zip.001, read with it"
    assert said.report["totals"]["entries"] == 3 + len(PHOTOS)


def test_a_set_in_a_folder_that_lacks_a_part_names_it(desk: Desk) -> None:
    folder = desk.inputs / "set"
    parts = pieces(folder, "trip.zip", boxed(desk, PHOTOS), 3)
    parts[1].unlink()
    (folder / "z.jpg").write_bytes(photo(50))
    said = desk.send(folder)
    assert said.status == 3
    assert said.fault(".zip.001") == "input.missing_volume"
    assert "trip.zip.002" in said.item(".zip.001")["error"]["detail"]
    assert list(desk.delivered().values()) == hashes(photo(50))
    assert kept(desk) == []


def test_deeper_than_allowed_is_said_and_the_rest_arrives(desk: Desk) -> None:
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": nested(desk, 4)}))
    assert said.status == 3
    assert said.fault("in.zip/in.zip/in.zip/in.zip") == "input.limit"
    assert "archive.max_depth" in said.out
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2), photo(3))
    assert kept(desk) == []


def test_the_depth_is_a_setting(desk: Desk) -> None:
    source = packed(desk.inputs / "a.zip", {"in.zip": nested(desk, 4)})
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_DEPTH="4")
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*map(photo, (1, 2, 3, 4)))


def test_an_archive_that_goes_on_forever_ends_at_the_depth(desk: Desk) -> None:
    content = nested(desk, 3)
    for _ in range(12):  # what an archive holding itself looks like from outside
        content = boxed(desk, {"1.jpg": photo(1), "in.zip": content})
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": content}))
    assert said.status == 3
    assert said.report["totals"]["entries"] == 7
    assert said.report["totals"]["failed"] == 1
    assert list(desk.delivered().values()) == hashes(photo(1))


def test_wide_and_deep_ends_at_the_number_of_entries(desk: Desk) -> None:
    level = boxed(desk, {f"{n}.txt": b"x" for n in range(20)})
    for _ in range(2):
        level = boxed(desk, {f"{n}.zip": level for n in range(20)})
    source = packed(desk.inputs / "a.zip", {"0.jpg": photo(0), "in.zip": level, "9.jpg": photo(9)})
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_ENTRIES="500")
    assert said.status == 3
    assert said.report["totals"]["entries"] <= 600
    assert "archive.max_entries" in said.out
    assert hashes(photo(0))[0] in desk.delivered().values()


def test_a_damaged_entry_inside_is_named_and_its_neighbours_arrive(desk: Desk) -> None:
    inner = bytearray(boxed(desk, PHOTOS))
    inner[inner.index(PHOTOS["3.jpg"]) + 900] ^= 0xFF
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": bytes(inner)}))
    assert said.status == 3
    assert said.fault("in.zip/3.jpg") == "input.corrupt"
    assert said.item("in.zip")["why"] == "opened"
    whole = [content for name, content in PHOTOS.items() if name != "3.jpg"]
    assert sorted(desk.delivered().values()) == hashes(*whole)


@pytest.mark.parametrize("compression", ["zip", "tar.gz"])
@pytest.mark.parametrize("into", ["zip", "folder"])
def test_a_cut_archive_inside_gives_what_is_whole_and_is_kept(
    desk: Desk, compression: str, into: str
) -> None:
    tree = {name: content + noise(4000, n) for n, (name, content) in enumerate(PHOTOS.items())}
    whole = boxed(desk, tree) if compression == "zip" else gzip.compress(tar_bytes(tree))
    inner = whole[: len(whole) * 7 // 10]
    name = f"in.{compression}"
    source = desk.inputs / "a"
    if into == "zip":
        packed(source, {name: inner, "last.jpg": photo(99)})
    else:
        source.mkdir()
        (source / name).write_bytes(inner)
        (source / "last.jpg").write_bytes(photo(99))
    said = desk.send(source)
    assert said.status == 3
    assert said.fault(name) in ("input.truncated", "input.corrupt")
    assert said.item(name)["state"] == "quarantined"
    # The user has the file of a folder: a reference is enough.
    assert (inner in kept(desk)) is (into == "zip")
    assert set(hashes(*list(tree.values())[:4], photo(99))) <= set(desk.delivered().values())


def test_an_archive_inside_that_comes_with_a_wrong_checksum(desk: Desk) -> None:
    inner = boxed(desk, PHOTOS)
    source = packed(desk.inputs / "a.zip", {"in.zip": inner, "last.jpg": photo(99)})
    data = bytearray(source.read_bytes())
    data[data.index(PHOTOS["3.jpg"]) + 900] ^= 0xFF
    source.write_bytes(data)
    said = desk.send(source)
    assert said.status == 3
    assert said.fault("in.zip") == "input.corrupt"
    assert said.fault("in.zip/3.jpg") == "input.corrupt"
    whole = [content for name, content in PHOTOS.items() if name != "3.jpg"]
    assert sorted(desk.delivered().values()) == hashes(*whole, photo(99))


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 no gzip at all", b"PK\x03\x04 no zip at all"])
def test_an_archive_inside_that_is_none_is_kept(desk: Desk, content: bytes) -> None:
    said = desk.send(packed(desk.inputs / "a.zip", {"in.bin": content, "1.jpg": photo(1)}))
    assert said.status == 3
    assert said.fault("in.bin") in ("input.truncated", "input.corrupt")
    assert kept(desk) == [content]
    assert list(desk.delivered().values()) == hashes(photo(1))


def test_a_bomb_inside_ends_at_its_limit(desk: Desk) -> None:
    tree = {"a.jpg": photo(1), "bomb.jpg": photo(99) + bytes(100 << 20), "z.jpg": photo(2)}
    box = make_zip(desk.folder / "home" / "box", tree)
    inner = box.read_bytes()
    box.unlink()
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": inner, "last.jpg": photo(3)}))
    assert said.status == 3
    assert said.fault("in.zip/bomb.jpg") == "input.limit"
    assert "archive.max_ratio" in said.out
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(2), photo(3))
    assert said.item("in.zip")["why"] == "opened"
    assert kept(desk) == []


def test_levels_that_are_each_below_the_ratio_are_a_bomb_together(desk: Desk) -> None:
    box = desk.folder / "home" / "box"
    bomb = {f"{n}.jpg": photo(n) + bytes(9 << 20) for n in range(9)}
    inner = make_zip(box, bomb).read_bytes()
    box.unlink()
    source = make_zip(desk.inputs / "a.zip", {"in.zip": inner, "last.jpg": photo(50)})
    assert len(inner) > 5 * source.stat().st_size
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_RATIO="1100")
    assert said.status == 3
    assert "archive.max_ratio" in said.out
    assert hashes(photo(50))[0] in desk.delivered().values()


def test_the_limit_of_all_bytes_holds_over_all_levels(desk: Desk) -> None:
    tree = {f"{n}.zip": boxed(desk, PHOTOS) for n in range(3)}
    size = sum(map(len, PHOTOS.values()))
    source = packed(desk.inputs / "a.zip", tree)
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_TOTAL_BYTES=str(5 * size // 2))
    assert said.status == 3
    assert "archive.max_total_bytes" in said.out
    assert len(desk.delivered()) == len(PHOTOS)


def test_files_all_delivers_it_whole(desk: Desk) -> None:
    inner = boxed(desk, PHOTOS)
    said = desk.send(packed(desk.inputs / "a.zip", {"in.zip": inner}), "--files", "all")
    assert said.status == 0
    assert list(desk.delivered().values()) == hashes(inner)


def by_7zz(desk: Desk, tree: dict[str, bytes], *words: str) -> bytes:
    """A 7z of the tree as bytes."""
    path = make_by_7zz(desk.folder / "home" / "box.7z", tree, *words)
    content = path.read_bytes()
    path.unlink()
    return content


def test_a_solid_7z_in_a_zip_with_its_conversion(desk: Desk) -> None:
    film = clip(desk.folder / "home" / "film.avi")
    inner = by_7zz(desk, {"a/film.avi": film.read_bytes(), "b/1.jpg": photo(1)}, "-ms=on")
    film.unlink()
    said = desk.send(packed(desk.inputs / "a.zip", {"in.7z": inner, "2.jpg": photo(2)}))
    assert said.status == 0
    assert [name for name in desk.delivered() if not name.startswith("a/originals/")] == [
        "a/2.jpg", "a/in.7z/a/film.mp4", "a/in.7z/b/1.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize("hides", ["-mhe=on", "-mhe=off"])
def test_a_locked_archive_inside_waits_for_its_password_alone(desk: Desk, hides: str) -> None:
    film = clip(desk.folder / "home" / "film.avi")
    locked = {"1.jpg": photo(1), "film.avi": film.read_bytes()}
    film.unlink()
    inner = by_7zz(desk, locked, "-pwords", hides)
    tree = {"0.jpg": photo(0), "deep.zip": boxed(desk, {"in.7z": inner}), "2.jpg": photo(2)}
    said = desk.send(packed(desk.inputs / "a.zip", tree))
    assert (said.status, said.kind) == (5, "input.password_needed")
    assert sorted(desk.delivered().values()) == hashes(photo(0), photo(2))
    wanting = [item["name"] for item in said.report["items"] if item["state"] == "pending"]
    inside = ["deep.zip/in.7z/1.jpg", "deep.zip/in.7z/film.avi"]
    assert wanting == (["deep.zip/in.7z"] if hides == "-mhe=on" else inside)
    again = desk.send(desk.inputs / "a.zip", "--password", "words")
    assert again.status == 0
    assert again.report["job"] == said.report["job"]
    assert again.item("in.7z")["why"] == "opened"
    assert again.report["totals"]["sent"] == 4
    assert len(desk.delivered()) == 5  # the film's original lies beside its copy
