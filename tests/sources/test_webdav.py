"""Folders on a real WebDAV server, honest and hostile, with what they cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, noise, outcomes
from tests.servers.ranged import ranged
from tests.servers.reading import read, tree_sources
from tests.servers.webdav import Dav, multistatus, webdav
from transload.archives.open import Archives
from transload.entry import Entry, Limits, Opening
from transload.errors import (
    BlockedAddressError,
    ConnectError,
    CorruptError,
    LimitError,
    RemoteLoginError,
    RemoteNotFoundError,
    TransloadError,
    UnsupportedError,
)
from transload.net.egress import Egress
from transload.net.fetch import Web
from transload.ports import Source
from transload.sources import webdav as adapter
from transload.sources.http import HttpSources
from transload.sources.webdav import WebdavSources, as_http
from transload.sources.webdav_listing import DEPTH_MAX

TREE = {
    "trip/IMG_2.jpg": noise(300_000, 2),
    "trip/IMG_10.jpg": noise(40_000, 10),
    "trip/day one/Grüße 日本.jpg": noise(5_000, 3),
    "trip/day one/100%25 #1?.jpg": noise(4_000, 4),
    "trip/notes.txt": noise(100_000, 5),
}
INSIDE = {name.removeprefix("trip/"): content for name, content in TREE.items()}


@pytest.fixture
def dav(tmp_path: Path) -> Iterator[Dav]:
    for name, content in TREE.items():
        path = tmp_path / "served" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with webdav(tmp_path / "served") as dav:
        yield dav


def opened(url: str) -> Source:
    return tree_sources().open(url, Opening())


def troubles(source: Source) -> dict[str, str]:
    found = {entry.name: entry.trouble.kind for entry in source.entries() if entry.trouble}
    source.close()
    return found


def test_a_tree_is_listed_once_and_each_photo_is_one_request(dav: Dav) -> None:
    source = opened(dav.url("trip/"))
    assert source.title == "trip"
    assert read(source) == INSIDE
    assert [one.path for one in dav.requests if one.depth == "1"] == ["/trip/", "/trip/day%20one/"]
    assert len(dav.asked("GET")) == len(TREE) + 1  # what is no medium: its beginning, then the rest
    assert dav.sent == sum(map(len, TREE.values()))


def test_indices_and_dates_are_the_same_in_the_second_run(dav: Dav) -> None:
    def seen() -> list[tuple[int, str, int | None, int | None]]:
        source = opened(dav.url("trip"))
        try:
            return [(e.index, e.name, e.size, e.mtime_ms) for e in source.entries()]
        finally:
            source.close()

    first = seen()
    assert first == seen()
    assert [name for _, name, _, _ in first] == [
        "day one",
        "day one/Grüße 日本.jpg",
        "day one/100%25 #1?.jpg",
        "IMG_2.jpg",
        "IMG_10.jpg",
        "notes.txt",
    ]
    path = dav.folder / "trip/IMG_2.jpg"
    assert first[3][2:] == (300_000, int(path.stat().st_mtime) * 1000)


def test_resolve_keeps_the_login_in_the_reference_only(dav: Dav) -> None:
    dav.stop()
    dav.login = ("me", "s@c")
    dav.start()
    ref = tree_sources().resolve(f" {dav.url('trip', 'me:s%40c')} ")
    assert ref.ref == dav.url("trip", "me:s%40c")
    assert ref.identity == dav.url("trip/")
    assert (ref.title, ref.version) == ("trip", "")
    assert read(opened(ref.ref)) == INSIDE
    with pytest.raises(RemoteLoginError) as raised:
        tree_sources().resolve(dav.url("trip", "me:wrong"))
    assert "wrong" not in raised.value.detail
    assert tree_sources().resolve(dav.url("", "me:s%40c")).title == "127.0.0.1"


def test_a_single_file_is_read_as_from_the_web(dav: Dav) -> None:
    make_zip(dav.folder / "a.zip", INSIDE)
    ref = tree_sources().resolve(dav.url("a.zip"))
    assert (ref.ref, ref.title) == (dav.url("a.zip"), "a")
    assert ref.identity == as_http(dav.url("a.zip"))
    assert ref.version
    assert read(opened(ref.ref)) == INSIDE


def test_what_is_not_there_or_no_webdav_is_said(dav: Dav, tmp_path: Path) -> None:
    with pytest.raises(RemoteNotFoundError):
        tree_sources().resolve(dav.url("none/"))
    dav.says["PROPFIND", "/page"] = (200, b"<html>", {})
    with pytest.raises(UnsupportedError, match="speaks no WebDAV"):
        tree_sources().resolve(dav.url("page"))
    with ranged(tmp_path) as plain, pytest.raises(UnsupportedError, match="status 501"):
        opened(plain.url("").replace("http", "webdav"))


def test_private_addresses_are_refused_by_redirect_too(dav: Dav) -> None:
    strict = HttpSources(Archives(Limits()), lambda: Web(Egress()), lambda _: 0)
    with pytest.raises(BlockedAddressError):
        WebdavSources(strict, lambda: Web(Egress()), 9).resolve(dav.url())
    dav.says["PROPFIND", "/trip/"] = (302, b"", {"Location": "http://10.0.0.1/trip/"})
    with pytest.raises(BlockedAddressError):
        tree_sources().resolve(dav.url("trip/"))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_by_the_same_question(dav: Dav, status: int) -> None:
    dav.says["PROPFIND", "/old/"] = (status, b"", {"Location": as_http(dav.url("trip/"))})
    assert tree_sources().resolve(dav.url("old/")).title == "old"
    assert [(one.method, one.path) for one in dav.requests] == [
        ("PROPFIND", "/old/"),
        ("PROPFIND", "/trip/"),
    ]


@pytest.mark.parametrize(
    ("status", "kind"), [(403, "source.forbidden"), (500, "source.server_error")]
)
def test_a_folder_that_cannot_be_listed_costs_itself(dav: Dav, status: int, kind: str) -> None:
    dav.says["PROPFIND", "/trip/day%20one/"] = (status, b"", {})
    assert troubles(opened(dav.url("trip/"))) == {"day one": kind}
    found = read(opened(dav.url("trip/")))
    assert set(found) == {name for name in INSIDE if "/" not in name}


@pytest.mark.parametrize(
    "href",
    [
        "http://elsewhere.example/trip/x.jpg",
        "//elsewhere.example/trip/x.jpg",
        "/trip/../secret/",
        "/trip/..",
        "/trip/%2e%2e/",
        "/trip/a%2Fb",
        "/trip/%2Fetc",
        "/secret/x.jpg",
        "/trip/day/x.jpg",
        "x.jpg",
        "http://[x/y",
        "/trip/a%00b",
    ],
)
@pytest.mark.parametrize("is_folder", [True, False])
def test_addresses_that_lead_elsewhere_are_named_and_never_asked(
    dav: Dav, href: str, is_folder: bool
) -> None:
    listing = multistatus(("/trip/", True), (href, is_folder), ("/trip/IMG_2.jpg", False))
    dav.says["PROPFIND", "/trip/"] = (207, listing, {})
    source = opened(dav.url("trip/"))
    assert outcomes(source) == {"IMG_2.jpg": TREE["trip/IMG_2.jpg"]}
    assert set(troubles(source).values()) == {"input.unsupported"}
    assert {one.path for one in dav.requests} == {"/trip/", "/trip/IMG_2.jpg"}


@pytest.mark.parametrize(
    ("outside", "inside"),
    [("", "/backend/files"), ("/cloud", ""), ("/cloud", "/backend/files"), ("/a/b/c", "/x")],
)
def test_behind_a_proxy_that_rewrites_paths_a_folder_is_a_folder(
    dav: Dav, outside: str, inside: str
) -> None:
    dav.stop()
    dav.outside, dav.inside = outside, inside
    (dav.folder / "trip" / "empty").mkdir()
    dav.start()
    source = opened(dav.url(f"{outside}/trip/".lstrip("/")))
    assert source.title == "trip"
    assert read(source) == INSIDE
    assert {one.path.startswith(f"{outside}/trip/") for one in dav.requests} == {True}
    assert not troubles(opened(dav.url(f"{outside}/trip".lstrip("/"))))
    (dav.folder / "a.zip").write_bytes(b"no folder")
    assert tree_sources().resolve(dav.url(f"{outside}/a.zip".lstrip("/"))).title == "a"
    whole = opened(dav.url(f"{outside}/".lstrip("/")))
    assert {e.name for e in whole.entries() if "/" not in e.name} == {"trip", "a.zip"}
    assert not troubles(whole)


@pytest.mark.parametrize("prefix", ["http://inner:8080", "http://inner:8080/files", "//inner", ""])
@pytest.mark.parametrize("own_at", [0, 1, 2])
def test_behind_a_proxy_the_addresses_may_be_of_another_host(
    dav: Dav, prefix: str, own_at: int
) -> None:
    """The folder itself is anywhere in its listing, its address with or without a slash."""
    places = [(f"{prefix}/trip/IMG_2.jpg", False), (f"{prefix}/trip/notes.txt", False)]
    places.insert(own_at, (f"{prefix}/trip" + "/" * (own_at % 2), True))
    dav.says["PROPFIND", "/trip/"] = (207, multistatus(*places), {})
    source = opened(dav.url("trip/"))
    assert outcomes(source) == {name: TREE[f"trip/{name}"] for name in ("IMG_2.jpg", "notes.txt")}
    source.close()


def test_a_name_is_decoded_once(dav: Dav) -> None:
    (dav.folder / "trip/%2e%2e").mkdir()
    (dav.folder / "trip/%2e%2e/x.jpg").write_bytes(b"x")
    assert read(opened(dav.url("trip/")))["%2e%2e/x.jpg"] == b"x"
    assert "/trip/%252e%252e/x.jpg" in dav.asked("GET")


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "'
    + b"x" * 1000
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><D:multistatus xmlns:D="DAV:"><D:response><D:href>&j;</D:href></D:response></D:multistatus>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037"])
def test_entities_are_refused(dav: Dav, encoding: str) -> None:
    body = BOMB.replace(b'"1.0"', f'"1.0" encoding="{encoding}"'.encode())
    if encoding != "utf-8":
        body = body.decode().encode(encoding)
    dav.says["PROPFIND", "/trip/day%20one/"] = (207, body, {})
    assert list(troubles(opened(dav.url("trip/")))) == ["day one"]
    dav.says["PROPFIND", "/trip/"] = (207, body, {})
    with pytest.raises(TransloadError):
        opened(dav.url("trip/"))


def test_a_listing_has_bounds(dav: Dav, monkeypatch: pytest.MonkeyPatch) -> None:
    many = multistatus(("/trip/", True), *((f"/trip/{n}.jpg", False) for n in range(1001)))
    dav.says["PROPFIND", "/trip/"] = (207, many, {})
    with pytest.raises(LimitError, match=r"archive\.max_entries"):
        list(opened(dav.url("trip/")).entries())
    monkeypatch.setattr(adapter, "LISTING_BYTES_MAX", 1000)
    with pytest.raises(LimitError, match="larger than"):
        opened(dav.url("trip/"))


def test_a_listing_is_refused_where_it_is_too_deep(dav: Dav) -> None:
    for depth in (DEPTH_MAX - 1, DEPTH_MAX, 100_000):
        end = b"</D:multistatus>"
        deep = b"<x>" * depth + b"</x>" * depth + end
        listing = multistatus(("/trip/day%20one/", True)).replace(end, deep)
        dav.says["PROPFIND", "/trip/day%20one/"] = (207, listing, {})
        found = troubles(opened(dav.url("trip/")))
        assert found == ({} if depth < DEPTH_MAX else {"day one": "input.unsupported"})
    dav.says["PROPFIND", "/trip/"] = dav.says["PROPFIND", "/trip/day%20one/"]
    with pytest.raises(UnsupportedError, match="more than 32 deep"):
        opened(dav.url("trip/"))


@pytest.mark.parametrize(
    "listing", [b"", b"<html><body>", b"\xff\xfe", multistatus(("/trip/", True))[:-5]]
)
def test_a_listing_that_is_none_is_a_fault_of_the_server(dav: Dav, listing: bytes) -> None:
    dav.says["PROPFIND", "/trip/day%20one/"] = (207, listing, {})
    assert troubles(opened(dav.url("trip/"))) == {"day one": "source.server_error"}


def test_odd_properties_are_unknown_ones(dav: Dav) -> None:
    listing = multistatus(("/trip/", True), ("/trip/IMG_2.jpg", False)).replace(
        b"<D:resourcetype></D:resourcetype>",
        b"<D:getcontentlength>" + b"9" * 5000 + b"</D:getcontentlength>"
        b"<D:getlastmodified>yesterday</D:getlastmodified><D:owner><D:href>/x</D:href></D:owner>",
    )
    dav.says["PROPFIND", "/trip/"] = (207, listing, {})
    source = opened(dav.url("trip/"))
    (entry,) = source.entries()
    assert (entry.name, entry.size, entry.mtime_ms) == ("IMG_2.jpg", None, None)
    assert read(source) == {"IMG_2.jpg": TREE["trip/IMG_2.jpg"]}


def test_an_archive_inside_is_read_by_its_parts(dav: Dav) -> None:
    inside = {f"{n:02}.jpg": noise(200_000, n) for n in range(20)}
    make_zip(dav.folder / "trip/old.zip", inside, 0)
    make_tar(dav.folder / "trip/old.tar", inside)
    source, archives = opened(dav.url("trip/")), Archives(Limits())
    for entry, body in source.stream(lambda entry: entry.name.startswith("old"), 0, Limits()):
        dav.requests.clear()
        body.read(8192)
        assert entry.blob is not None
        reader = archives.open_as(entry.blob, entry.blob.name, ())
        wanted = reader.stream(lambda one: one.name in ("03.jpg", "17.jpg"), 0, Limits())
        assert {one.name: part.read() for one, part in wanted} == {
            name: inside[name] for name in ("03.jpg", "17.jpg")
        }
        reader.close()
        if entry.name == "old.zip":  # the beginning, the directory, two photos
            assert len(dav.asked("GET")) == 4
            assert dav.sent < 2 * 200_000 + 100_000
    source.close()


def test_a_server_that_goes_and_comes_back_is_waited_for(dav: Dav) -> None:
    pauses: list[float] = []

    def back(pause_s: float) -> None:
        pauses.append(pause_s)
        dav.start()

    source = tree_sources(back).open(dav.url("trip/"), Opening())
    found: dict[str, bytes] = {}
    for entry, body in source.stream(lambda _: True, 0, Limits()):
        found[entry.name] = body.read()
        if len(found) == 2:
            dav.stop()
    source.close()
    assert found == INSIDE
    assert len(pauses) == 1


def test_a_server_that_stays_away_is_a_failure_that_may_pass(dav: Dav) -> None:
    source = opened(dav.url("trip/"))
    stream = source.stream(lambda _: True, 0, Limits())
    _, body = next(stream)
    dav.stop()
    with pytest.raises(ConnectError):
        body.read()
    source.close()
    dav.start()
    assert read(opened(dav.url("trip/"))) == INSIDE


def test_a_file_that_changes_while_it_is_read_is_said(dav: Dav) -> None:
    def is_notes(entry: Entry) -> bool:
        return entry.name == "notes.txt"

    source = opened(dav.url("trip/"))
    for _, body in source.stream(is_notes, 0, Limits()):
        body.read(8192)
        (dav.folder / "trip/notes.txt").write_bytes(noise(90_000, 9))
        with pytest.raises(CorruptError, match="changed on the server"):
            body.read()
    source.close()
