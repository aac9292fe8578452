"""Folders on a WebDAV server as a user sends them: what is whole arrives, in archives too, the rest is named."""

import json
from collections.abc import Iterator

import pytest

from tests.archives.makers import noise
from tests.archives.makers_7z import make_by_7zz
from tests.faults.desk import Desk, Said, hashes
from tests.inputs import clip, packed, photo
from tests.servers.webdav import Dav, webdav

PHOTOS = {f"{n}.jpg": photo(n) + noise(60_000, n) for n in range(6)}
ALL = hashes(*PHOTOS.values())


@pytest.fixture
def dav(desk: Desk) -> Iterator[Dav]:
    (desk.inputs / "trip" / "old").mkdir(parents=True)
    with webdav(desk.inputs) as dav:
        yield dav


def send(desk: Desk, url: str, *words: str) -> Said:
    report = desk.folder / "remote.report.json"
    to = ("--to", f"library:{desk.library}", "--report", report)
    allowed = ("--set", "egress.allow_networks=127.0.0.0/8")
    said = desk.finish(desk.start("send", url, *to, *allowed, *words))
    return Said(said.status, said.out, said.err, json.loads(report.read_text("utf-8")))


def kept(desk: Desk) -> list[bytes]:
    return [path.read_bytes() for path in (desk.data / "quarantine").glob("*")]


def test_photos_and_an_archive_inside_that_is_read_where_it_lies(desk: Desk, dav: Dav) -> None:
    (desk.inputs / "trip/a.jpg").write_bytes(photo(50))
    others = {f"{n}.dat": noise(300_000, 100 + n) for n in range(10)}
    archive = packed(desk.inputs / "trip/old/in.zip", {**others, **PHOTOS})
    said = send(desk, dav.url("trip/"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == sorted([*ALL, *hashes(photo(50))])
    assert "trip/old/in.zip/3.jpg" in desk.delivered()
    assert said.item("old/in.zip")["why"] == "opened"
    assert dav.sent < archive.stat().st_size // 2
    again = send(desk, dav.url("trip/"))
    assert again.status == 0
    assert len(desk.delivered()) == len(PHOTOS) + 1


def test_one_that_needs_a_file_here_goes_to_scratch_with_its_conversion(
    desk: Desk, dav: Dav
) -> None:
    film = clip(desk.folder / "home" / "film.avi")
    tree = {"film.avi": film.read_bytes(), **PHOTOS}
    film.unlink()
    make_by_7zz(desk.inputs / "trip/old/in.7z", tree, "-ms=on")
    said = send(desk, dav.url("trip/"), "--originals", "drop")
    assert said.status == 0, said.err
    assert set(desk.delivered()) == {
        "trip/old/in.7z/film.mp4",
        *(f"trip/old/in.7z/{name}" for name in PHOTOS),
    }
    assert not list((desk.data / "scratch").rglob("*.in"))


@pytest.mark.parametrize("ending", ["zip", "7z"])
def test_a_locked_one_is_read_once_its_password_is_there(desk: Desk, dav: Dav, ending: str) -> None:
    make_by_7zz(desk.inputs / f"trip/in.{ending}", PHOTOS, "-pwords")
    said = send(desk, dav.url("trip/"))
    assert (said.status, said.kind) == (5, "input.password_needed")
    again = send(desk, dav.url("trip/"), "--password", "words")
    assert again.status == 0, again.err
    assert sorted(desk.delivered().values()) == ALL


def test_without_ranges_it_goes_to_scratch(desk: Desk, dav: Dav) -> None:
    dav.ranges = False
    packed(desk.inputs / "trip/in.zip", PHOTOS)
    said = send(desk, dav.url("trip/"))
    assert said.status == 0, said.err
    assert sorted(desk.delivered().values()) == ALL


def test_a_damaged_one_is_kept_as_a_copy(desk: Desk, dav: Dav) -> None:
    archive = packed(desk.inputs / "trip/in.zip", PHOTOS)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size * 7 // 10])
    (desk.inputs / "trip/z.jpg").write_bytes(photo(50))
    said = send(desk, dav.url("trip/"))
    assert said.status == 3
    assert said.item("in.zip")["state"] == "quarantined"
    assert archive.read_bytes() in kept(desk)
    assert set(hashes(*list(PHOTOS.values())[:3], photo(50))) <= set(desk.delivered().values())


def test_a_part_of_a_set_and_a_refused_folder_are_named(desk: Desk, dav: Dav) -> None:
    archive = packed(desk.inputs / "trip/in.zip", PHOTOS)
    archive.rename(desk.inputs / "trip/in.zip.001")
    (desk.inputs / "trip/z.jpg").write_bytes(photo(50))
    dav.says["PROPFIND", "/trip/old/"] = (403, b"", {})
    said = send(desk, dav.url("trip/", "me:topsecret"))
    assert said.status == 3
    assert said.fault("in.zip.001") == "input.unsupported"
    assert said.fault("old") == "source.forbidden"
    assert list(desk.delivered().values()) == hashes(photo(50))
    assert kept(desk) == []
    assert "topsecret" not in said.out + said.err + json.dumps(said.report)


def test_a_folder_that_was_refused_is_delivered_by_sending_again(desk: Desk, dav: Dav) -> None:
    """It moves every index behind it, so what was delivered is known by its content, and nothing comes twice."""
    for name, content in PHOTOS.items():
        (desk.inputs / ("trip/old" if name < "3" else "trip") / name).write_bytes(content)
    dav.says["PROPFIND", "/trip/old/"] = (403, b"", {})
    assert send(desk, dav.url("trip/")).status == 3
    dav.says.clear()
    again = send(desk, dav.url("trip/"))
    assert again.status == 0, again.err
    assert sorted(desk.delivered().values()) == ALL


def test_a_dry_run_of_a_tree(desk: Desk, dav: Dav) -> None:
    packed(desk.inputs / "trip/in.zip", PHOTOS)
    said = desk.run(
        "send", dav.url("trip/"), "--dry-run", "--set", "egress.allow_networks=127.0.0.0/8"
    )
    assert said.status == 0, said.err
    assert "in.zip/3.jpg" in said.out
