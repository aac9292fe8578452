"""Asking servers: errors told apart by type, redirects, logins, retries."""

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.certificate import trust
from tests.servers.ranged import Ranged, ranged
from transload.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidUrlError,
    NetworkTimeoutError,
    RemoteBrokenError,
    RemoteBusyError,
    RemoteForbiddenError,
    RemoteLoginError,
    RemoteNotFoundError,
    ShortAnswerError,
    TransientError,
    TransloadError,
)
from transload.net.egress import Egress
from transload.net.fetch import REDIRECTS_MAX, RETRIES, Times, Web, target_of
from transload.web_address import shown

LOCAL = Egress(["127.0.0.0/8"])
BODY = bytes(range(256)) * 1000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ranged]:
    (tmp_path / "a.bin").write_bytes(BODY)
    with ranged(tmp_path) as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def web(pauses: list[float]) -> Iterator[Web]:
    client = Web(LOCAL, times=Times(2, 0.7), pause=pauses.append)
    yield client
    client.close()


def body(web: Web, url: str) -> bytes:
    answer = web.get(target_of(url))
    try:
        pieces = []
        while data := answer.read(10_000):
            assert len(data) <= 10_000
            pieces.append(data)
        return b"".join(pieces)
    finally:
        answer.close()


def test_an_answer_is_read_piece_by_piece_over_one_connection(web: Web, server: Ranged) -> None:
    assert body(web, server.url("a.bin")) == BODY
    assert body(web, server.url("a.bin?x=1")) == BODY
    assert server.connections == 1
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert server.requests[1].path == "/a.bin?x=1"


def test_what_came_packed_although_not_asked_for_is_not_unpacked(web: Web, server: Ranged) -> None:
    server.does.extra = {"Content-Encoding": "gzip"}
    assert body(web, server.url("a.bin")) == BODY


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RemoteForbiddenError), (401, RemoteLoginError), (403, RemoteForbiddenError), (404, RemoteNotFoundError),
        (407, RemoteLoginError), (410, RemoteNotFoundError), (451, RemoteForbiddenError), (202, RemoteBrokenError),
        (304, RemoteBrokenError),
    ],
)  # fmt: skip
def test_a_refusal_is_told_by_its_status(
    web: Web, server: Ranged, status: int, kind: type[TransloadError]
) -> None:
    server.does.refuse = [status] * 4
    with pytest.raises(kind, match=str(status)) as caught:
        web.get(target_of(server.url("a.bin?token=x", "me:secret")))
    assert "secret" not in caught.value.detail
    assert "token" not in caught.value.detail


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RemoteBusyError), (503, RemoteBusyError), (500, RemoteBrokenError)]
)
def test_what_may_pass_is_tried_again_three_times(
    web: Web, server: Ranged, pauses: list[float], status: int, kind: type[TransloadError]
) -> None:
    server.does.refuse = [status] * 3
    assert body(web, server.url("a.bin")) == BODY
    assert len(pauses) == 3 == RETRIES.max_attempts - 1
    assert pauses == sorted(pauses)
    server.does.refuse = [status] * 4
    with pytest.raises(kind):
        web.get(target_of(server.url("a.bin")))


def test_redirects_are_followed_up_to_a_limit(web: Web, server: Ranged) -> None:
    server.does.redirects = {f"/{n}": f"/{n + 1}" for n in range(REDIRECTS_MAX)}
    server.does.redirects[f"/{REDIRECTS_MAX - 1}"] = "/a.bin"
    assert body(web, server.url("0")) == BODY
    server.does.redirects["/round"] = "/round"
    with pytest.raises(RemoteBrokenError, match="redirects more than 5 times"):
        web.get(target_of(server.url("round")))


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("gone", ConnectError, "cannot be reached"),
        ("silent", NetworkTimeoutError, "sent nothing for too long"),
        ("mute", ConnectionLostError, "broke the connection off"),
    ],
)
def test_after_a_redirect_the_host_that_fails_is_named(
    web: Web, server: Ranged, fault: str, kind: type[TransientError], words: str
) -> None:
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        server.does.redirects = {"/go": f"http://me:secret@127.0.0.2:{port}/a.bin"}
        if fault == "gone":
            other.close()
        if fault == "mute":
            threading.Thread(target=hang_up, args=(other, RETRIES.max_attempts)).start()
        with pytest.raises(kind) as caught:
            web.get(target_of(server.url("go")))
    assert caught.value.detail == f"http://127.0.0.2:{port}/a.bin {words}"
    assert caught.value.scope == "host:127.0.0.2"


def hang_up(server: socket.socket, times: int) -> None:
    """Take so many connections and end each without an answer."""
    for _ in range(times):
        peer, _ = server.accept()
        peer.recv(65536)
        peer.close()


@pytest.mark.parametrize(
    "place", ["ftp://host/a", "file:///etc/passwd", "http://h:99999/", "javascript:x"]
)
def test_a_redirect_out_of_the_web_is_refused(web: Web, server: Ranged, place: str) -> None:
    server.does.redirects = {"/go": place}
    with pytest.raises(RemoteBrokenError):
        web.get(target_of(server.url("go")))


def test_a_login_is_sent_to_its_server_only(web: Web, server: Ranged, tmp_path: Path) -> None:
    server.does.login = "m€:s@c:t"
    login = "m%E2%82%AC:s%40c:t"
    assert body(web, server.url("a.bin", login)) == BODY
    with pytest.raises(RemoteLoginError):
        web.get(target_of(server.url("a.bin", "me:wrong")))
    with ranged(tmp_path) as other:
        server.does.redirects = {"/far": other.url("a.bin"), "/near": "/a.bin"}
        assert body(web, server.url("near", login)) == BODY
        assert body(web, server.url("far", login)) == BODY
        assert "authorization" not in other.requests[0].headers


