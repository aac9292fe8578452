"""Accounts by name: their settings, and the session files that keep them signed in."""

import os
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from transload.config import Settings, TelegramAccount
from transload.errors import AccountBusyError, AccountError, SettingError, UnreachableError
from transload.faults import NextStep, Step
from transload.files.disk import name_durably, sync_file
from transload.files.folder_lock import FolderLock

if TYPE_CHECKING:
    from types import ModuleType

    from transload.clients.telegram import Access, Telegram

MAIN = "main"
"""The account whose settings stand directly below `telegram`."""
ENDING = ".session"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of this installation."""

    name: str
    settings: TelegramAccount
    session: Path
    server: str | None = None
    server_key: str | None = None

    @property
    def is_signed_in(self) -> bool:
        """Whether there is a session; Telegram may have ended it."""
        return self.session.exists()

    @property
    def lock(self) -> FolderLock:
        """Held by the process that uses the session: two at once would make Telegram end it."""
        return FolderLock(self.session.with_suffix(".lock"))

    def access(self, session: Path | None = None) -> "Access":
        """How to connect; `session` instead of its own. Raises SettingError when a setting is missing."""
        library = _library()
        given, prefix = (
            self.settings,
            "telegram." if self.name == MAIN else f"telegram.accounts.{self.name}.",
        )
        for key, value in (("api_id", given.api_id), ("api_hash", given.api_hash)):
            if value is None:
                raise SettingError(
                    f"{prefix}{key} is not set; my.telegram.org gives it to whoever has an account",
                    suggestion=Step(NextStep.LOOK_UP_SETTING, f"{prefix}{key}"),
                )
        server = None
        if self.server is not None:
            if self.server_key is None:
                raise SettingError("telegram.server needs telegram.server_key, its public key")
            host, _, port = self.server.rpartition(":")
            server = library.Server(host, int(port), self.server_key)
        found: Access = library.Access(
            given.api_id or 0, given.api_hash or "", session or self.session, server
        )
        return found


def _library() -> "ModuleType":
    """The client, loaded when it is needed: it weighs 25 MiB. Raises UnreachableError when it is not installed."""
    try:
        from transload.clients import telegram
    except ModuleNotFoundError as error:
        raise UnreachableError(
            f"the library {error.name} is not installed, which speaks to Telegram",
            suggestion=f"{sys.executable} -m pip install 'transload[telegram]'",
        ) from error
    return telegram


def accounts(settings: Settings, folder: Path) -> list[Account]:
    """All accounts that the settings name, the main one first. `folder` is where sessions are kept."""
    own = settings.telegram
    main = TelegramAccount(own.api_id, own.api_hash, own.bot_token, own.session)
    named = {MAIN: main} | {
        name: replace(
            account, api_id=account.api_id or own.api_id, api_hash=account.api_hash or own.api_hash
        )
        for name, account in own.accounts.items()
    }
    return [
        Account(
            name,
            given,
            _ended(given.session or folder / f"{name}{ENDING}"),
            own.server,
            own.server_key,
        )
        for name, given in named.items()
    ]


def _ended(session: Path) -> Path:
    """A session file's name as the library makes it."""
    return session if session.suffix == ENDING else session.with_name(session.name + ENDING)


def account(settings: Settings, folder: Path, name: str) -> Account:
    """The account of a name. Raises SettingError."""
    known = {one.name: one for one in accounts(settings, folder)}
    if name not in known:
        raise SettingError(f"no account is called {name!r}; there is {', '.join(known)}")
    return known[name]


@contextmanager
def held(one: Account) -> Generator[None]:
    """The account for this process alone. Raises AccountBusyError when another one uses it."""
    one.session.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = one.lock
    if not lock.acquire():
        raise AccountBusyError(f"the account {one.name!r} is in use by another process")
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def signed_in(
    one: Account, *, updates: bool = False, connections: int = 1
) -> "AsyncGenerator[Telegram]":
    """The account, connected so many times.

    Raises AccountError when nobody is signed in, AccountBusyError, ConnectError.
    """
    if not one.is_signed_in:
        raise AccountError(f"nobody is signed in to the account {one.name!r}")
    with held(one):
        async with _library().opened(
            one.access(), updates=updates, connections=connections
        ) as telegram:
            if await telegram.me() is None:
                raise AccountError(f"Telegram has ended the session of the account {one.name!r}")
            yield telegram


@asynccontextmanager
async def signing_in(one: Account) -> "AsyncGenerator[Telegram]":
    """A connection for a login: what comes of it is kept when the block ends well, else nothing is left.

    Raises AccountBusyError, ConnectError, SettingError.
    """
    with held(one):
        rough = one.session.with_name(f"{one.name}.new{ENDING}")
        rough.unlink(missing_ok=True)
        os.close(os.open(rough, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            async with _library().opened(one.access(rough)) as telegram:
                yield telegram
            sync_file(rough)
            name_durably(rough, one.session)
        finally:
            for left in (rough, rough.with_name(rough.name + "-journal")):
                left.unlink(missing_ok=True)
