"""Remote files fetched whole: continued, checked, never beyond the disk."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives.makers import noise
from tests.servers.ranged import Ranged, ranged
from transload.errors import (
    CorruptError,
    DiskFullError,
    LimitError,
    NeverFitsError,
    ShortAnswerError,
    StoreError,
)
from transload.net.egress import Egress
from transload.net.fetch import Web, target_of
from transload.sources.download import Spool, no_spool
from transload.sources.remote import Remote, look

BODY = noise(2_000_000)
GIB = 1 << 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.7z").write_bytes(BODY)
    with ranged(tmp_path / "served") as server:
        yield server


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None)
    yield client
    client.close()


@pytest.fixture
def spool(tmp_path: Path, web: Web) -> Spool:
    return Spool(tmp_path / "job" / "spool", web, GIB, lambda _folder: 0)


def seen(web: Web, server: Ranged) -> Remote:
    remote, answer = look(web, target_of(server.url("a.7z")), 1)
    answer.close()
    server.forget()
    return remote


def test_a_file_is_fetched_once_for_all_passes(web: Web, server: Ranged, spool: Spool) -> None:
    remote = seen(web, server)
    path = spool.whole(remote)
    assert path.read_bytes() == BODY
    assert spool.whole(remote) == path
    assert len(server.requests) == 1
    assert sorted(one.suffix for one in spool.folder.iterdir()) == [".json", ".whole"]


def test_a_part_is_continued_after_a_kill(web: Web, server: Ranged, spool: Spool) -> None:
    remote = seen(web, server)
    whole = spool.whole(remote)
    part = whole.replace(whole.with_suffix(".part"))  # what a kill after 700,000 bytes leaves
    os.truncate(part, 700_000)
    server.forget()
    assert spool.whole(remote).read_bytes() == BODY
    assert server.requests[0].headers["range"] == "bytes=700000-"
    assert server.requests[0].headers["if-range"] == '"one"'
    assert server.sent == len(BODY) - 700_000


def test_drops_on_the_way_are_continued(web: Web, server: Ranged, spool: Spool) -> None:
    remote = seen(web, server)
    server.does.break_after, server.does.always_break = 300_000, True
    assert spool.whole(remote).read_bytes() == BODY
    assert server.sent == len(BODY)
    assert len(server.requests) == 7


def test_without_ranges_it_begins_again(web: Web, server: Ranged, spool: Spool) -> None:
    server.does.ranges = False
    remote = seen(web, server)
    server.does.break_after = 300_000
    assert spool.whole(remote).read_bytes() == BODY
    assert len(server.requests) == 2


def test_a_length_that_is_not_told_is_taken_as_it_comes(
    web: Web, server: Ranged, spool: Spool
) -> None:
    server.does.ranges = server.does.tell_length = False
    remote = seen(web, server)
    assert remote.size is None
    assert spool.whole(remote).read_bytes() == BODY


def test_another_version_is_fetched_anew(web: Web, server: Ranged, spool: Spool) -> None:
    first = spool.whole(seen(web, server))
    server.does.etag = '"two"'
    (server.folder / "a.7z").write_bytes(BODY[::-1])
    assert spool.whole(seen(web, server)) == first
    assert first.read_bytes() == BODY[::-1]


def test_without_a_version_nothing_is_taken_up_again(
    web: Web, server: Ranged, spool: Spool
) -> None:
    server.does.etag = server.does.modified = ""
    remote = seen(web, server)
    spool.whole(remote)
    assert spool.whole(remote).read_bytes() == BODY
    assert len(server.requests) == 2


def test_a_change_on_the_way_is_said(web: Web, server: Ranged, spool: Spool) -> None:
    remote = seen(web, server)
    server.does.break_after = 300_000
    server.does.change_after = 1
    with pytest.raises(CorruptError, match="changed on the server"):
        spool.whole(remote)
    assert spool.whole(seen(web, server)).read_bytes() == BODY


def test_a_server_that_never_finishes_is_given_up(web: Web, server: Ranged, spool: Spool) -> None:
    remote = seen(web, server)
    server.does.break_after, server.does.always_break = 0, True
    with pytest.raises(ShortAnswerError):
        spool.whole(remote)
    assert len(server.requests) == 4


def test_the_disk_is_looked_at_before_the_first_byte(
    web: Web, server: Ranged, spool: Spool
) -> None:
    remote = seen(web, server)
    usage = os.statvfs(spool.folder.parent.parent)
    free, whole = usage.f_bavail * usage.f_frsize, usage.f_blocks * usage.f_frsize
    nearly_all = replace(spool, reserve=lambda _folder: free - 1000)
    with pytest.raises((DiskFullError, NeverFitsError), match=r"min_free_bytes|whole disk"):
        nearly_all.whole(remote)
    with pytest.raises(NeverFitsError, match="whole disk"):
        replace(spool, max_bytes=1 << 62).whole(replace(remote, size=whole + GIB))
    assert server.requests == []


def test_the_limit_holds_for_promised_and_for_real_bytes(
    web: Web, server: Ranged, spool: Spool
) -> None:
    small = replace(spool, max_bytes=1_000_000)
    with pytest.raises(LimitError, match=r"archive\.max_total_bytes"):
        small.whole(seen(web, server))
    assert server.requests == []
    server.does.ranges = server.does.tell_length = False
    with pytest.raises(LimitError):
        small.whole(seen(web, server))


def test_a_folder_that_cannot_be_written_is_a_store_error(
    web: Web, server: Ranged, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    spool = Spool(tmp_path / "file" / "spool", web, GIB, lambda _folder: 0)
    with pytest.raises(StoreError):
        spool.whole(seen(web, server))


def test_without_a_folder_the_error_says_what_to_do(web: Web, server: Ranged) -> None:
    error = no_spool(seen(web, server), "because")
    assert "a.7z" in error.detail
    assert "because" in error.detail
    assert "Send it" in str(error.suggestion)
