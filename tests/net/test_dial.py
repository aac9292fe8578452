"""Connections: only to judged addresses, trusted servers, and never deaf to a cancel."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import httpcore2
import pytest

from tests.servers.certificate import trust
from tests.servers.ranged import ranged
from transload.errors import BlockedAddressError, TlsError
from transload.net.dial import GuardedDialler, heed_cancel, rest
from transload.net.egress import Egress
from transload.net.fetch import Web, target_of

LOCAL = Egress(["127.0.0.0/8"])


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_it_connects_to_what_was_judged_and_to_nothing_else(silent: int) -> None:
    GuardedDialler(LOCAL).connect_tcp("127.0.0.1", silent, 5).close()
    with pytest.raises(BlockedAddressError):
        GuardedDialler(Egress()).connect_tcp("127.0.0.1", silent, 5)
    with pytest.raises(httpcore2.ConnectError):
        GuardedDialler(LOCAL).connect_unix_socket("/run/x")


def test_the_next_address_is_tried_when_one_does_not_answer(silent: int) -> None:
    egress = Egress(["127.0.0.0/8"], lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    stream = GuardedDialler(egress).connect_tcp("name", silent, 5)
    assert stream.get_extra_info("server_addr") == ("127.0.0.1", silent)
    stream.close()


def test_a_read_waits_as_long_as_it_is_told_and_looks_up_meanwhile(silent: int) -> None:
    looks: list[float] = []
    dialler = GuardedDialler(LOCAL, lambda: looks.append(time.monotonic()))
    stream = dialler.connect_tcp("127.0.0.1", silent, 5)
    before = time.monotonic()
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(1, 0.7)
    assert 0.6 < time.monotonic() - before < 2
    assert looks  # between two turns
    stream.close()


def test_outside_of_a_job_there_is_no_cancel_to_heed() -> None:
    heed_cancel()


@pytest.mark.anyio
async def test_a_cancel_is_heard_while_a_server_is_silent(silent: int) -> None:
    client = Web(LOCAL, pause=lambda _s: None)
    target = target_of(f"http://127.0.0.1:{silent}/a")
    started = threading.Event()

    def ask() -> None:
        started.set()
        client.get(target)

    before = time.monotonic()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, ask)
            await anyio.to_thread.run_sync(started.wait)
            scope.cancel()
    assert time.monotonic() - before < 2
    client.close()


def test_an_untrusted_server_is_refused_and_a_trusted_one_is_asked(tmp_path: Path) -> None:
    both = trust()
    (tmp_path / "a").write_bytes(b"body")
    with ranged(tmp_path, both.server) as server:
        for tls, host in ((None, "127.0.0.1"), (both.client, "other")):
            client = Web(Egress(["127.0.0.0/8"], lambda _host, _port: ["127.0.0.1"]), tls=tls)
            with pytest.raises(TlsError, match=host):
                client.get(target_of(f"https://{host}:{server.port}/a"))
            client.close()
        client = Web(LOCAL, tls=both.client)
        answer = client.get(target_of(server.url("a")))
        assert answer.read(100) == b"body"
        answer.close()
        client.close()


def test_the_name_is_kept_for_tls(tmp_path: Path) -> None:
    both = trust()
    asked: list[str | None] = []

    def note(_socket: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: object) -> None:
        asked.append(name)

    both.server.sni_callback = note
    (tmp_path / "a").write_bytes(b"body")
    with ranged(tmp_path, both.server) as server:
        client = Web(Egress(["127.0.0.0/8"], lambda _host, _port: ["127.0.0.1"]), tls=both.client)
        client.get(target_of(f"https://localhost:{server.port}/a")).close()
        client.close()
    assert asked == ["localhost"]


def test_a_server_that_hangs_up_in_the_handshake_may_be_back_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up() -> None:
            peer, _ = server.accept()
            peer.recv(1)
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        stream = GuardedDialler(LOCAL).connect_tcp("127.0.0.1", port, 5)
        with pytest.raises(httpcore2.ConnectError):
            stream.start_tls(ssl.create_default_context(), "localhost", 5)
        thread.join()
        with suppress(OSError):
            stream.close()


@pytest.mark.anyio
async def test_a_cancel_is_heard_while_a_name_is_looked_up(silent: int) -> None:
    asked, answer, late = threading.Event(), threading.Event(), threading.Event()

    def lookup(_host: str, _port: int) -> list[str]:
        asked.set()
        answer.wait(20)
        late.set()
        return ["127.0.0.1"]

    dialler = GuardedDialler(Egress(["127.0.0.0/8"], lookup))
    before = time.monotonic()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, partial(dialler.connect_tcp, "name", silent))
            await anyio.to_thread.run_sync(asked.wait)
            scope.cancel()
    assert time.monotonic() - before < 2
    answer.set()
    assert await anyio.to_thread.run_sync(late.wait, 5)


@pytest.mark.anyio
async def test_a_cancel_is_heard_while_waiting_for_the_next_try() -> None:
    started = threading.Event()

    def wait() -> None:
        started.set()
        rest(30)

    before = time.monotonic()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, wait)
            await anyio.to_thread.run_sync(started.wait)
            scope.cancel()
    assert time.monotonic() - before < 2


def test_a_wait_is_as_long_as_it_is_told() -> None:
    before = time.monotonic()
    rest(0.05)
    assert 0.05 <= time.monotonic() - before < 2
