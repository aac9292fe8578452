"""What lies on a web server as a source: a single file; archives are in `test_http.py`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archives.makers import bodies, noise
from tests.servers.ranged import Ranged, ranged
from transload.archives.open import Archives
from transload.entry import Entry, Limits, Opening
from transload.errors import LimitError
from transload.net.egress import Egress
from transload.net.fetch import Web
from transload.sources.http import HttpSources
from transload.sources.http_source import RemoteFile

BODY = noise(300_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "film one.mp4").write_bytes(BODY)
    with ranged(tmp_path) as server:
        yield server


def opened(server: Ranged, path: str = "film%20one.mp4") -> RemoteFile:
    sources = HttpSources(
        Archives(Limits()),
        lambda: Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None),
        lambda _folder: 0,
    )
    source = sources.open(server.url(path), Opening())
    assert isinstance(source, RemoteFile)
    return source


def test_it_is_a_source_of_one_entry(server: Ranged) -> None:
    source = opened(server)
    assert source.title == "film one"
    listing = source.listing()
    assert (listing.format, listing.entries, listing.size_bytes) == ("file", 1, len(BODY))
    [entry] = source.entries()
    assert (entry.name, entry.size, entry.mtime_ms) == (
        "film one.mp4",
        len(BODY),
        1_713_357_000_000,
    )
    assert source.listed
    assert source.cost_to(0) == 0
    [(streamed, body)] = bodies(source)
    assert (streamed, body) == (entry, BODY)
    assert source.finish().bytes_read == len(BODY)
    source.close()
    source.close()


def test_it_can_be_read_again_and_is_left_unread_when_not_wanted(server: Ranged) -> None:
    source = opened(server)
    assert list(source.stream(lambda _entry: False, 0, Limits())) == []
    assert list(source.stream(lambda _entry: True, 1, Limits())) == []
    assert len(server.requests) == 1
    for _ in range(2):
        [(_, body)] = bodies(source)
        assert body == BODY
    source.close()


def test_a_length_that_is_not_told_is_no_obstacle(server: Ranged) -> None:
    server.does.ranges = server.does.tell_length = False
    source = opened(server)
    [(entry, body)] = bodies(source)
    assert entry.size is None
    assert body == BODY
    assert len(server.requests) == 1
    source.close()


def test_limits_hold(server: Ranged) -> None:
    source = opened(server)
    [(_, body)] = bodies(source, Limits(max_entry_bytes=1000))
    assert isinstance(body, LimitError)
    source.close()


def test_a_body_may_be_left_in_the_middle(server: Ranged) -> None:
    source = opened(server)

    def head(want_all: bool) -> bytes:
        for _, body in source.stream(lambda _entry: want_all, 0, Limits()):
            return body.read(1000)
        return b""

    assert head(want_all=True) == BODY[:1000]
    assert head(want_all=False) == b""
    source.close()


def test_a_file_that_ends_early_is_cut_short(server: Ranged) -> None:
    server.does.ranges = False
    source = opened(server)
    entries: list[Entry] = []
    for entry, body in source.stream(lambda _entry: True, 0, Limits()):
        entries.append(entry)
        assert body.read(100) == BODY[:100]
        (server.folder / "film one.mp4").write_bytes(BODY[:200_000])
    assert entries[0].size == len(BODY)
    source.close()
