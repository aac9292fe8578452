"""Who is to blame when a file of a tree cannot be had: asked of real servers, with what every try costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.archives.makers import make_zip, noise
from tests.servers.ranged import Ranged, ranged
from tests.servers.reading import read, tree_sources
from tests.servers.webdav import Dav, webdav
from transload.archives.open import Archives
from transload.entry import Limits, Opening
from transload.errors import (
    ConnectError,
    RemoteBrokenError,
    RemoteBusyError,
    TransientError,
    TransloadError,
    UnsteadyError,
    WithheldError,
)
from transload.net.egress import Egress
from transload.net.fetch import RETRIES, Times, Web, target_of
from transload.sources.http_blob import RemoteBlob, blob_at
from transload.sources.remote_tree import RemoteTree, TreeEntry, TreePath
from transload.sources.tree_retries import TRIES

TREE = {f"{n}.jpg": noise(300_000, n) for n in range(3)}
IMPATIENT = Times(2, 0.3)
ALL_TRIES = TRIES.max_attempts * RETRIES.max_attempts


@pytest.fixture
def dav(tmp_path: Path) -> Iterator[Dav]:
    (tmp_path / "trip").mkdir()
    for name, content in TREE.items():
        (tmp_path / "trip" / name).write_bytes(content)
    with webdav(tmp_path) as dav:
        yield dav


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_file_that_is_refused_while_the_tree_is_listed_fails_alone(dav: Dav, status: int) -> None:
    dav.says["GET", "/trip/1.jpg"] = (status, b"", {})
    pauses: list[float] = []
    found = read(tree_sources(pauses.append).open(dav.url("trip/"), Opening()))
    lost = found.pop("1.jpg")
    assert isinstance(lost, UnsteadyError)
    assert (f"1.jpg answers with status {status}" in lost.detail, lost.item) == (True, "1.jpg")
    assert found == {name: TREE[name] for name in ("0.jpg", "2.jpg")}
    assert dav.asked("GET").count("/trip/1.jpg") == ALL_TRIES
    assert sum(pauses) > 15  # a server that is started anew is no broken file


def test_a_file_that_never_answers_fails_alone(dav: Dav) -> None:
    dav.silent.add(("GET", "/trip/1.jpg"))
    found = read(tree_sources(times=IMPATIENT).open(dav.url("trip/"), Opening()))
    lost = found.pop("1.jpg")
    assert isinstance(lost, UnsteadyError)
    assert "1.jpg sent nothing for too long" in lost.detail
    assert found == {name: TREE[name] for name in ("0.jpg", "2.jpg")}
    assert dav.asked("GET").count("/trip/1.jpg") == ALL_TRIES


def test_a_folder_that_never_answers_fails_alone(dav: Dav) -> None:
    (dav.folder / "trip" / "sub").mkdir()
    dav.silent.add(("PROPFIND", "/trip/sub/"))
    source = tree_sources(times=IMPATIENT).open(dav.url("trip/"), Opening())
    troubles = {entry.name: entry.trouble for entry in source.entries() if entry.trouble}
    assert {name: fault.kind for name, fault in troubles.items()} == {"sub": "source.server_error"}
    assert read(source) == TREE


@pytest.mark.parametrize("status", [500, 503])
def test_with_the_tree_out_of_reach_too_it_is_the_server_that_is_waited_for(
    dav: Dav, status: int
) -> None:
    source = tree_sources().open(dav.url("trip/"), Opening())
    stream = source.stream(lambda _: True, 0, Limits())
    _, body = next(stream)
    for place in (("GET", "/trip/0.jpg"), ("PROPFIND", "/trip/")):
        dav.says[place] = (status, b"", {})
    with pytest.raises(TransientError) as raised:
        body.read()
    assert raised.value.scope == "host:127.0.0.1"
    assert dav.asked("GET") == ["/trip/0.jpg"] * RETRIES.max_attempts
    source.close()
    with pytest.raises(TransientError) as raised:
        tree_sources().open(dav.url("trip/"), Opening())
    assert raised.value.scope == "host:127.0.0.1"  # neither does the next run end the job


def test_what_the_server_asks_for_instead_of_the_listing_is_obeyed(dav: Dav) -> None:
    source = tree_sources().open(dav.url("trip/"), Opening())
    _, body = next(source.stream(lambda _: True, 0, Limits()))
    dav.says["GET", "/trip/0.jpg"] = (500, b"", {})
    dav.says["PROPFIND", "/trip/"] = (503, b"", {"Retry-After": "3600"})
    with pytest.raises(RemoteBusyError) as raised:
        body.read()
    assert (raised.value.scope, raised.value.retry_after_s) == ("host:127.0.0.1", 3600)
    source.close()


def test_short_waits_are_obeyed_before_the_file_is_blamed(dav: Dav) -> None:
    dav.says["GET", "/trip/1.jpg"] = (429, b"", {"Retry-After": "15"})
    pauses: list[tuple[float, int]] = []
    source = tree_sources(lambda pause_s: pauses.append((pause_s, len(dav.requests))))
    found = read(source.open(dav.url("trip/"), Opening()))
    assert isinstance(found["1.jpg"], UnsteadyError)
    assert [pause_s for pause_s, _ in pauses] == [15.0] * ALL_TRIES
    refused = [n for n, one in enumerate(dav.requests, 1) if one.status == 429]
    assert [count for _, count in pauses] == refused  # nothing is asked of the server before


def test_a_long_wait_for_one_file_is_the_jobs(dav: Dav) -> None:
    dav.says["GET", "/trip/1.jpg"] = (503, b"", {"Retry-After": "3600"})
    found = read(tree_sources().open(dav.url("trip/"), Opening()))
    lost = found["1.jpg"]
    assert isinstance(lost, WithheldError)
    assert (lost.scope, lost.retry_after_s) == ("host:127.0.0.1", 3600)
    assert dav.asked("GET").count("/trip/1.jpg") == 1


def test_an_archive_in_the_tree_is_blamed_once_for_all_that_is_in_it(dav: Dav) -> None:
    path = dav.folder / "trip" / "old.zip"
    make_zip(path, {f"{n:02}.jpg": noise(200_000, n) for n in range(20)}, 0)
    source = tree_sources().open(dav.url("trip/"), Opening())
    for entry, body in source.stream(lambda one: one.name == "old.zip", 0, Limits()):
        body.read(8192)
        assert entry.blob is not None
        reader = Archives(Limits()).open_as(entry.blob, entry.blob.name, ())
        dav.says["GET", "/trip/old.zip"] = (503, b"", {})
        dav.requests.clear()
        wanted = reader.stream(lambda one: one.index > 5, 0, Limits())
        lost = [raised_by(part) for _, part in wanted]
        assert [type(one) for one in lost] == [UnsteadyError] * 14
        assert len(dav.asked("GET")) == ALL_TRIES
        reader.close()
    source.close()


def raised_by(body: BinaryIO) -> TransloadError | None:
    try:
        body.read()
    except TransloadError as error:
        return error
    return None


@dataclass
class Shelf:
    """A `TreeServer` with the files of a web server; it lists them as long as `listed`."""

    server: Ranged
    web: Web
    rests: list[float] = field(default_factory=list[float])
    listed: bool = True
    scope: str = "host:127.0.0.1"

    def names(self, folder: TreePath) -> Sequence[TreeEntry]:
        assert folder == ()
        if not self.listed:
            raise ConnectError("gone")
        found = sorted(self.server.folder.iterdir())
        return [TreeEntry(one.name.encode(), False, one.stat().st_size) for one in found]

    def file(self, path: TreePath, first_bytes: int) -> RemoteBlob:
        return blob_at(self.web, target_of(self.server.url(path[-1].decode())), first_bytes)

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)

    def close(self) -> None:
        self.web.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with ranged(tmp_path) as server:
        (tmp_path / "a.jpg").write_bytes(TREE["0.jpg"])
        (tmp_path / "b.jpg").write_bytes(TREE["1.jpg"])
        yield Shelf(server, Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_comes_in_pieces_is_no_broken_one(shelf: Shelf, ranges: bool) -> None:
    """However often its line breaks off: each piece begins the count anew."""
    shelf.server.does.ranges = ranges
    shelf.server.does.break_after, shelf.server.does.always_break = 70_000, ranges
    assert read(RemoteTree(shelf, "trip", 9)) == {"a.jpg": TREE["0.jpg"], "b.jpg": TREE["1.jpg"]}


def begun(shelf: Shelf, then: list[int]) -> tuple[RemoteTree, BinaryIO]:
    """The body of the first file, whose line breaks off in its middle; the next answers have the statuses `then`."""
    tree = RemoteTree(shelf, "trip", 9)
    shelf.server.does.break_after = 150_000
    _, body = next(tree.stream(lambda _: True, 0, Limits()))
    assert body.read(1000) == TREE["0.jpg"][:1000]
    shelf.server.does.refuse = then
    shelf.server.forget()
    return tree, body


def test_a_file_that_stops_in_its_middle_goes_on_from_there(shelf: Shelf) -> None:
    tree, body = begun(shelf, [503] * (RETRIES.max_attempts + 1))  # one more than one asking takes
    assert body.read() == TREE["0.jpg"][1000:]
    assert len(shelf.rests) == 1
    assert {one.headers["range"] for one in shelf.server.requests} == {"bytes=150000-299999"}
    tree.close()


def test_a_file_that_stops_in_its_middle_for_good_fails_alone(shelf: Shelf) -> None:
    tree, body = begun(shelf, [502] * 99)
    with pytest.raises(UnsteadyError):
        body.read()
    assert len(shelf.rests) == TRIES.max_attempts - 1
    tree.close()


def test_in_the_middle_of_a_file_the_server_may_be_to_blame(shelf: Shelf) -> None:
    tree, body = begun(shelf, [502] * 99)
    shelf.listed = False
    with pytest.raises(RemoteBrokenError) as raised:
        body.read()
    assert raised.value.scope == shelf.scope
    assert len(shelf.rests) == 1
    tree.close()
