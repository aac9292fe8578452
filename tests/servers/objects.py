"""An object store of our own on 127.0.0.1: files in parts, staged objects, albums that must be whole, faults on demand.

A request is a line of JSON with the bytes of its body behind it, the answer a line of JSON; each has a connection of
its own. The state lives in the process of the test, so it outlives the programs that are killed.
"""

import hashlib
import json
import os
import signal
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

ALBUM_MAX = 10
LISTED = 20
Answer = dict[str, Any]
Asked = dict[str, Any]


class DropError(Exception):
    """The connection ends without an answer."""


@dataclass
class File:
    """A file on its way."""

    size: int
    part_bytes: int
    parts: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def length_of(self, n: int) -> int:
        return min(self.part_bytes, self.size - n * self.part_bytes)

    def copy(self) -> "File":
        return File(self.size, self.part_bytes, dict(self.parts))

    @property
    def missing(self) -> list[int]:
        count = -(-self.size // self.part_bytes)
        return [n for n in range(count) if n not in self.parts]


@dataclass(frozen=True)
class Stored:
    """A staged object, or one of an album."""

    id: str
    name: str
    parts: tuple[bytes, ...]

    @property
    def content(self) -> bytes:
        return b"".join(self.parts)

    def told(self) -> Answer:
        whole = hashlib.sha256()
        for part in self.parts:
            whole.update(part)
        return {"object": self.id, "sha256": whole.hexdigest(), "size": sum(map(len, self.parts))}


@dataclass(frozen=True)
class Posted:
    """An album that everybody sees."""

    key: str
    number: int
    members: tuple[Stored, ...]

    def told(self) -> Answer:
        members = [
            one.told() | {"reference": f"{self.number}/{n}"} for n, one in enumerate(self.members)
        ]
        return {"key": self.key, "members": members}


Books = tuple[dict[str, File], dict[str, Stored], dict[str, Posted], dict[str, str]]
"""Files, staged objects, albums, and what file each object was made of."""


@dataclass(frozen=True)
class Conduct:
    """What happens to some requests in place of what they ask for, or beside it.

    drop: the connection ends before the effect; lose: behind it; wait: `seconds` to wait and no effect; kill: whoever
    asked is killed before or behind the effect.
    """

    act: Literal["drop", "lose", "wait", "kill before", "kill after"]
    seconds: float = 0
    scope: str = ""


@dataclass
class _Planned:
    request: str
    conduct: Conduct
    skip: int
    times: int


class Store:
    """The state, the rules and the books of the store. Used by one request at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # whoever is told of a request may change what follows
        self.files: dict[str, File] = {}
        self.staged: dict[str, Stored] = {}
        self.albums: dict[str, Posted] = {}
        self.counts: Counter[str] = Counter()
        self.part_bytes: Counter[tuple[str, int]] = Counter()  # bytes that came, by file and part
        self.sent_again = 0  # bytes that came of what was staged already
        self.kills = 0
        self.heard: Callable[[Asked], object] = lambda _: None  # told of each request
        self._file_of: dict[str, str] = {}
        self._known: dict[
            bytes, bytes
        ] = {}  # equal parts are held once: a sparse file costs nothing
        self._refused: dict[tuple[str, str], int] = {}
        self._planned: list[_Planned] = []
        self._outage = 0.0

    @property
    def log(self) -> list[Posted]:
        """The albums in the order in which they were posted."""
        return sorted(self.albums.values(), key=lambda one: one.number)

    @property
    def posted(self) -> list[str]:
        """The names of everything that was posted, in order."""
        return [one.name for album in self.log for one in album.members]

    @property
    def all_bytes(self) -> int:
        """Bytes of all parts that came."""
        return sum(self.part_bytes.values())

    def plan(self, request: str, conduct: Conduct, *, skip: int = 0, times: int = 1) -> None:
        """From the request of this name behind the next `skip` on, as many as `times`."""
        with self.lock:
            self._planned.append(_Planned(request, conduct, skip, times))

    def plan_nothing(self) -> None:
        """Take back what was planned."""
        with self.lock:
            self._planned = []

    def refuse(self, name: str, at: Literal["stage", "album"], times: int = 1) -> None:
        """Refuse an item by its name."""
        with self.lock:
            self._refused[at, name] = times

    def outage(self, requests: float = float("inf")) -> None:
        """Drop so many requests of any kind; 0 ends it."""
        with self.lock:
            self._outage = requests

    def expire(self, *names: str) -> None:
        """What was staged is gone, with the parts it was made of."""
        with self.lock:
            for one in list(self.staged.values()):
                if not names or one.name in names:
                    del self.staged[one.id]
                    self.files.pop(self._file_of[one.id], None)

    def photographed(self) -> Books:
        """What the store knows now, apart from its counts."""
        with self.lock:
            files = {key: one.copy() for key, one in self.files.items()}
            return files, dict(self.staged), dict(self.albums), dict(self._file_of)

    def put_back(self, books: Books) -> None:
        """Know what it knew then, and count anew."""
        with self.lock:
            files, staged, albums, file_of = books
            self.files = {key: one.copy() for key, one in files.items()}
            self.staged, self.albums, self._file_of = dict(staged), dict(albums), dict(file_of)
            self.sent_again = 0

    def serve(self, asked: Asked, body: bytes) -> Answer:
        """Answer a request. Raises DropError where none is given."""
        name: str = asked["request"]
        with self.lock:
            self.counts[name] += 1
            self.heard(asked)
            if self._outage > 0:
                self._outage -= 1
                raise DropError
            conduct = self._conduct_for(name)
            if conduct is not None and conduct.act == "wait":
                return {"error": "wait", "seconds": conduct.seconds, "scope": conduct.scope}
            self._interfere(conduct, ("drop", "kill before"), asked)
            answer: Answer = getattr(self, f"_do_{name}")(asked, body)
            self._interfere(conduct, ("lose", "kill after"), asked)
            return answer

    def _conduct_for(self, request: str) -> Conduct | None:
        for one in self._planned:
            if one.request != request:
                continue
            if one.skip > 0:
                one.skip -= 1
            elif one.times > 0:
                one.times -= 1
                return one.conduct
        return None

    def _interfere(self, conduct: Conduct | None, acts: tuple[str, str], asked: Asked) -> None:
        if conduct is None or conduct.act not in acts:
            return
        if conduct.act.startswith("kill"):
            assert asked["pid"] != os.getpid(), "the test would end itself"
            self.kills += 1
            os.kill(asked["pid"], signal.SIGKILL)
        raise DropError

    def _is_refused(self, at: str, name: str) -> bool:
        left = self._refused.get((at, name), 0)
        self._refused[at, name] = left - 1
        return left > 0

    def _do_hello(self, _asked: Asked, _body: bytes) -> Answer:
        return {"albums": len(self.albums)}

    def _do_begin(self, asked: Asked, _body: bytes) -> Answer:
        self.files.setdefault(asked["file"], File(asked["size"], asked["part_bytes"]))
        return {}

    def _do_part(self, asked: Asked, body: bytes) -> Answer:
        file_id, n = asked["file"], asked["n"]
        self.part_bytes[file_id, n] += len(body)
        if file_id not in self.files:
            return {"error": "unknown_file"}
        if file_id in self._file_of.values():
            self.sent_again += len(body)
        file = self.files[file_id]
        if n < 0 or len(body) != file.length_of(n):
            return {"error": "bad_part"}
        file.parts[n] = self._known.setdefault(body, body)
        return {}

    def _do_stage(self, asked: Asked, _body: bytes) -> Answer:
        """Make an object of a file that is whole; the same file again is the same object."""
        file_id, name = asked["file"], asked["name"]
        file = self.files.get(file_id)
        if file is None:
            return {"error": "unknown_file"}
        if file.missing:
            return {"error": "missing_parts", "parts": file.missing}
        if self._is_refused("stage", name):
            return {"error": "refused", "objects": []}
        stored = Stored(f"o-{file_id}", name, tuple(file.parts[n] for n in sorted(file.parts)))
        if stored.id not in self.staged:
            self.sent_again += sum(
                len(one.content) for one in self.staged.values() if _same(one, stored)
            )
        self.staged[stored.id] = stored
        self._file_of[stored.id] = file_id
        return stored.told()

    def _do_album(self, asked: Asked, _body: bytes) -> Answer:
        key, wanted = asked["key"], asked["objects"]
        if (done := self.albums.get(key)) is not None:
            return done.told() | {"already": True}
        if not 1 <= len(wanted) <= ALBUM_MAX:
            return {"error": "bad_album"}
        if gone := [one for one in wanted if one not in self.staged]:
            return {"error": "gone", "objects": gone}
        members = tuple(self.staged[one] for one in wanted)
        if refused := [one.id for one in members if self._is_refused("album", one.name)]:
            return {"error": "refused", "objects": refused}
        self.albums[key] = Posted(key, len(self.albums) + 1, members)
        return self.albums[key].told()

    def _do_albums(self, asked: Asked, _body: bytes) -> Answer:
        """The albums of some keys, without keys the last ones."""
        keys = asked.get("keys")
        found = self.log[-LISTED:] if keys is None else [self.albums.get(key) for key in keys]
        return {"albums": [one.told() for one in found if one is not None]}

    def _do_forget(self, asked: Asked, _body: bytes) -> Answer:
        self.files.pop(asked["file"], None)
        return {}


def _same(one: Stored, other: Stored) -> bool:
    return (one.name, one.parts) == (other.name, other.parts)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: Store) -> None:
        self.store = store
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            asked = json.loads(self.rfile.readline())
            body = self.rfile.read(asked.get("body", 0))
            if len(body) == asked.get("body", 0):
                self.wfile.write(json.dumps(self.server.store.serve(asked, body)).encode() + b"\n")
        except (DropError, ConnectionError, ValueError):
            return  # whoever asked is gone, or is to hear nothing


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """Serve the store; gives its address."""
    with _Server(store) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
