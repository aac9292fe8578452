"""Connections as the client library wants them, made only to judged addresses, and read so that a stop is heard."""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any

import httpcore2
from anyio import NoEventLoopError, from_thread

from transload.errors import TlsError
from transload.net.egress import Egress

TICK_S = 0.5  # a reading thread looks this often whether its job was stopped; a cancel is promised within a second
ADDRESSES_MAX = 4  # tried for one connection; names with more are balanced, and their addresses stand or fall together

Checkpoint = Callable[[], None]
"""Called while waiting; raises to give up."""


def heed_cancel() -> None:
    """Raise the cancellation of the task this worker thread runs for; nothing in any other thread."""
    with suppress(NoEventLoopError):
        from_thread.check_cancelled()


def rest(seconds: float) -> None:
    """Wait, unless the task of this thread is cancelled meanwhile."""
    never, deadline = threading.Event(), time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        never.wait(min(left, TICK_S))
        heed_cancel()


class GuardedDialler(httpcore2.NetworkBackend):
    """Resolves and judges through `egress`, then connects to the judged address; the name stays for Host and TLS."""

    def __init__(self, egress: Egress, checkpoint: Checkpoint = heed_cancel) -> None:
        self._egress = egress
        self._checkpoint = checkpoint
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address that answers. Raises DnsError, BlockedAddressError, and theirs."""
        options = tuple(socket_options or ())

        def dial() -> httpcore2.NetworkStream:
            return self._dialled(host, port, timeout, options)

        return HeedfulStream(_in_thread(dial, self._checkpoint), self._checkpoint)

    def _dialled(
        self,
        host: str,
        port: int,
        timeout: float | None,
        options: Sequence[httpcore2.SOCKET_OPTION],
    ) -> httpcore2.NetworkStream:
        places = self._egress.addresses(host, port)[:ADDRESSES_MAX]
        for place in places[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return self._system.connect_tcp(place, port, timeout, None, options)
        return self._system.connect_tcp(places[-1], port, timeout, None, options)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - the library's shape
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Never: no source lies behind one."""
        raise httpcore2.ConnectError(f"{path}: sockets of this machine are not served")


def _in_thread(
    dial: Callable[[], httpcore2.NetworkStream], checkpoint: Checkpoint
) -> httpcore2.NetworkStream:
    """The connection, made in a thread of its own: looking a name up and connecting can be waited for, not stopped.

    When `checkpoint` raises meanwhile, a connection that comes too late is closed by that thread.
    """
    coming: Future[httpcore2.NetworkStream] = Future()

    def act() -> None:
        try:
            coming.set_result(dial())
        except Exception as error:  # noqa: BLE001  handed on to the one who waits
            coming.set_exception(error)

    threading.Thread(target=act, daemon=True).start()
    try:
        while not wait((coming,), TICK_S).done:
            checkpoint()
    except BaseException:
        coming.add_done_callback(_hang_up)
        raise
    return coming.result()


def _hang_up(late: Future[httpcore2.NetworkStream]) -> None:
    if late.exception() is None:
        late.result().close()


class HeedfulStream(httpcore2.NetworkStream):
    """A connection whose reads wait in short turns, with a checkpoint between."""

    def __init__(self, inner: httpcore2.NetworkStream, checkpoint: Checkpoint) -> None:
        self._inner = inner
        self._checkpoint = checkpoint

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; ReadTimeout when none came for `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = TICK_S if deadline is None else min(TICK_S, deadline - time.monotonic())
            try:
                return self._inner.read(max_bytes, max(left, 0.001))
            except httpcore2.ReadTimeout:
                if deadline is not None and time.monotonic() >= deadline:
                    raise
            self._checkpoint()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """The same connection encrypted. Raises TlsError when the server cannot be trusted."""
        try:
            inner = self._inner.start_tls(ssl_context, server_hostname, timeout)
        except httpcore2.ConnectError as error:
            if _is_distrust(error.__cause__):
                raise TlsError(
                    f"the certificate of {server_hostname} cannot be trusted: {_reason(error.__cause__)}"
                ) from error
            raise
        return HeedfulStream(inner, self._checkpoint)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's shape
        """What the connection reports of itself."""
        return self._inner.get_extra_info(info)


def _is_distrust(cause: BaseException | None) -> bool:
    """Whether the handshake failed for good; an end of the connection in the middle of it may pass."""
    return isinstance(cause, ssl.SSLError) and not isinstance(
        cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    )


def _reason(cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    return str(getattr(cause, "reason", None) or cause)
