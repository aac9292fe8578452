"""What a server tells of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.ranged import Ranged, ranged
from transload.errors import RemoteBrokenError
from transload.net.egress import Egress
from transload.net.fetch import Target, Web, target_of
from transload.sources.remote import Remote, Span, look, span_of


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "a.zip").write_bytes(bytes(1000))
    (tmp_path / "empty").write_bytes(b"")
    with ranged(tmp_path) as server:
        yield server


@pytest.fixture
def web() -> Iterator[Web]:
    client = Web(Egress(["127.0.0.0/8"]), pause=lambda _s: None)
    yield client
    client.close()


def seen(web: Web, url: str, size: int = 1) -> Remote:
    remote, answer = look(web, target_of(url), size)
    answer.close()
    return remote


def test_a_server_with_ranges_tells_all(web: Web, server: Ranged) -> None:
    remote = seen(web, server.url("a.zip", "me:secret"))
    assert (remote.name, remote.size, remote.ranges) == ("a.zip", 1000, True)
    assert remote.version == '"one"-1000'
    assert remote.condition == {"If-Range": '"one"'}
    assert remote.mtime_ms == 1_713_357_000_000
    assert server.requests[0].headers["range"] == "bytes=0-0"
    assert "secret" not in repr(remote)


def test_a_server_without_ranges_tells_the_length_or_not_even_that(
    web: Web, server: Ranged
) -> None:
    server.does.ranges = False
    remote = seen(web, server.url("a.zip"))
    assert (remote.size, remote.ranges) == (1000, False)
    server.does.tell_length = False
    assert seen(web, server.url("a.zip")).size is None


def test_parts_of_something_without_an_end_are_no_use(web: Web, server: Ranged) -> None:
    server.does.tell_total = False
    remote = seen(web, server.url("a.zip"))
    assert (remote.size, remote.ranges) == (1000, False)


def test_an_empty_file_is_no_error(web: Web, server: Ranged) -> None:
    remote = seen(web, server.url("empty"))
    assert (remote.size, remote.ranges) == (0, False)


def test_a_server_that_gives_another_part_than_asked_for_gives_none(
    web: Web, server: Ranged
) -> None:
    server.does.shift = 5
    remote = seen(web, server.url("a.zip"), 100)
    assert (remote.size, remote.ranges) == (1000, False)


def test_that_parts_cannot_be_had_is_said(web: Web, server: Ranged) -> None:
    server.does.shift = 5000
    server.does.extra = {"Content-Range": "bytes */77"}
    with pytest.raises(RemoteBrokenError, match="416"):
        look(web, target_of(server.url("a.zip")), 100)


@pytest.mark.parametrize(
    ("etag", "modified", "version", "condition"),
    [
        ('"x"', "", '"x"-9', '"x"'),
        ('W/"x"', "Mon, 01 Jan 2024 00:00:00 GMT", 'W/"x"-9', None),
        (
            "",
            "Mon, 01 Jan 2024 00:00:00 GMT",
            "Mon, 01 Jan 2024 00:00:00 GMT-9",
            "Mon, 01 Jan 2024 00:00:00 GMT",
        ),
        ("", "", "", None),
    ],
)
def test_versions_and_conditions(
    etag: str, modified: str, version: str, condition: str | None
) -> None:
    remote = Remote(Target("http://h/a"), "a", 9, True, etag, modified)
    assert remote.version == version
    assert remote.condition.get("If-Range") == condition


@pytest.mark.parametrize(
    ("etag", "modified", "same"),
    [
        ('"x"', "day", True),
        ('"y"', "day", False),
        ("", "day", True),
        ("", "other", False),
        ("", "", True),
    ],
)
def test_an_answer_of_another_version_is_noticed(etag: str, modified: str, same: bool) -> None:
    remote = Remote(Target("http://h/a"), "a", 9, True, '"x"', "day")
    assert remote.is_told_by({"etag": etag, "last-modified": modified}) is same


def test_a_time_that_cannot_be_read_is_none() -> None:
    assert Remote(Target("http://h/a"), "a", 9, True, "", "yesterday").mtime_ms is None
    assert Remote(Target("http://h/a"), "a", 9, True).mtime_ms is None


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="holiday.zip"', "holiday.zip"),
        ("attachment; filename=holiday.zip", "holiday.zip"),
        ("attachment; filename=holiday.zip; size=3", "holiday.zip"),
        ("attachment; filename=\"x.zip\"; filename*=UTF-8''%E2%82%AC%20rates.zip", "€ rates.zip"),
        ("attachment; filename*=iso-8859-1'en'%A3.zip", "£.zip"),
        ("attachment; filename=\"x.zip\"; filename*=no-such''%E2", "x.zip"),
        ('attachment; filename="a \\"b\\".zip"', 'a "b".zip'),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\evil.zip"', "evil.zip"),
        ('attachment; filename=".."', "file.bin"),
        ('inline; filename="a\x01b.zip"', "ab.zip"),
        ("inline", "file.bin"),
        ("", "file.bin"),
    ],
)
def test_the_name_is_what_the_server_says(
    web: Web, server: Ranged, tmp_path: Path, disposition: str, name: str
) -> None:
    (tmp_path / "file.bin").write_bytes(b"x")
    server.does.disposition = disposition
    assert seen(web, server.url("file.bin?x=/y.zip")).name == name


def test_else_the_name_comes_from_the_address_that_looks_like_a_file(
    web: Web, server: Ranged, tmp_path: Path
) -> None:
    (tmp_path / "3fa9b2").write_bytes(b"x")
    server.does.redirects = {"/trip.zip": "/3fa9b2", "/short": "/a.zip", "/plain": "/3fa9b2"}
    assert seen(web, server.url("trip.zip")).name == "trip.zip"
    assert seen(web, server.url("short")).name == "a.zip"
    assert seen(web, server.url("plain")).name == "3fa9b2"
    assert seen(web, server.url("%61%2ezip")).name == "a.zip"


def test_a_very_long_name_keeps_its_ending(web: Web, server: Ranged, tmp_path: Path) -> None:
    server.does.disposition = f'attachment; filename="{"x" * 900}.zip"'
    name = seen(web, server.url("a.zip")).name
    assert len(name) == 200
    assert name.endswith("x.zip")


def test_the_bare_host_is_a_name_too(web: Web, server: Ranged, tmp_path: Path) -> None:
    server.does.redirects = {"/": "/3fa9b2/"}
    (tmp_path / "3fa9b2").write_bytes(b"x")
    server.does.redirects = {"/": "/3fa9b2"}
    assert seen(web, server.url("")).name == "3fa9b2"


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes 5-9/100", Span(5, 10, 100)),
        ("bytes 0-0/*", Span(0, 1, None)),
        ("bytes */100", Span(None, None, 100)),
        ("BYTES 5-9/100", Span(5, 10, 100)),
        ("items 5-9/100", Span()),
        ("", Span()),
    ],
)
def test_content_range(header: str, span: Span) -> None:
    assert span_of({"content-range": header}) == span
