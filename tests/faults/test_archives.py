"""Archives that are not what they seem: every intact entry arrives, everything else is named with a next step."""

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import cut, make_tar, make_zip, noise
from tests.faults.desk import Desk, hashes
from tests.inputs import packed, photo

PHOTOS = {f"trip/{n}.jpg": photo(n, (400, 300)) for n in range(10)}
ESCAPE = "\x1b]0;owned\x07\x1b[31m"


def test_a_text_named_zip_is_no_archive(desk: Desk) -> None:
    source = desk.inputs / "photos.zip"
    source.write_text("<html>Please log in to download photos.zip</html>\n" * 50)
    said = desk.send(source)
    assert said.status == 4
    assert said.kind in ("input.corrupt", "input.unsupported")
    assert said.tells("photos.zip")
    assert desk.delivered() == {}


def test_an_empty_file_named_zip(desk: Desk) -> None:
    source = desk.inputs / "photos.zip"
    source.touch()
    said = desk.send(source)
    assert said.status == 4
    assert said.kind in ("input.corrupt", "input.truncated", "input.unsupported")
    assert said.tells("photos.zip", "empty")


def test_an_empty_but_valid_zip_warns(desk: Desk) -> None:
    said = desk.send(packed(desk.inputs / "photos.zip", {}))
    assert said.status == 0
    assert said.report["state"] == "succeeded"
    assert said.report["warnings"]
    assert "warning" in said.out + said.err


def test_a_zip_cut_at_70_percent_gives_what_is_whole(desk: Desk) -> None:
    said = desk.send(cut(packed(desk.inputs / "trip.zip", PHOTOS)))
    assert said.status == 3
    assert said.kind == "input.truncated"
    assert said.tells("trip")
    assert said.report["totals"]["sent"] >= 6
    assert set(hashes(*list(PHOTOS.values())[:6])) <= set(desk.delivered().values())


def test_a_tar_gz_cut_at_70_percent_gives_what_is_whole(desk: Desk) -> None:
    tree = {name: content + noise(4000, n) for n, (name, content) in enumerate(PHOTOS.items())}
    said = desk.send(cut(make_tar(desk.inputs / "trip.tar.gz", tree, "gz")))
    assert said.status == 3
    assert said.kind == "input.truncated"
    assert said.tells("trip")
    assert set(hashes(*list(tree.values())[:6])) <= set(desk.delivered().values())


def test_a_wrong_checksum_costs_one_entry(desk: Desk) -> None:
    source = packed(desk.inputs / "trip.zip", PHOTOS)
    data = bytearray(source.read_bytes())
    at = data.index(PHOTOS["trip/4.jpg"]) + 900
    data[at] ^= 0xFF
    source.write_bytes(data)
    said = desk.send(source)
    assert said.status == 3
    assert said.item("4.jpg")["state"] == "quarantined"
    assert said.fault("4.jpg") == "input.corrupt"
    good = [content for name, content in PHOTOS.items() if name != "trip/4.jpg"]
    assert sorted(desk.delivered().values()) == hashes(*good)


@pytest.mark.parametrize("compression", ["zip", "tar.gz"])
def test_a_bomb_by_ratio_ends_at_its_limit(desk: Desk, compression: str) -> None:
    bomb = photo(99) + bytes(100 << 20)
    tree = {"a.jpg": photo(1), "bomb.jpg": bomb}
    source = desk.inputs / f"bomb.{compression}"
    if compression == "zip":
        make_zip(source, tree | {"z.jpg": photo(2)})
    else:
        make_tar(source, tree, "gz")
    said = desk.send(source)
    assert said.status == 3
    assert said.fault("bomb.jpg") == "input.limit"
    assert "archive.max_ratio" in said.out
    rest = [photo(1), photo(2)] if compression == "zip" else [photo(1)]
    assert sorted(desk.delivered().values()) == hashes(*rest)
    assert list((desk.data / "quarantine").glob("*")) == []


