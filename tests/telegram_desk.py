"""An installation whose account is signed in to a sandbox beside the test, and what arrived there."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession

from tests.installation import SMALL, Home, finished
from tests.sandbox.clients import Scene, in_thread, telethon
from transload.app import App, Report
from transload.config import Settings, Telegram
from transload.sandbox.chats import make_chat
from transload.sandbox.faults import Faults
from transload.sandbox.store import Chat, ChatKind, Letter
from transload.sandbox.world import Rules

CHAT = "family"


@dataclass
class Desk:
    """A data folder, and the sandbox to which its account is signed in as Ann."""

    home: Home
    scene: Scene
    chat: Chat
    clock: Callable[[], int] | None = None
    to: str = f"telegram:@{CHAT}"

    @property
    def faults(self) -> Faults:
        return self.scene.box.faults

    def count(self, request: str) -> int:
        """How many requests of that name came."""
        return self.faults.count(request)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[App]:
        async with self.home.open(clock=self.clock) as app:
            yield app

    async def send(self, source: Path, **options: object) -> Report:
        async with self.open() as app:
            return await finished(app, source, **{"to": self.to} | options)

    def letters(self, chat: Chat | None = None) -> list[Letter]:
        """All messages of the chat that are there, the oldest first."""
        one = chat or self.chat
        box = self.scene.ann if one.kind == "group" else one.marked
        where = "box = ? and chat = ? and not deleted order by id"
        return self.scene.box.world.store.letters(where, box, one.marked)

    @property
    def posted(self) -> list[str]:
        """The names of what was posted, in order."""
        store = self.scene.box.world.store
        media = [store.media(one.body["media"]) for one in self.letters()]
        return [one.name for one in media if one is not None]

    @property
    def sizes(self) -> list[int]:
        """How many members each album has; 1 for what was posted alone."""
        keys = [one.body.get("grouped", one.id) for one in self.letters()]
        return [len(list(group)) for _, group in groupby(keys)]

    @property
    def sums(self) -> list[str]:
        """SHA-256 of the documents that were posted, in order."""
        store = self.scene.box.world.store
        found = [store.file(one.body["media"]) for one in self.letters()]
        return [hashlib.sha256(one.read_bytes()).hexdigest() for one in found if one.exists()]

    async def read(self) -> list[Any]:
        """The chat as a plain client of the library reads it, the oldest message first."""
        async with telethon(self.scene.box, self.scene.ann) as client:
            return [one async for one in client.iter_messages(CHAT, reverse=True)]


def signed_in(scene: Scene, settings: Settings, folder: Path, user: int) -> Settings:
    """Settings that lead to the sandbox, with a session of somebody in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    session: Any = SQLiteSession(str(folder / "main.session"))
    session.set_dc(2, "127.0.0.1", scene.box.world.port)
    session.auth_key = AuthKey(scene.box.preset_key(user))
    session.save()
    session.close()
    telegram = Telegram(
        pace="off",
        api_id=1,
        api_hash="sandbox",
        server=scene.box.address,
        server_key=scene.box.key.public_pem,
    )
    return replace(settings, telegram=telegram)


@contextmanager
def desk(  # noqa: PLR0913  what may differ
    folder: Path,
    *,
    kind: ChatKind = "channel",
    clock: Callable[[], int] | None = None,
    faults: Faults | None = None,
    rules: Rules | None = None,
    forum: bool = False,
) -> Iterator[Desk]:
    """A sandbox with Ann's chat, and her installation."""
    with in_thread(folder / "box", faults=faults, rules=rules) as scene:
        home = Home(folder)
        home.settings = signed_in(scene, SMALL, home.data.telegram, scene.ann)
        store = scene.box.world.store
        public = CHAT if kind != "group" else None
        chat = make_chat(store, kind, "Family", scene.ann, username=public, forum=forum)
        to = f"telegram:{chat.marked if public is None else f'@{CHAT}'}"
        yield Desk(home, scene, chat, clock, to)
