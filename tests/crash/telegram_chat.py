"""A chat of a sandbox in this process, which may be stopped and started, for commands that are killed."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession

from tests.crash.scene import LIMIT_S, Scene
from tests.sandbox import clients
from transload.clients.telegram import PART_BYTES
from transload.sandbox.chats import make_chat
from transload.sandbox.faults import Act, Fault, Faults
from transload.sandbox.store import Letter, Store

WINDOW_BYTES = 4 * PART_BYTES
"""What a kill inside a file can send twice: the parts on their way."""


@dataclass
class Chat:
    """A channel in which a command posts as its creator. `faults` outlive a restart of the server."""

    folder: Path
    faults: Faults = field(default_factory=Faults)
    address: str = ""
    number: int = 0
    _server: ExitStack = field(default_factory=ExitStack)
    _store: Store | None = None

    def start(self) -> None:
        """Serve, on the port of before."""
        portal = self._server.enter_context(start_blocking_portal())
        port = int(self.address.rpartition(":")[2] or 0)
        made = clients.scene(self.folder / "box", faults=self.faults, port=port)
        scene = self._server.enter_context(portal.wrap_async_context_manager(made))
        store = self._store = scene.box.world.store
        if not self.address:
            self._sign_in(scene)
            chat = make_chat(store, "channel", "Family", scene.ann, username="family")
            self.number = chat.marked
        self.address = scene.box.address

    def _sign_in(self, scene: clients.Scene) -> None:
        (self.folder / "key.pem").write_text(scene.box.key.public_pem)
        session: Any = SQLiteSession(str(self.folder / "ann.session"))
        session.set_dc(2, "127.0.0.1", scene.box.world.port)
        session.auth_key = AuthKey(scene.box.preset_key(scene.ann))
        session.save()
        session.close()

    def stop(self) -> None:
        """Hang up on everybody."""
        self._server.close()

    @property
    def words(self) -> tuple[str, ...]:
        """What a command is given so that it goes there."""
        settings = {
            "api_id": "1",
            "api_hash": "x",
            "pace": "off",
            "session": str(self.folder / "ann.session"),
            "server": self.address,
            "server_key": str(self.folder / "key.pem"),
        }
        return tuple(
            word
            for name, value in settings.items()
            for word in ("--set", f"telegram.{name}={value}")
        )

    @property
    def letters(self) -> list[Letter]:
        assert self._store is not None
        return self._store.letters("box = ? and not deleted order by id", self.number)

    @property
    def posted(self) -> list[str]:
        """The names of what was posted, in order."""
        assert self._store is not None
        media = [self._store.media(one.body["media"]) for one in self.letters]
        return [one.name for one in media if one is not None]

    @property
    def sizes(self) -> list[int]:
        """How many members each album has."""
        keys = [one.body.get("grouped", one.id) for one in self.letters]
        return [len(list(group)) for _, group in groupby(keys)]

    @property
    def begun(self) -> int:
        """How many files were begun: one for each medium, if none that was staged was brought again."""
        return len({file for file, _, _ in self.faults.parts})

    @property
    def in_vain(self) -> int:
        """Bytes of parts beyond what was posted."""
        assert self._store is not None
        media = [self._store.media(one.body["media"]) for one in self.letters]
        needed = sum(one.size for one in media if one is not None)
        return sum(size for _, _, size in self.faults.parts) - needed


@contextmanager
def chat(folder: Path) -> Iterator[Chat]:
    folder.mkdir(parents=True, exist_ok=True)
    made = Chat(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def scene_to(one: Chat, source: Path, folder: Path) -> Scene:
    """The command that sends a source to the chat."""
    return Scene(source, folder, to="telegram:@family", more=one.words)


def killed_at(scene: Scene, one: Chat, request: str, act: Act, skip: int) -> bool:
    """Run, and kill the command before (`drop`) or after (`answer_then_drop`) a request's effect; whether it came."""
    running: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        os.kill(running[0].pid, signal.SIGKILL)

    one.faults.clear()
    one.faults.plan(Fault(request, act, skip=skip, then=kill))
    running.append(scene.start())
    running[0].wait(timeout=LIMIT_S)
    one.faults.clear()
    return scene.end_of(running[0]) < 0


def faults_of(
    one: Chat, scene: Scene, calm: Scene, wanted: Sequence[str], deaths: int
) -> list[str]:
    """Lost, twice, left over, staged again, or more bytes again than the parts that were on their way at each death."""
    bad = [f"posted: {one.posted}"] if one.posted != list(wanted) else []
    if one.begun != len(wanted):
        bad.append(f"{one.begun} files were begun for {len(wanted)} media")
    if one.in_vain > WINDOW_BYTES * deaths:
        bad.append(f"{one.in_vain} bytes in vain")
    return bad + scene.faults_at_the_end(calm)