def test_an_entry_beyond_its_limit_leaves_its_neighbours_alone(desk: Desk) -> None:
    source = packed(
        desk.inputs / "t.zip",
        {"a.jpg": photo(1), "b.jpg": photo(2) + noise(200_000), "c.jpg": photo(3)},
    )
    said = desk.send(source, TRANSLOAD_ARCHIVE__MAX_ENTRY_BYTES="100KiB")
    assert said.status == 3
    assert said.fault("b.jpg") == "input.limit"
    assert "archive.max_entry_bytes" in said.out
    assert sorted(desk.delivered().values()) == hashes(photo(1), photo(3))


def test_the_limit_of_all_entries_together(desk: Desk) -> None:
    size = sum(map(len, PHOTOS.values())) // 2
    said = desk.send(
        packed(desk.inputs / "t.zip", PHOTOS), TRANSLOAD_ARCHIVE__MAX_TOTAL_BYTES=str(size)
    )
    assert said.status == 3
    assert said.report["totals"]["sent"] >= 4
    assert "archive.max_total_bytes" in said.err
    assert said.tells("raise")
    lost = [item for item in said.report["items"] if item["state"] != "sent"]
    assert {item["error"]["kind"] for item in lost} == {"input.limit"}


def test_more_entries_than_allowed(desk: Desk) -> None:
    said = desk.send(packed(desk.inputs / "t.zip", PHOTOS), TRANSLOAD_ARCHIVE__MAX_ENTRIES="5")
    assert said.status in (3, 4)
    assert said.kind == "input.limit"
    assert said.tells("archive.max_entries")


CLIMBING = {
    "../up.jpg": photo(1),
    "../../../../../../tmp/faults-up.jpg": photo(2),
    "/etc/faults-root.jpg": photo(3),
    "C:\\Windows\\faults.jpg": photo(4),
    "..\\..\\back.jpg": photo(5),
    "a/./../../b.jpg": photo(6),
}


@pytest.mark.parametrize("compression", ["zip", "tar"])
def test_names_that_climb_stay_inside_the_library(desk: Desk, compression: str) -> None:
    source = desk.inputs / f"climb.{compression}"
    if compression == "zip":
        packed(source, CLIMBING)
    else:
        make_tar(source, CLIMBING)
    said = desk.send(source)
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == hashes(*CLIMBING.values())
    assert all(path.startswith("climb/") and "\\" not in path for path in desk.delivered())
    assert not Path("/etc/faults-root.jpg").exists()
    assert not Path("/tmp/faults-up.jpg").exists()


@pytest.mark.parametrize("compression", ["zip", "tar", "folder"])
def test_links_are_never_followed(desk: Desk, compression: str) -> None:
    secret = desk.inputs / "secret.jpg"
    secret.write_bytes(photo(7))
    source = desk.inputs / f"links.{compression}"
    _WITH_LINK[compression](source, secret)
    said = desk.send(source)
    assert said.status == 0, said.err
    assert said.item("link.jpg")["state"] == "skipped"
    assert "link" in said.item("link.jpg")["why"]
    assert sorted(desk.delivered().values()) == hashes(photo(1))


def _zip_with_link(path: Path, target: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", photo(1))
        link = zipfile.ZipInfo("link.jpg")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(target))


def _tar_with_link(path: Path, target: Path) -> None:
    with tarfile.open(path, "w") as archive:
        one = tarfile.TarInfo("a.jpg")
        one.size = len(photo(1))
        archive.addfile(one, io.BytesIO(photo(1)))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, str(target)
        archive.addfile(link)


def _folder_with_link(path: Path, target: Path) -> None:
    path.mkdir()
    (path / "a.jpg").write_bytes(photo(1))
    (path / "link.jpg").symlink_to(target)


_WITH_LINK = {"zip": _zip_with_link, "tar": _tar_with_link, "folder": _folder_with_link}


