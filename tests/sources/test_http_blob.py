"""A remote file as a blob: the same bytes as a local one, few requests, faults of the network survived."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives.makers import noise
from tests.servers.ranged import Ranged, ranged
from transload.errors import (
    CorruptError,
    RemoteBrokenError,
    RemoteForbiddenError,
    ShortAnswerError,
    TransientError,
    UnsupportedError,
)
from transload.net.egress import Egress
from transload.net.fetch import Web, target_of
from transload.sources.http_blob import HEAD_BYTES, HEAD_KEPT, RemoteBlob, Run
from transload.sources.remote import look

BODY = noise(3_000_000)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ranged]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "a.bin").write_bytes(BODY)
    with ranged(folder) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "a.bin").write_bytes(BODY)
    with ranged(tmp_path) as server:
        yield server


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None)
    yield client
    client.close()


def blob_at(web: Web, server: Ranged) -> RemoteBlob:
    remote, answer = look(web, target_of(server.url("a.bin")), HEAD_BYTES)
    end = HEAD_BYTES if remote.ranges else remote.size
    return RemoteBlob(web, remote, Run(answer, 0, end))


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "read_at", "seek", "expect"]),
        st.integers(0, len(BODY) + 1000),
        st.integers(0, 400_000),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, part_max=st.sampled_from([None, 50_000]), with_ranges=st.booleans())
def test_whatever_is_read_is_what_lies_there(
    shared: Ranged, steps: list[Step], part_max: int | None, with_ranges: bool
) -> None:
    shared.does.part_max = part_max
    shared.does.ranges = with_ranges
    web = Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None)
    blob = blob_at(web, shared)
    file = blob.open()
    for what, offset, size in steps:
        match what:
            case "read":
                at = file.tell()
                assert file.read(size) == BODY[at : at + size]
            case "read_at":
                assert file.read_at(offset, size) == BODY[offset : offset + size]
            case "seek":
                assert file.seek(offset) == offset
            case _:
                file.expect(offset, size, "a.jpg")
    file.close()
    blob.close()
    web.close()


def test_reading_on_from_the_start_takes_few_requests(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    file = blob.open()
    assert b"".join(iter(lambda: file.read(65536), b"")) == BODY
    assert len(server.requests) == 3
    assert server.sent == len(BODY) == file.taken
    assert server.connections == 1
    file.close()
    file.close()
    blob.close()


def test_looks_at_the_beginning_cost_no_further_request(web: Web, server: Ranged) -> None:
    server.does.ranges = False
    blob = blob_at(web, server)
    for size in (10, 5000, 60_000):
        file = blob.open()
        assert file.read(size) == BODY[:size]
        file.close()
    file = blob.open()
    assert file.read() == BODY
    file.close()
    blob.close()
    assert len(server.requests) == 1


def test_beyond_what_is_kept_a_new_opening_asks_again(web: Web, server: Ranged) -> None:
    server.does.ranges = False
    blob = blob_at(web, server)
    file = blob.open()
    assert len(file.read(HEAD_KEPT + 100_000)) == HEAD_KEPT + 100_000
    file.close()
    file = blob.open()
    assert file.read() == BODY
    file.close()
    blob.close()
    assert len(server.requests) == 2


def test_the_tail_is_fetched_once(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    for _ in range(2):
        file = blob.open()
        file.seek(-22, 2)
        assert file.read() == BODY[-22:]
        assert file.read_at(len(BODY) - 60_000, 500) == BODY[-60_000:-59_500]
        file.close()
    blob.close()
    assert len(server.requests) == 2


def test_a_broken_answer_is_continued_from_where_it_broke(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    server.does.break_after, server.does.always_break = 300_000, True
    file = blob.open()
    assert file.read() == BODY
    assert len(server.requests) > 8
    assert len({request.headers["range"] for request in server.requests}) == len(server.requests)
    file.close()
    blob.close()


def test_a_server_that_never_gets_on_is_given_up(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    file = blob.open()
    assert file.read(100) == BODY[:100]
    server.does.break_after, server.does.always_break = 0, True
    with pytest.raises(ShortAnswerError):
        file.read_at(1_000_000, 10)
    file.close()
    blob.close()
    assert len(server.requests) == 5


def test_an_answer_without_ranges_that_breaks_is_read_again_from_the_start(
    web: Web, server: Ranged
) -> None:
    server.does.ranges = False
    server.does.break_after = 1_000_000
    blob = blob_at(web, server)
    file = blob.open()
    assert file.read() == BODY
    assert len(server.requests) == 2
    file.close()
    blob.close()


@pytest.mark.parametrize("with_condition", [True, False])
def test_a_file_that_changes_is_never_mixed(web: Web, server: Ranged, with_condition: bool) -> None:
    if not with_condition:
        server.does.etag, server.does.modified = 'W/"one"', ""
    blob = blob_at(web, server)
    file = blob.open()
    assert file.read_at(1_000_000, 10) == BODY[1_000_000:1_000_010]
    server.does.change_after = len(server.requests)
    for _ in range(2):
        with pytest.raises(CorruptError, match="changed on the server"):
            file.read_at(2_000_000, 10)
    file.close()
    blob.close()
    assert len(server.requests) == 3  # once known, nothing more is asked


def test_a_server_that_forgets_about_ranges_is_not_believed(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    file = blob.open()
    server.does.ranges = False
    with pytest.raises(RemoteBrokenError, match="another part"):
        file.read_at(2_000_000, 10)
    server.does.ranges, server.does.shift = True, 7
    with pytest.raises(TransientError):
        file.read_at(2_000_000, 10)
    file.close()
    blob.close()


def test_a_length_that_is_not_told_is_found_at_the_end(web: Web, server: Ranged) -> None:
    server.does.ranges = server.does.tell_length = False
    blob = blob_at(web, server)
    file = blob.open()
    with pytest.raises(UnsupportedError, match="length"):
        assert file.size
    assert b"".join(iter(lambda: file.read(100_000), b"")) == BODY
    assert file.read_at(len(BODY) + 5, 10) == b""
    file.close()
    blob.close()


def test_moving_is_like_in_any_file(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    assert (blob.name, blob.path) == ("a.bin", None)
    file = blob.open()
    assert file.seek(100) == 100
    assert file.seek(5, 1) == 105 == file.tell()
    assert file.seek(-1, 2) == len(BODY) - 1
    with pytest.raises(ValueError, match="before the start"):
        file.seek(-1)
    assert file.read_at(-5, 10) == b""
    assert file.read_at(len(BODY), 10) == b""
    assert len(server.requests) == 1
    file.close()
    blob.close()


def test_a_link_that_expires_is_not_asked_for_again_and_again(web: Web, server: Ranged) -> None:
    blob = blob_at(web, server)
    file = blob.open()
    assert file.read_at(1_000_000, 10) == BODY[1_000_000:1_000_010]
    server.does.refuse = [403]
    asked = len(server.requests)
    for name in ("first", "second"):
        with pytest.raises(RemoteForbiddenError) as caught:
            file.read_at(2_000_000, 10)
        assert caught.value.item is None
        caught.value.item = name  # what a body adds
    assert len(server.requests) == asked + 1
    file.close()
    blob.close()
