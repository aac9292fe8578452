"""The server put together: `running` serves on loopback until its block ends."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteStream, SocketAttribute

from transload.sandbox import accounts, chats, configuration, files, history, messages
from transload.sandbox.accounts import set_password
from transload.sandbox.connection import Connection
from transload.sandbox.crypto import ServerKey, key_id
from transload.sandbox.desk import Desk
from transload.sandbox.faults import Faults
from transload.sandbox.store import Store, User
from transload.sandbox.world import Rules, World

ROOMS = (accounts, chats, configuration, files, history, messages)
DESK = Desk(*(room.desk for room in ROOMS))


@dataclass(slots=True)
class Sandbox:
    """A server that is running: its state, its key, and how to fill it without a client."""

    world: World
    key: ServerKey

    @property
    def address(self) -> str:
        """`host:port`, as the setting telegram.server takes it."""
        return f"127.0.0.1:{self.world.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.world.faults

    def add_user(
        self,
        phone: str,
        name: str,
        *,
        username: str | None = None,
        password: str = "",
        premium: bool = False,
    ) -> int:
        """Somebody with a phone number; its number. There already: the same."""
        store = self.world.store
        known = store.first(User, "phone = ?", phone)
        if known:
            return known.id
        user = User(store.free_number(User), name, phone, username, premium=premium)
        store.add(user)
        if password:
            set_password(store, user.id, password)
        return user.id

    def add_bot(self, username: str, token: str | None = None) -> str:
        """A bot; its token."""
        store = self.world.store
        known = store.first(User, "username = ?", username)
        if known and known.token:
            return known.token
        ident = store.free_number(User)
        token = token or f"{ident}:{secrets.token_urlsafe(26)}"
        store.add(User(ident, username, username=username, token=token))
        return token

    def preset_key(self, user: int) -> bytes:
        """A key of 256 bytes with which somebody is signed in already: no exchange, no code."""
        key, salt = secrets.token_bytes(256), secrets.randbits(62)
        sql = "insert into keys(id, key, salt, user) values(?, ?, ?, ?)"
        self.world.store.run(sql, key_id(key), key, salt, user)
        return key

    def expire_references(self) -> None:
        """No file reference given until now is worth anything."""
        self.world.generation += 1

    async def hang_up(self) -> None:
        """Break every connection."""
        for listener in [*self.world.listeners]:
            await listener.drop()


@asynccontextmanager
async def running(
    folder: Path,
    announce: Callable[[str], None],
    *,
    port: int = 0,
    faults: Faults | None = None,
    rules: Rules | None = None,
) -> AsyncGenerator[Sandbox]:
    """A server on a port of its own, with the state of a folder; the same folder again is the same server."""
    store = Store(folder)
    world = World(store, announce, rules=rules or Rules(), faults=faults or Faults())
    key = ServerKey.kept(folder / "key.pem")
    files.sweep_parts(store, world.now())
    try:
        async with (
            await anyio.create_tcp_listener(
                local_host="127.0.0.1", local_port=port, reuse_port=False
            ) as listener,
            anyio.create_task_group() as tasks,
        ):
            world.port = listener.extra(SocketAttribute.local_port)

            async def serve(stream: ByteStream) -> None:
                await Connection(world, DESK, key, stream).serve()

            tasks.start_soon(listener.serve, serve)
            yield Sandbox(world, key)
            tasks.cancel_scope.cancel()
    finally:
        store.close()
