"""The destinations that the suite runs against, each with a window on what really lies there."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from tests.destinations.objects import SHAPES
from tests.destinations.parcels import a_job
from tests.servers.objects import Store, serving
from tests.telegram_desk import CHAT, Desk
from tests.telegram_desk import desk as desk_of
from transload.clients.accounts import accounts
from transload.destinations.library import Library
from transload.destinations.telegram.address import parse
from transload.destinations.telegram.destination import Manners, TelegramChat
from transload.destinations.telegram.line import Line
from transload.destinations.telegram.pace import Pacer
from transload.model import Intent, Job, Recipe
from transload.ports import Destination
from transload.sandbox.faults import Fault


class Target(Protocol):
    """A destination with a window on what really lies there."""

    destination: Destination
    job: Job
    """What is delivered, so that its bytes stay as they are."""

    def files(self) -> dict[str, bytes]:
        """Everything delivered by its reference; temporaries count too."""
        ...

    def refuse(self, intent: Intent, n: int = 0) -> None:
        """Let the destination not take file `n` of an item when it is delivered."""
        ...

    def delivers(self) -> dict[str, bytes]:
        """What was delivered by us: `files` without what was put there to refuse."""
        ...


class LibraryTarget:
    """A folder."""

    job = a_job()

    def __init__(self, root: Path) -> None:
        self.root = root
        self.destination: Destination = Library(root)
        self._planted: set[str] = set()

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def delivers(self) -> dict[str, bytes]:
        files = self.files()
        assert all(files[path] == b"foreign" for path in self._planted)
        return {path: body for path, body in files.items() if path not in self._planted}

    def plant(self, path: str, content: bytes) -> None:
        """Put a foreign file there."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def refuse(self, intent: Intent, n: int = 0) -> None:
        path = intent.placements[n].reference
        self.plant(path, b"foreign")
        self._planted.add(path)

    def mtime_ms(self, path: str) -> int:
        """The kept modification time."""
        return (self.root / path).stat().st_mtime_ns // 1_000_000


class StoreTarget:
    """The object store on loopback."""

    job = a_job()

    def __init__(self, store: Store, address: str, shape: str) -> None:
        self.store, self.address = store, address
        self.destination: Destination = SHAPES[shape](address)

    def files(self) -> dict[str, bytes]:
        return {
            f"{album.number}/{n}": one.content
            for album in self.store.log
            for n, one in enumerate(album.members)
        }

    def delivers(self) -> dict[str, bytes]:
        return self.files()

    def refuse(self, intent: Intent, n: int = 0) -> None:
        self.store.refuse(intent.shipment.parcels[n].name, "album", times=9)


class TelegramTarget:
    """A channel of a sandbox; everything is sent as a file, so that its bytes stay as they are."""

    job = replace(a_job(), recipe=Recipe.ORIGINAL)

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        one = accounts(desk.home.settings, desk.home.data.telegram)[0]
        manners = Manners(Pacer("off", NoTurns(), now_ms))
        self.destination: Destination = TelegramChat(Line(one, 1), parse(f"@{CHAT}"), manners)

    def files(self) -> dict[str, bytes]:
        store = self.desk.scene.box.world.store
        return {
            f"https://t.me/{CHAT}/{one.id}": store.file(one.body["media"]).read_bytes()
            for one in self.desk.letters()
        }

    def delivers(self) -> dict[str, bytes]:
        return self.files()

    def refuse(self, intent: Intent, n: int = 0) -> None:
        before = intent.item_id - 1 + n  # files of the items before, which have one each
        code = Fault("messages.uploadMedia", error="MEDIA_INVALID", code=400, skip=before)
        self.desk.faults.plan(code)


class NoTurns:
    """Nobody waits for a turn where the pace is off."""

    async def reserve(self, costs_s: Mapping[str, float], most_s: float) -> float:
        raise AssertionError((costs_s, most_s))

    async def slow_down(self, scope: str) -> None:
        raise AssertionError(scope)


def now_ms() -> int:
    return int(time.time() * 1000)


# On another disk than the scratch folder there are no hard links to it: files are copied.
OTHER_DISK = Path("/dev/shm")
LIBRARIES = ("library", "library_on_another_disk")


def room_for(name: str, near: Path) -> Path:
    """Where the library of this name is to be; skips the test where there is no such place."""
    if name == "library":
        return near
    if not OTHER_DISK.is_dir():
        pytest.skip("no second file system here")
    return OTHER_DISK


@contextmanager
def library(near: Path) -> Iterator[Target]:
    with tempfile.TemporaryDirectory(dir=room_for("library", near)) as room:
        yield LibraryTarget(Path(room) / "library")


@contextmanager
def library_on_another_disk(near: Path) -> Iterator[Target]:
    with tempfile.TemporaryDirectory(dir=room_for("library_on_another_disk", near)) as room:
        yield LibraryTarget(Path(room) / "library")


@contextmanager
def objects(near: Path, shape: str = "objects") -> Iterator[Target]:
    with serving(store := Store()) as address:
        yield StoreTarget(store, address, shape)


@contextmanager
def telegram(near: Path) -> Iterator[Target]:
    with desk_of(near) as desk:
        yield TelegramTarget(desk)


TARGETS: Mapping[str, Callable[[Path], AbstractContextManager[Target]]] = {
    "library": library,
    "library_on_another_disk": library_on_another_disk,
    **{shape: partial(objects, shape=shape) for shape in SHAPES},
    "telegram": telegram,
}
