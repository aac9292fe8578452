"""Archives and files on web servers, from `resolve` to the bytes, with what it costs."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archives.makers import PACKERS, bodies, cut, make_tar, make_zip, noise
from tests.archives.makers_7z import make_by_7zz
from tests.servers.ranged import Ranged, ranged
from tests.servers.reading import read, web_sources
from transload.archives.open import Archives
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Entry, Limits, Opening, Secret
from transload.errors import (
    BlockedAddressError,
    CorruptError,
    DiskFullError,
    RemoteNotFoundError,
    TruncatedError,
    UnsupportedError,
)
from transload.net.egress import Egress
from transload.net.fetch import Web
from transload.ports import Source
from transload.sources.http import HttpSources

MIB = 1 << 20
TREE = {
    "IMG_1.jpg": noise(3000, 1),
    "docs/a.txt": noise(200_000, 2),
    "docs/": b"",
    "Grüße 日本.mp4": noise(70_000, 3) + bytes(70_000),
    "empty.txt": b"",
    "last.jpg": noise(65_536, 4),
}
FILES = {name: content for name, content in TREE.items() if not name.endswith("/")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "served").mkdir()
    with ranged(tmp_path / "served") as server:
        yield server


@pytest.fixture
def opening(tmp_path: Path) -> Opening:
    return Opening(spool=tmp_path / "spool")


@pytest.fixture
def sources() -> HttpSources:
    return web_sources()


def test_resolve_keeps_the_login_in_the_reference_only(
    server: Ranged, sources: HttpSources
) -> None:
    make_zip(server.folder / "my trip.zip", TREE)
    server.does.login = "me:s@c"
    ref = sources.resolve(f" {server.url('my%20trip.zip?k=1#part', 'me:s%40c')} ")
    assert ref.ref == server.url("my%20trip.zip?k=1", "me:s%40c")
    assert ref.identity == server.url("my%20trip.zip?k=1")
    assert ref.title == "my trip"
    assert ref.version == f'"one"-{(server.folder / "my trip.zip").stat().st_size}'
    assert len(server.requests) == 1
    source = sources.open(ref.ref, Opening())
    assert source.title == "my trip"
    assert read(source) == FILES


def test_resolve_tells_what_is_wrong(server: Ranged, sources: HttpSources) -> None:
    with pytest.raises(RemoteNotFoundError):
        sources.resolve(server.url("none.zip"))
    checked = HttpSources(Archives(Limits()), lambda: Web(Egress()), lambda _folder: 0)
    with pytest.raises(BlockedAddressError):
        checked.resolve(server.url("none.zip"))
    with pytest.raises(BlockedAddressError):
        checked.open(server.url("none.zip"), Opening())


@pytest.mark.parametrize("with_ranges", [True, False])
@pytest.mark.parametrize("compression", [None, *PACKERS])
def test_tars_stream_through(
    server: Ranged, sources: HttpSources, compression: str | None, with_ranges: bool
) -> None:
    name = f"a.tar.{compression}" if compression else "a.tar"
    make_tar(server.folder / name, TREE, compression)
    server.does.ranges = with_ranges
    source = sources.open(server.url(name), Opening())
    assert source.title == "a"
    assert read(source) == FILES
    assert source.finish().warnings == ()
    assert len(server.requests) <= (2 if with_ranges else 1)


def test_each_pass_over_a_tar_without_ranges_is_one_request(
    server: Ranged, sources: HttpSources
) -> None:
    tree = {**FILES, "large.jpg": noise(2 * MIB)}
    make_tar(server.folder / "a.tar.gz", tree, "gz")
    server.does.ranges = server.does.tell_length = False
    source = sources.open(server.url("a.tar.gz"), Opening())
    for passes in (1, 2):
        assert {entry.name: body for entry, body in bodies(source)} == tree
        assert len(server.requests) == passes
    source.close()


def test_a_plain_tar_of_unknown_length_is_read_through(
    server: Ranged, sources: HttpSources
) -> None:
    make_tar(server.folder / "a.tar", TREE)
    server.does.ranges = server.does.tell_length = False
    assert read(sources.open(server.url("a.tar"), Opening())) == FILES
    assert len(server.requests) == 1


def test_a_zip_costs_its_directory_and_what_is_wanted(server: Ranged, sources: HttpSources) -> None:
    media = {f"p/{n:02d}.jpg": noise(400_000, n) for n in range(0, 60, 10)}
    others = {f"p/{n:02d}.dat": noise(400_000, n) for n in range(60) if n % 10}
    make_zip(server.folder / "a.zip", dict(sorted({**media, **others}.items())), 0)
    size = (server.folder / "a.zip").stat().st_size
    ref = sources.resolve(server.url("a.zip"))
    source = sources.open(ref.ref, Opening())
    assert sum(1 for _ in source.entries()) == 60
    assert server.sent <= size / 100
    assert len(server.requests) == 3
    wanted = source.stream(lambda entry: entry.name.endswith(".jpg"), 0, Limits())
    assert {entry.name: body.read() for entry, body in wanted} == media
    assert len(server.requests) <= len(media) + 3
    assert server.sent <= sum(map(len, media.values())) + size / 100
    assert server.connections <= 2
    source.close()


def test_wanted_neighbours_share_requests(server: Ranged, sources: HttpSources) -> None:
    tree = {f"{n:03d}.jpg": noise(2000, n) for n in range(600)}
    make_zip(server.folder / "a.zip", tree)
    source = sources.open(server.url("a.zip"), Opening())
    assert read(source) == tree
    assert len(server.requests) < 60
    assert server.connections <= 2


def test_entries_of_any_name_cost_one_request_when_all_are_read(
    server: Ranged, sources: HttpSources
) -> None:
    tree = {f"{n:02d}.dat": noise(300_000, n) for n in range(20)}
    make_zip(server.folder / "a.zip", tree, 0)
    source = sources.open(server.url("a.zip"), Opening())
    assert read(source) == tree
    assert len(server.requests) <= len(tree) + 3


def test_a_look_at_each_entry_costs_no_more_than_the_look(
    server: Ranged, sources: HttpSources
) -> None:
    make_zip(server.folder / "a.zip", {f"{n:02d}.dat": noise(500_000, n) for n in range(20)}, 0)
    source = sources.open(server.url("a.zip"), Opening())
    for _, body in source.stream(lambda _entry: True, 0, Limits()):
        assert len(body.read(8 << 10)) == 8 << 10
    assert len(server.requests) <= 20 + 3
    assert server.sent <= 20 * (9 << 10) + (200 << 10)
    source.close()


def test_a_zip_over_a_bad_line_arrives_whole(server: Ranged, sources: HttpSources) -> None:
    tree = {f"{n:02d}.jpg": noise(300_000, n) for n in range(10)}
    make_zip(server.folder / "a.zip", tree, 0)
    source = sources.open(server.url("a.zip"), Opening())
    server.does.break_after, server.does.always_break = 100_000, True
    assert read(source) == tree


def test_a_zip_that_changes_meanwhile_is_not_mixed(server: Ranged, sources: HttpSources) -> None:
    make_zip(server.folder / "a.zip", {f"{n}.jpg": noise(300_000, n) for n in range(5)}, 0)
    source = sources.open(server.url("a.zip"), Opening())
    stream = source.stream(lambda _entry: True, 0, Limits())
    assert next(stream)[1].read() == noise(300_000, 0)
    server.does.change_after = 0
    for _, body in stream:
        with pytest.raises(CorruptError, match="changed on the server"):
            body.read()
    source.close()


def test_a_zip_cut_short_gives_what_is_whole(server: Ranged, sources: HttpSources) -> None:
    tree = {f"{n}.jpg": noise(300_000, n) for n in range(5)}
    cut(make_zip(server.folder / "a.zip", tree, 0), 0.7)
    source = sources.open(server.url("a.zip"), Opening())
    got = {entry.name: body for entry, body in bodies(source)}
    assert {name for name, body in got.items() if body == tree[name]} == {"0.jpg", "1.jpg", "2.jpg"}
    fault = source.finish().fault
    assert fault is not None
    assert fault.kind == "input.truncated"
    source.close()


@pytest.mark.parametrize("length", [True, False])
def test_a_zip_from_a_server_without_ranges_is_fetched_and_that_is_said(
    server: Ranged, sources: HttpSources, opening: Opening, length: bool
) -> None:
    make_zip(server.folder / "a.zip", TREE)
    server.does.ranges, server.does.tell_length = False, length
    source = sources.open(server.url("a.zip"), opening)
    assert source.title == "a"
    assert source.finish().warnings == ("spooled: the server cannot give parts of a file",)
    assert read(source) == FILES
    with pytest.raises(UnsupportedError, match="cannot give parts"):
        sources.open(server.url("a.zip"), Opening())


def seven(server: Ranged, name: str, *words: str) -> None:
    folder = server.folder.parent / "tree"
    folder.mkdir(exist_ok=True)
    for inner, content in FILES.items():
        (folder / inner).parent.mkdir(parents=True, exist_ok=True)
        (folder / inner).write_bytes(content)
    command = [str(find_sevenzip(None).path), "a", *words, str(server.folder / name), "."]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_a_format_for_local_files_only_is_fetched_once(
    server: Ranged, sources: HttpSources, opening: Opening
) -> None:
    tree = dict(FILES) | {" a name that 7-Zip cannot be asked for": b"x"}
    make_by_7zz(server.folder / "a.7z", tree)
    for _ in range(2):
        source = sources.open(server.url("a.7z"), opening)
        assert not source.finish().warnings
        got = read(source)
        assert got == tree
        assert source.finish().warnings == ("spooled: its entries can only be had all together",)
    size = (server.folder / "a.7z").stat().st_size
    whole = [request for request in server.requests if request.sent == size]
    assert len(whole) == 1
    with pytest.raises(UnsupportedError, match="local file"):
        sources.open(server.url("a.7z"), Opening())


def test_an_encrypted_zip_is_fetched_when_there_is_a_password_to_try(
    server: Ranged, sources: HttpSources, opening: Opening
) -> None:
    seven(server, "a.zip", "-tzip", "-psecret")
    source = sources.open(server.url("a.zip"), opening)
    troubles = {entry.trouble.kind for entry in source.entries() if entry.trouble}
    source.close()
    assert troubles == {"input.password_needed"}
    assert not (opening.spool or Path()).exists()
    source = sources.open(server.url("a.zip"), Opening((Secret("secret"),), opening.spool))
    assert "spooled" in source.finish().warnings[0]
    assert read(source) == FILES


def test_what_is_no_archive_is_a_file_whatever_is_inside(
    server: Ranged, sources: HttpSources
) -> None:
    make_zip(server.folder / "letter.docx", TREE)
    (server.folder / "film").write_bytes(noise(1000))
    for name in ("letter.docx", "film"):
        content = (server.folder / name).read_bytes()
        assert read(sources.open(server.url(name), Opening())) == {name: content}


def test_a_name_that_promises_an_archive_is_held_to_it(
    server: Ranged, sources: HttpSources
) -> None:
    (server.folder / "a.zip").write_bytes(b"<!DOCTYPE html><p>expired")
    with pytest.raises(UnsupportedError, match="not an archive"):
        sources.open(server.url("a.zip"), Opening())
    (server.folder / "b.zip").write_bytes(b"")
    with pytest.raises(TruncatedError, match="0 bytes"):
        sources.open(server.url("b.zip"), Opening())


def test_content_tells_an_archive_without_a_name(server: Ranged, sources: HttpSources) -> None:
    make_zip(server.folder / "download", TREE)
    server.does.disposition = "attachment; filename*=UTF-8''%E6%97%85.zip"
    source = sources.open(server.url("download?id=7"), Opening())
    assert source.title == "旅"
    assert read(source) == FILES
    server.does.disposition = ""
    source = sources.open(server.url("download?id=7"), Opening())
    assert source.title == "download"
    source.close()


def entries_of(source: Source) -> list[Entry]:
    found = list(source.entries())
    source.close()
    return found


def test_a_listing_is_that_of_the_local_file(server: Ranged, sources: HttpSources) -> None:
    path = make_zip(server.folder / "a.zip", TREE)
    local = Archives(Limits()).open(path)
    assert entries_of(sources.open(server.url("a.zip"), Opening())) == list(local.entries())
    local.close()


def test_one_of_several_files_is_named_as_such(server: Ranged, sources: HttpSources) -> None:
    make_by_7zz(server.folder / "a.7z", FILES)
    (server.folder / "a.7z").rename(server.folder / "a.7z.001")
    with pytest.raises(UnsupportedError, match="one of several files") as caught:
        sources.open(server.url("a.7z.001"), Opening())
    assert "one folder" in str(caught.value.suggestion)


def test_blocks_are_not_fetched_into_the_reserve_of_the_disk(
    server: Ranged, opening: Opening
) -> None:
    make_by_7zz(server.folder / "a.7z", FILES, "-ms=off")
    full = HttpSources(
        Archives(Limits()),
        lambda: Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None),
        lambda folder: shutil.disk_usage(folder).total * 9 // 10,
    )
    with pytest.raises(DiskFullError, match="stay free"):
        full.open(server.url("a.7z"), opening)
    assert list((opening.spool or Path()).iterdir()) == []


LIES: dict[str, dict[str, Any]] = {
    "an ETag of its own at each answer": {"fresh_etags": True},
    "another size at each answer": {"total_off": 7},
    "another part than asked for": {"shift": 1},
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.7z", "a.jpg"])
def test_a_server_that_contradicts_itself_is_asked_for_all_at_once(
    server: Ranged, sources: HttpSources, opening: Opening, name: str, lie: str
) -> None:
    path, wanted = server.folder / name, FILES
    if name == "a.jpg":
        wanted = {name: TREE["docs/a.txt"]}
        path.write_bytes(wanted[name])
    elif name == "a.7z":
        make_by_7zz(path, FILES)
    elif name == "a.zip":
        make_zip(path, TREE)
    else:
        make_tar(path, TREE, "gz" if name == "a.tar.gz" else None)
    for word, value in LIES[lie].items():
        setattr(server.does, word, value)
    source = sources.open(server.url(name), opening)
    assert read(source) == wanted
    said = " ".join(source.finish().warnings)
    assert "contradict" in said or server.requests[-1].headers.get("range") is None