def test_a_folder_of_links_in_circles_ends(desk: Desk) -> None:
    source = desk.inputs / "circle"
    source.mkdir()
    (source / "a.jpg").write_bytes(photo(1))
    (source / "self").symlink_to(source)
    said = desk.send(source)
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(photo(1))


def test_content_decides_what_a_file_is(desk: Desk, clip_mp4: bytes) -> None:
    tree = {
        "empty.jpg": b"",
        "page.jpg": b"<!DOCTYPE html><html><body>404</body></html>" * 20,
        "film.dat": clip_mp4,
    }
    said = desk.send(packed(desk.inputs / "mix.zip", tree | {"a.jpg": photo(1)}))
    assert said.status == 3
    assert said.item("empty.jpg")["state"] in ("quarantined", "failed")
    assert said.fault("empty.jpg").startswith("input.")
    assert said.fault("page.jpg") == "input.not_media"
    assert said.item("page.jpg")["state"] == "quarantined"
    assert said.item("film.dat")["outputs"][0]["path"] == "mix/film.dat.mp4"
    assert set(desk.delivered()) == {"mix/a.jpg", "mix/film.dat.mp4"}


def test_entries_that_say_they_are_encrypted_wait_and_the_others_arrive(desk: Desk) -> None:
    source = _with_encrypted(
        desk.inputs / "mix.zip", {"a.jpg": photo(1)}, {"b.jpg": photo(2), "c.jpg": photo(3)}
    )
    said = desk.send(source)
    assert (said.status, said.report["state"]) == (5, "waiting")
    kinds = {said.item(name)["error"]["kind"] for name in ("b.jpg", "c.jpg")}
    assert kinds == {"input.password_needed"}
    assert sorted(desk.delivered().values()) == hashes(photo(1))
    assert desk.run("cancel", said.report["job"]).status == 0


def test_nothing_but_encrypted_entries_asks_for_a_password(desk: Desk) -> None:
    said = desk.send(_with_encrypted(desk.inputs / "locked.zip", {}, {"b.jpg": photo(2)}))
    assert said.status == 5
    assert said.kind == "input.password_needed"
    assert said.tells("password")
    assert desk.delivered() == {}


def _with_encrypted(path: Path, plain: dict[str, bytes], locked: dict[str, bytes]) -> Path:
    """A zip in which some entries say that they are encrypted; a password is not what is tested."""
    packed(path, plain | locked)
    data = bytearray(path.read_bytes())
    for name in locked:
        first = data.index(name.encode()) - 30
        second = data.rindex(name.encode()) - 46
        data[first + 6] |= 1
        data[second + 8] |= 1
    path.write_bytes(data)
    return path


def test_names_with_terminal_codes_never_reach_the_terminal(desk: Desk) -> None:
    tree = {
        f"{ESCAPE}good.jpg": photo(1),
        f"{ESCAPE}bad.jpg": photo(2)[:300],
        "\u202egpj.exe\u202c.jpg": b"<html></html>" * 9,
    }
    source = packed(desk.inputs / f"{ESCAPE}.zip", tree)
    said = desk.send(source)
    assert said.status == 3
    for words in (
        ("list", source),
        ("jobs",),
        ("jobs", said.report["job"]),
        ("quarantine", "list"),
    ):
        shown = desk.run(*words)
        assert not set(shown.out + shown.err) & set("\x1b\x07\u202e"), words
    assert not set(said.out + said.err) & set("\x1b\x07\u202e")
    assert all(path.isprintable() for path in desk.delivered())


def test_json_errors_are_one_document(desk: Desk) -> None:
    source = desk.inputs / "x.zip"
    source.write_bytes(gzip.compress(b"not a tar")[:20])
    said = desk.send(source, "--json")
    document = desk.json_of(said)
    assert said.status == 4
    assert document["error"]["suggestion"]
    assert said.err == ""
    missing = desk.run("send", desk.inputs / "nowhere.zip", "--json")
    assert missing.status == 2
    assert desk.json_of(missing)["error"]["kind"] == "input.not_found"
