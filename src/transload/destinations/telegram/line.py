"""One account's connection, shared by all chats of this process, and what uploads by it have to wait for."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import anyio

from transload.clients.accounts import Account, signed_in
from transload.clients.outcomes import (
    BadItem,
    Denied,
    Done,
    Gone,
    Refused,
    SentBefore,
    Unknown,
    Wait,
)
from transload.clients.telegram import Telegram
from transload.errors import (
    AccountBusyError,
    ConnectError,
    ConnectionLostError,
    DestinationBusyError,
    TransientError,
)
from transload.retry import SIT_OUT_S

T = TypeVar("T")

IN_FLIGHT = 4
"""Parts on their way by one connection: nearly all that more connections would gain at 60 ms, and no waits for it."""
QUIET_S = 600.0  # after a wait asked of uploads, parts go one by one for so long
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between tries of what may be repeated; then the wait is a row, and the task gives its slot back."""


class Line:
    """The connection of an account, made when it is first needed and again when it was lost.

    `window` has a place for each part on its way, until it is remembered: what a kill can send twice.
    """

    def __init__(self, account: Account, connections: int) -> None:
        self.account = account
        self.scope = f"account:{account.name}"
        self.uploads_scope = f"{self.scope} uploads"
        self.sends_scope = f"{self.scope} sends"
        self.window = anyio.CapacityLimiter(IN_FLIGHT * connections)
        self._connections = connections
        self._opening = anyio.Lock()
        self._stack = AsyncExitStack()
        self._telegram: Telegram | None = None
        self._open_at = 0.0  # when parts may travel again
        self._quiet_from = float("inf")

    async def telegram(self) -> Telegram:
        """The account, connected. Raises AccountError; waits of the account where it cannot be now."""
        async with self._opening:
            try:
                if self._telegram is None:
                    line = signed_in(self.account, connections=self._connections)
                    self._telegram = await self._stack.enter_async_context(line)
                elif not self._telegram.is_connected:
                    await self._telegram.connect()
            except (AccountBusyError, ConnectError) as error:
                raise error.within(self.scope) from error
            return self._telegram

    async def close(self) -> None:
        """Hang up; a later use connects again."""
        async with self._opening:
            self._telegram = None
            await self._stack.aclose()

    def lost(self, why: str) -> TransientError:
        """The error of an answer that did not come."""
        return ConnectionLostError(f"Telegram gave no answer ({why})").within(self.scope)

    async def insisted(
        self, ask: Callable[[Telegram], Awaitable[Done[T] | Refused]]
    ) -> Done[T] | BadItem | Gone | Denied | SentBefore:
        """What a request that may be repeated comes to: short waits are sat out, lost answers asked for again.

        Raises what has to wait longer, with its scope.
        """
        pauses = iter(PAUSES_S)
        while True:
            await self._open_for_parts()
            try:
                said = await ask(await self.telegram())
            except ConnectError as error:
                said = Unknown(error.detail)
            if isinstance(said, Wait):
                self._obey(said)
            elif isinstance(said, Unknown):
                pause_s = next(pauses, None)
                if pause_s is None:
                    raise self.lost(said.why)
                await anyio.sleep(pause_s)
            else:
                return said

    def _obey(self, wait: Wait) -> None:
        """Let uploads wait as Telegram asks, and then go one by one; a long wait is raised."""
        if wait.seconds > SIT_OUT_S:
            detail = f"Telegram asks uploads to wait ({wait.code})"
            raise DestinationBusyError(detail).within(self.uploads_scope, wait.seconds)
        self._open_at = max(self._open_at, time.monotonic() + wait.seconds)
        self._quiet_from = self._open_at + QUIET_S
        self.window.total_tokens = 1

    async def _open_for_parts(self) -> None:
        if (left := self._open_at - time.monotonic()) > 0:
            await anyio.sleep(left)
            await self._open_for_parts()  # another one may have been asked to wait meanwhile
        if time.monotonic() > self._quiet_from:
            self.window.total_tokens = IN_FLIGHT * self._connections
            self._quiet_from = float("inf")
