"""A web server of our own on 127.0.0.1: files by Range, every request counted, faults on demand."""

import base64
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

STEP = 64 << 10
MODIFIED = "Wed, 17 Apr 2024 12:30:00 GMT"


@dataclass
class Request:
    """What a client asked for: path with query, headers in lower case, body bytes it was sent."""

    path: str
    headers: dict[str, str]
    sent: int = 0
    status: int = 0


@dataclass
class Conduct:
    """How the server behaves; tests change it while it runs."""

    ranges: bool = True
    tell_length: bool = True
    etag: str = '"one"'
    modified: str = MODIFIED
    break_after: int | None = None
    """Body bytes after which the connection is dropped; the next answer is whole again unless `always_break`."""
    always_break: bool = False
    refuse: list[int] = field(default_factory=list[int])
    """Statuses that the next answers have, one each."""
    longer_by: int = 0
    """How much more Content-Length promises than comes."""
    redirects: dict[str, str] = field(default_factory=dict[str, str])
    login: str | None = None
    """user:password"""
    change_after: int | None = None
    """The ETag changes after so many requests."""
    hold: threading.Event | None = None
    """Body bytes after `hold_after` come when it is set."""
    hold_after: int = 0
    pace_s: float = 0.0
    """A wait after every 64 KiB: a line of so much."""
    disposition: str = ""
    part_max: int | None = None
    """Longest part that is given at once."""
    shift: int = 0
    """Parts begin so much too late."""
    tell_total: bool = True
    """Whether Content-Range tells the size of the whole."""
    fresh_etags: bool = False
    """Each answer has an ETag of its own, as farms of servers without a common clock give them."""
    total_off: int = 0
    """By how much Content-Range is wrong about the whole, but for the first answer."""
    extra: dict[str, str] = field(default_factory=dict[str, str])


class Ranged:
    """The running server with its counts."""

    def __init__(
        self, folder: Path, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.folder = folder
        self.does = Conduct()
        self.requests: list[Request] = []
        self.connections = 0
        self._server = _Server((host, 0), _Handler)
        self._server.ranged = self
        self.scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def url(self, path: str, login: str = "") -> str:
        """The address of a file, with `user:password` if given."""
        at = f"{login}@" if login else ""
        return f"{self.scheme}://{at}127.0.0.1:{self.port}/{path}"

    @property
    def sent(self) -> int:
        """Body bytes of all answers."""
        return sum(request.sent for request in self.requests)

    def forget(self) -> None:
        """Count from zero."""
        self.requests.clear()
        self.connections = 0

    def run(self) -> None:
        """Serve until `stop`."""
        self._server.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        """End serving and every answer that is held back."""
        if self.does.hold is not None:
            self.does.hold.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def ranged(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[Ranged]:
    """A server of the folder's files for as long as the block runs."""
    server = Ranged(folder, tls)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    ranged: Ranged

    def get_request(self) -> tuple[object, object]:  # type: ignore[override]
        pair = super().get_request()
        self.ranged.connections += 1
        return pair

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that hang up are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart: 40 ms an answer otherwise
    server: _Server

    def log_message(self, *words: object) -> None:
        """Nothing: requests are counted."""

    def do_GET(self) -> None:
        """Answer as `Conduct` says."""
        ranged = self.server.ranged
        does = ranged.does
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Request(self.path, headers)
        ranged.requests.append(asked)
        if does.change_after is not None and len(ranged.requests) > does.change_after:
            does.etag, does.modified = '"two"', "Thu, 18 Apr 2024 12:30:00 GMT"
        if does.fresh_etags:
            does.etag = f'"{len(ranged.requests)}"'
        where = self.path.partition("?")[0]
        file = ranged.folder / unquote(where).lstrip("/")
        login = "Basic " + base64.b64encode((does.login or "").encode()).decode()
        if does.refuse:
            self._bare(asked, does.refuse.pop(0), {})
        elif where in does.redirects:
            self._bare(asked, 302, {"Location": does.redirects[where]})
        elif does.login is not None and headers.get("authorization") != login:
            self._bare(asked, 401, {"WWW-Authenticate": 'Basic realm="x"'})
        elif not file.is_file():
            self._bare(asked, 404, {})
        else:
            self._give(asked, file, does)

    def _bare(self, asked: Request, status: int, headers: dict[str, str]) -> None:
        asked.status = status
        self.send_response(status)
        for name, value in {**headers, **self.server.ranged.does.extra}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, asked: Request, file: Path, does: Conduct) -> None:
        size = file.stat().st_size
        start, end, status = self._part(asked, size, does)
        asked.status = status
        if status == 416:
            self._bare(asked, 416, {"Content-Range": f"bytes */{size}"})
            return
        self.send_response(status)
        if status == 206:
            self.send_header(
                "Content-Range",
                f"bytes {start}-{end - 1}/{self._total(size) if does.tell_total else '*'}",
            )
        if does.etag:
            self.send_header("ETag", does.etag)
        if does.modified:
            self.send_header("Last-Modified", does.modified)
        if does.disposition:
            self.send_header("Content-Disposition", does.disposition)
        if does.tell_length:
            self.send_header("Content-Length", str(end - start + does.longer_by))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        for name, value in does.extra.items():
            self.send_header(name, value)
        self.end_headers()
        self._body(asked, file, start, end)

    def _total(self, size: int) -> int:
        ranged = self.server.ranged
        return size + (ranged.does.total_off if len(ranged.requests) > 1 else 0)

    def _part(self, asked: Request, size: int, does: Conduct) -> tuple[int, int, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        condition = asked.headers.get("if-range")
        stale = condition is not None and condition not in (does.etag, does.modified)
        if found is None or not does.ranges or stale:
            return 0, size, 200
        start = int(found[1]) + does.shift
        end = min(int(found[2]) + 1 if found[2] else size, size)
        if does.part_max is not None:
            end = min(end, start + does.part_max)
        return (start, end, 206) if start < size else (0, 0, 416)

    def _body(self, asked: Request, file: Path, start: int, end: int) -> None:
        does = self.server.ranged.does
        with file.open("rb") as source:
            source.seek(start)
            while start < end:
                step = min(STEP, end - start)
                limit = does.break_after
                if limit is not None and asked.sent + step > limit:
                    self._drop(asked, source.read(max(0, limit - asked.sent)))
                    return
                asked.sent += step  # counted first: who has read it all may look at once
                self.wfile.write(source.read(step))
                start += step
                if does.pace_s:
                    threading.Event().wait(does.pace_s)
                if does.hold is not None and asked.sent > does.hold_after:
                    does.hold.wait(30)
        if does.longer_by:
            self.close_connection = True

    def _drop(self, asked: Request, last: bytes) -> None:
        does = self.server.ranged.does
        asked.sent += len(last)
        self.wfile.write(last)
        self.wfile.flush()
        if not does.always_break:
            does.break_after = None
        self.close_connection = True
