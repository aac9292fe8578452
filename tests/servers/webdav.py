"""WsgiDAV over a folder, served by cheroot on a port of 127.0.0.1: every request counted, faults on demand.

As behind a proxy, the paths that clients ask for may be others than those that WsgiDAV knows and writes into listings.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cheroot.makefile import StreamWriter
from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp

# What is left to be written to a client that has hung up is written to nobody. Since Python 3.13 such an end of a file
# is reported, in whichever test runs when it is collected.
StreamWriter.__del__ = lambda _writer: None  # type: ignore[method-assign]

Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass
class Asked:
    """What a client asked for, and what it was sent."""

    method: str
    path: str
    depth: str
    login: str
    status: int = 0
    sent: int = 0


@dataclass
class Dav:
    """The server with its counts; `says` answers in its place: (status, body, headers) by method and path. What is
    `silent` has no answer before the server is stopped. `outside` and `inside` begin the paths before and behind it.
    """

    folder: Path
    requests: list[Asked] = field(default_factory=list[Asked])
    says: dict[tuple[str, str], tuple[int, bytes, dict[str, str]]] = field(
        default_factory=dict[tuple[str, str], tuple[int, bytes, dict[str, str]]]
    )
    silent: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    outside: str = ""
    inside: str = ""
    ranges: bool = True
    login: tuple[str, str] | None = None
    port: int = 0
    _server: Server | None = None
    _thread: threading.Thread | None = None
    _app: Callable[[Environ, Start], Iterable[bytes]] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "", login: str = "") -> str:
        """The address of a place, with `user:password` if given."""
        at = f"{login}@" if login else ""
        return f"webdav://{at}127.0.0.1:{self.port}/{path}"

    def asked(self, method: str) -> list[str]:
        """The paths of all requests of a method, in their order."""
        return [one.path for one in self.requests if one.method == method]

    @property
    def sent(self) -> int:
        """Body bytes of all answers to GET."""
        return sum(one.sent for one in self.requests if one.method == "GET")

    def start(self) -> None:
        """Serve, on the port of before if there was one; it listens when this returns."""
        self._app = self._made()
        self._stopped.clear()
        if not self.port:  # cheroot lets a port be taken again only where it was named
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        server = Server(("127.0.0.1", self.port), self._answered, numthreads=24, shutdown_timeout=1)
        server.prepare()
        self._server = server
        self._thread = threading.Thread(target=server.serve)
        self._thread.start()

    def stop(self) -> None:
        """End serving; may be called twice."""
        self._stopped.set()
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = None

    def _answered(self, environ: Environ, start: Start) -> Iterable[bytes]:
        one = Asked(
            environ["REQUEST_METHOD"],
            environ["REQUEST_URI"],
            environ.get("HTTP_DEPTH", ""),
            environ.get("HTTP_AUTHORIZATION", ""),
        )
        self.requests.append(one)
        if (one.method, one.path) in self.says:
            status, body, headers = self.says[one.method, one.path]
            one.status = status
            start(f"{status} x", [*headers.items(), ("Content-Length", str(len(body)))])
            return [body]
        if (one.method, one.path) in self.silent:
            self._stopped.wait(30)
        if not self.ranges:
            environ.pop("HTTP_RANGE", None)
        return self._by_wsgidav(one, environ, start)

    def _by_wsgidav(self, one: Asked, environ: Environ, start: Start) -> Iterable[bytes]:
        def noted(status: str, *more: Any) -> Any:  # noqa: ANN401
            one.status = int(status.split()[0])
            return start(status, *more)

        assert self._app is not None
        environ["PATH_INFO"] = self.inside + environ["PATH_INFO"].removeprefix(self.outside)
        for piece in self._app(environ, noted):
            one.sent += len(piece)
            yield piece

    def _made(self) -> Callable[[Environ, Start], Iterable[bytes]]:
        users: Any = {self.login[0]: {"password": self.login[1]}} if self.login else True
        app: Callable[[Environ, Start], Iterable[bytes]] = WsgiDAVApp(
            {
                "provider_mapping": {self.inside or "/": str(self.folder)},
                "simple_dc": {"user_mapping": {"*": users}},
                "http_authenticator": {"accept_basic": True, "accept_digest": False},
                "verbose": 0,
                "logging": {"enable": False},
                "property_manager": False,
                "lock_storage": False,
            }
        )
        return app


@contextmanager
def webdav(folder: Path) -> Iterator[Dav]:
    """A server of the folder's files for as long as the block runs."""
    dav = Dav(folder)
    dav.start()
    try:
        yield dav
    finally:
        dav.stop()


def multistatus(*places: tuple[str, bool]) -> bytes:
    """A listing of addresses, each a folder or not."""
    kinds = {True: "<D:collection/>", False: ""}
    responses = "".join(
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:resourcetype>{kinds[is_folder]}"
        "</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        for href, is_folder in places
    )
    return (
        f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{responses}</D:multistatus>'.encode()
    )