def test_encryption_is_never_given_up(tmp_path: Path) -> None:
    both = trust()
    (tmp_path / "a.bin").write_bytes(BODY)
    with ranged(tmp_path, both.server) as safe, ranged(tmp_path) as plain:
        safe.does.redirects = {"/down": plain.url("a.bin")}
        plain.does.redirects = {"/up": safe.url("a.bin")}
        client = Web(LOCAL, tls=both.client)
        with pytest.raises(RemoteForbiddenError, match="without encryption"):
            client.get(target_of(safe.url("down")))
        assert plain.requests == []
        assert body(client, plain.url("up", "me:secret")) == BODY
        assert "authorization" not in safe.requests[-1].headers
        client.close()


def test_an_answer_that_breaks_off_is_short(web: Web, server: Ranged) -> None:
    server.does.break_after = 100_000
    with pytest.raises(ShortAnswerError):
        body(web, server.url("a.bin"))
    server.does.longer_by = 10
    with pytest.raises(ShortAnswerError):
        body(web, server.url("a.bin"))


def test_a_silent_server_is_a_timeout(web: Web, server: Ranged, pauses: list[float]) -> None:
    server.does.hold = threading.Event()
    with pytest.raises(NetworkTimeoutError):
        body(web, server.url("a.bin"))
    assert pauses == []  # what was begun is the caller's to continue


def test_nobody_there_is_no_connection(web: Web, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectError):
        web.get(target_of(f"http://127.0.0.1:{port}/"))
    assert len(pauses) == 3


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_server_that_speaks_no_http_breaks_the_connection(web: Web, said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(RETRIES.max_attempts):
                peer, _ = server.accept()
                peer.recv(65536)
                peer.sendall(said)
                peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConnectionLostError):
            web.get(target_of(f"http://127.0.0.1:{server.getsockname()[1]}/"))
        thread.join()


def test_an_address_is_taken_apart() -> None:
    target = target_of(" https://me:pass%20word@Host.example:8443/a%20b.zip?x=1#part ")
    assert target.url == "https://host.example:8443/a%20b.zip?x=1"
    assert target.login == "Basic " + base64.b64encode(b"me:pass word").decode()
    assert target.shown == "https://host.example:8443/a%20b.zip?***"
    assert "pass" not in repr(target)
    assert target_of("http://bücher.example/ü.zip").url == "http://xn--bcher-kva.example/%C3%BC.zip"
    assert target_of("http://host").login is None


@pytest.mark.parametrize(
    "text",
    ["", "http:", "http://", "http://:80/", "ftp://host/a", "http://host:99999/", "http://ho st/", "http://[::1/",
     "http://h/" + "a" * 9000, "http://[fe80::1%25eth0]/", "https://", "http://me:secret@:80/"],
)  # fmt: skip
def test_what_is_no_address_is_said_without_its_password(text: str) -> None:
    with pytest.raises(InvalidUrlError) as caught:
        target_of(text)
    assert "secret" not in caught.value.detail
    assert len(caught.value.detail) < 400


def test_a_wait_that_a_server_asks_for_is_kept(
    web: Web, server: Ranged, pauses: list[float]
) -> None:
    server.does.refuse, server.does.extra = [429], {"Retry-After": "7"}
    assert body(web, server.url("a.bin")) == BODY
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("3600", 3600), ("9" * 12, 86_400), ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400)],
)
def test_a_long_wait_is_left_to_the_job(web: Web, server: Ranged, asked: str, seconds: int) -> None:
    server.does.refuse, server.does.extra = [503], {"Retry-After": asked}
    with pytest.raises(RemoteBusyError) as caught:
        web.get(target_of(server.url("a.bin")))
    assert len(server.requests) == 1
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize("asked", ["soon", "-5", "Mon, 01 Jan 2024 00:00:00 GMT"])
def test_a_wait_that_makes_no_sense_is_our_own(
    web: Web, server: Ranged, pauses: list[float], asked: str
) -> None:
    server.does.refuse, server.does.extra = [429], {"Retry-After": asked}
    assert body(web, server.url("a.bin")) == BODY
    assert 0 < pauses[0] < 1


@given(user=st.text(min_size=1), password=st.text(min_size=1))
def test_no_login_is_ever_shown(user: str, password: str) -> None:
    secret = f"{quote(user + '~~', safe='')}:{quote('~~' + password, safe='')}"
    target = target_of(f"http://{secret}@host.example/a.zip")
    for text in (
        target.url,
        target.shown,
        repr(target),
        shown(f"http://{secret}@host.example/a.zip"),
    ):
        assert "~~" not in text
        assert text.endswith(("host.example/a.zip", "host.example/a.zip')"))
    assert target.login is not None
    plain = base64.b64decode(target.login.removeprefix("Basic ")).decode()
    assert plain == f"{user}~~:~~{password}"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_asked(
    server: Ranged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would resolve names where our guard of addresses sees nothing."""
    with ranged(tmp_path) as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        client = Web(LOCAL, times=Times(2, 0.7))
        try:
            assert body(client, server.url("a.bin")) == BODY
        finally:
            client.close()
        assert proxy.connections == 0
