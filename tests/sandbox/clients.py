"""Stock clients of the sandbox: Telethon as it is, and Kurigram, which shares no code with it."""

import io
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from PIL import Image
from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.crypto import rsa as telethon_keys
from telethon.sessions import MemorySession

from transload.sandbox import server
from transload.sandbox.faults import Faults
from transload.sandbox.server import Sandbox
from transload.sandbox.world import Rules

ANN, BOB = "49111", "49222"
_PRIVATE = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
"""One key for all servers of a run: making one takes a tenth of a second."""


@dataclass(slots=True)
class Scene:
    """A running server with two people in it, and what it told the person beside it."""

    box: Sandbox
    told: list[str] = field(default_factory=list[str])
    portal: BlockingPortal | None = None
    ann: int = 0
    bob: int = 0

    @property
    def code(self) -> str:
        """The last code that was told."""
        return self.told[-1].rpartition(" ")[2]


def _put_key(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "key.pem").exists():
        (folder / "key.pem").write_bytes(_PRIVATE)


@asynccontextmanager
async def scene(
    folder: Path,
    *,
    faults: Faults | None = None,
    rules: Rules | None = None,
    port: int = 0,
    password: str = "",
) -> AsyncGenerator[Scene]:
    """A server with Ann (who may have a two-step password) and Bob."""
    _put_key(folder)
    told = list[str]()
    async with server.running(folder, told.append, faults=faults, rules=rules, port=port) as box:
        telethon_keys.add_key(box.key.public_pem, old=False)
        ann = box.add_user(ANN, "Ann", username="ann", password=password)
        bob = box.add_user(BOB, "Bob", username="bob")
        yield Scene(box, told, ann=ann, bob=bob)


def session_of(box: Sandbox, key: bytes | None = None) -> MemorySession:
    """A session that leads to the server, with a key preset or none yet."""
    session = MemorySession()
    session.set_dc(2, "127.0.0.1", box.world.port)
    if key is not None:
        session.auth_key = AuthKey(key)
    return session


@asynccontextmanager
async def telethon(box: Sandbox, user: int | None = None, **options: Any) -> AsyncGenerator[Any]:
    """A connected client; signed in as somebody by a preset key, or not at all."""
    key = None if user is None else box.preset_key(user)
    options = {"flood_sleep_threshold": 0, "retry_delay": 0.05} | options
    client: Any = TelegramClient(session_of(box, key), 1, "hash", **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


def jpeg(width: int, height: int, colour: str = "teal") -> io.BytesIO:
    """A photo to be sent."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    out.seek(0)
    out.name = f"{colour}.jpg"
    return out


def named(data: bytes, name: str) -> io.BytesIO:
    """Bytes with a file name."""
    out = io.BytesIO(data)
    out.name = name
    return out


def kurigram(box: Sandbox, folder: Path, name: str, **options: Any) -> Any:
    """A client of the other line, led to the server by its own public switches."""
    from pyrogram import Client
    from pyrogram.connection import Connection
    from pyrogram.crypto import rsa as keys

    public = serialization.load_pem_public_key(box.key.public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = public.public_numbers()
    keys.server_public_keys[box.key.fingerprint] = keys.PublicKey(numbers.n, numbers.e)

    class Here(Connection):
        """Whatever address is asked for, it is this server's."""

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(
                *args, **given | {"server_address": "127.0.0.1", "port": box.world.port}
            )

    return Client(
        name,
        1,
        "hash",
        workdir=str(folder),
        connection_factory=Here,
        sleep_threshold=0,
        **options,
    )


@contextmanager
def in_thread(
    folder: Path, *, password: str = "", faults: Faults | None = None, rules: Rules | None = None
) -> Generator[Scene]:
    """The same server beside the test, for programs that are started by it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            scene(folder, password=password, faults=faults, rules=rules)
        ) as made,
    ):
        made.portal = portal
        yield made
