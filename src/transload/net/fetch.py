"""Asking web servers: one client, redirects judged one by one, foreign errors translated, few and short retries."""

import base64
import logging
import random
import re
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import unquote

import httpcore2
import httpx2

from transload.errors import (
    ConnectError,
    ConnectionLostError,
    DnsError,
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
from transload.net.dial import GuardedDialler, rest
from transload.net.egress import Egress
from transload.retry import RetryPolicy
from transload.web_address import shown

log = logging.getLogger(__name__)

REDIRECTS_MAX = 5
URL_SIGNS_MAX = 8192  # signed links have a few thousand; servers refuse longer ones
RETRIES: Final = RetryPolicy(max_attempts=4, first_s=0.5, longest_s=4.0)
"""Tries within one reading: what is longer is the job's to wait for."""
ASKED_MAX_S = 20
"""A server that asks to wait longer is left to the job, whose wait outlives this process."""

DAY_S = 86_400.0
_NO_HOST = re.compile(
    r"[%\s\\]"
)  # percent-encoded characters and zones of IPv6 addresses: neither names a host elsewhere
_FOUND = frozenset({200, 203, 206, 416})
_OF_ONE_REQUEST = frozenset({"host", "content-length", "transfer-encoding"})
_LOGIN = frozenset({401, 407, 511})
_GONE = frozenset({404, 410})
_BUSY = frozenset({408, 425, 429, 503})


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that may pass without anything happening: while connecting, and while reading or writing."""

    connect_s: float = 5.0
    read_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A web address taken apart: `url` has no user, password and fragment; `login` is the header they become."""

    url: str
    login: str | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """The address for people."""
        return shown(self.url)


def target_of(text: str) -> Target:
    """What a web address means. Raises InvalidUrlError."""
    url_shown = shown(text[:200])
    if len(text) > URL_SIGNS_MAX:
        raise InvalidUrlError(f"{url_shown}… is longer than {URL_SIGNS_MAX} characters")
    try:
        url = httpx2.URL(text.strip())
    except (httpx2.InvalidURL, ValueError) as error:
        raise InvalidUrlError(f"{url_shown} is no web address: {error}") from error
    if trouble := _unfit(url):
        raise InvalidUrlError(f"{url_shown} is no web address: {trouble}")
    login = None
    if url.userinfo:
        user, _, password = url.userinfo.decode().partition(":")
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        login = "Basic " + base64.b64encode(pair).decode()
    return Target(str(url.copy_with(userinfo=b"", fragment=None)), login)


def _unfit(url: httpx2.URL) -> str:
    """Why an address cannot be asked, empty when it can."""
    if url.scheme not in ("http", "https") or not url.host:
        return "it must begin with http:// or https:// and a host"
    if _NO_HOST.search(url.host):
        return f"{url.host!r} is no host name"
    return "" if url.port is None or 0 < url.port < 1 << 16 else f"there is no port {url.port}"


def host_scope(url: str) -> str:
    """What everything that is asked of a host waits for when it is out of reach or asks to wait."""
    return f"host:{httpx2.URL(url).host}"


class Answer:
    """What a server sends back, read piece by piece. The caller closes it."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = response.iter_raw()
        self._rest = b""
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.taken = 0

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects."""
        return str(self._response.url)

    def read(self, size: int) -> bytes:
        """Up to `size` of the next bytes, b"" at the end.

        Raises ShortAnswerError when it ends before its promised length, ConnectionLostError, NetworkTimeoutError.
        """
        if not self._rest:
            with _translated(self.url, in_body=True):
                self._rest = next(self._chunks, b"")
            self.taken += len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Let go of the connection; may be called twice. An answer read to its end leaves the connection usable."""
        self._response.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a server: a method that changes nothing there, headers, a body; `accepts` are the statuses of
    answers that are of use.
    """

    method: str
    headers: Mapping[str, str]
    body: bytes = b""
    accepts: frozenset[int] = _FOUND


class Web:
    """A client for one source. `tls` replaces the system's trust, `pause` waits between retries."""

    def __init__(
        self,
        egress: Egress,
        *,
        times: Times | None = None,
        tls: ssl.SSLContext | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        times = times or Times()
        self.pause = pause or rest
        self._client = httpx2.Client(
            transport=_GuardedTransport(egress, tls),
            timeout=httpx2.Timeout(times.read_s, connect=times.connect_s),
            trust_env=False,  # a proxy of the environment would resolve names behind the guard's back
            headers={"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "transload"},
        )

    def get(self, target: Target, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to one request, redirects followed; failures that may pass are tried again, three times at most.

        Raises InvalidUrlError, BlockedAddressError, TlsError, and the errors of source.* and net.*.
        """
        return self.ask(Asked("GET", headers or {}), target)

    def ask(self, asked: Asked, target: Target) -> Answer:
        """The answer to a request of any method, as `get` gives it and raises; redirects leave the method as it is."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(target, asked)
            except TransientError as error:
                self.rest(attempt, error)

    def rest(self, attempt: int, error: TransientError) -> None:
        """Wait before the next try; raises `error` when failed try number `attempt` was the last."""
        delay_s = RETRIES.delay_s(attempt, random.random())
        asked_s = error.retry_after_s
        if delay_s is None or (asked_s is not None and asked_s > ASKED_MAX_S):
            raise error
        delay_s = max(delay_s, asked_s or 0)
        log.info(
            "web_retry", extra={"kind": error.kind.word, "attempt": attempt, "delay_s": delay_s}
        )
        self.pause(delay_s)

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._client.close()

    def _once(self, target: Target, asked: Asked) -> Answer:
        login = {"Authorization": target.login} if target.login else {}
        request = self._request(asked, target.url, {**asked.headers, **login})
        for _ in range(REDIRECTS_MAX + 1):
            with _translated(str(request.url), in_body=False):  # perhaps another host by now
                response = self._client.send(
                    request, stream=True, follow_redirects=False, auth=None
                )
            if not response.has_redirect_location:
                return _accepted(response, asked.accepts)
            response.close()
            following = _next(response)
            request = self._request(asked, str(following.url), following.headers)
        raise RemoteBrokenError(f"{target.shown} redirects more than {REDIRECTS_MAX} times")

    def _request(self, asked: Asked, url: str, headers: Mapping[str, str]) -> httpx2.Request:
        kept = {name: headers[name] for name in headers if name.lower() not in _OF_ONE_REQUEST}
        return self._client.build_request(
            asked.method, url, headers=kept, content=asked.body or None
        )


def _next(response: httpx2.Response) -> httpx2.Request:
    here, request = shown(str(response.url)), response.next_request
    if request is None:
        raise RemoteBrokenError(f"{here} redirects to what is no address")
    if trouble := _unfit(request.url):
        raise RemoteBrokenError(f"{here} redirects to what is no web address: {trouble}")
    if response.url.scheme == "https" and request.url.scheme == "http":
        raise RemoteForbiddenError(
            f"{here} redirects to an address without encryption: not followed"
        )
    if request.url.origin != response.url.origin:
        # The library forwards them when http becomes https at the same host; a login is for whom it was given to.
        request.headers.pop("Authorization", None)
    return request


def _accepted(response: httpx2.Response, accepts: frozenset[int]) -> Answer:
    if response.status_code in accepts:
        return Answer(response)
    response.close()
    raise _refusal(response.status_code, response.headers, str(response.url))


def _refusal(status: int, headers: Mapping[str, str], url: str) -> TransloadError:
    message = f"{shown(url)} answers with status {status}"
    if status in _GONE:
        return RemoteNotFoundError(message)
    if status in _LOGIN:
        return RemoteLoginError(message)
    if status in _BUSY:
        asked_s = _asked_s(headers.get("retry-after", ""))
        return RemoteBusyError(message).within(host_scope(url), asked_s)
    if 400 <= status < 500:
        return RemoteForbiddenError(message)
    return RemoteBrokenError(message)


def _asked_s(text: str) -> float | None:
    """Seconds of a Retry-After (RFC 9110 10.2.3), at most a day; None when there is none that can be read."""
    if text.isascii() and text.isdecimal():
        return min(float(text), DAY_S)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    left_s = (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(left_s, 0.0), DAY_S)


# Most special first: the first class that fits decides.
_TRANSLATIONS: tuple[tuple[type[Exception], type[TransloadError], str], ...] = (
    (httpcore2.ConnectTimeout, ConnectError, "does not answer"),
    (httpcore2.TimeoutException, NetworkTimeoutError, "sent nothing for too long"),
    (httpcore2.ConnectError, ConnectError, "cannot be reached"),
    (httpcore2.NetworkError, ConnectionLostError, "broke the connection off"),
    (httpcore2.RemoteProtocolError, ConnectionLostError, "broke the connection off"),
    (httpcore2.ProtocolError, InvalidUrlError, "cannot be asked like that"),
    (httpcore2.UnsupportedProtocol, InvalidUrlError, "cannot be asked like that"),
    (httpx2.InvalidURL, InvalidUrlError, "is no web address"),
    (httpx2.HTTPError, ConnectionLostError, "broke the connection off"),
)


@contextmanager
def _translated(url: str, *, in_body: bool) -> Generator[None]:
    """The library's errors as ours. An answer without its end is one that was cut short, not a server out of reach."""
    try:
        yield
    except DnsError as error:
        raise error.within(host_scope(url)) from error.__cause__
    except tuple(foreign for foreign, _, _ in _TRANSLATIONS) as error:
        where = shown(url)
        if in_body and isinstance(error, httpcore2.RemoteProtocolError):
            raise ShortAnswerError(
                f"the answer of {where} ended before its promised length"
            ) from error
        fitting = (one for one in _TRANSLATIONS if isinstance(error, one[0]))
        _, ours, message = next(fitting)
        found = ours(f"{where} {message}", evidence=str(error) or None)
        if isinstance(found, TransientError):
            found.within(host_scope(url))
        raise found from error


class _GuardedTransport(httpx2.BaseTransport):
    """The client's way to the network: a pool of connections that only the guard may open."""

    def __init__(self, egress: Egress, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=8,
            max_keepalive_connections=2,
            keepalive_expiry=15.0,
            network_backend=GuardedDialler(egress),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request over a guarded connection. Raises the errors of `httpcore2` and ours."""
        url = request.url
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=cast("dict[str, Any]", response.extensions),  # pyright: ignore[reportUnknownMemberType]
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
