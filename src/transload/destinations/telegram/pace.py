"""How fast an account may send: our own bounds, below those at which Telegram asks to wait.

Each send reserves its turn in the ledger before it happens, so all jobs and machines of an account share one pace.
Sources: python-telegram-bot's constants and wiki on flood limits, fink-filters PR 156 (an album counts by its members).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import anyio

from transload.clients.outcomes import ChatKind
from transload.errors import DestinationBusyError
from transload.retry import SIT_OUT_S

Speed = Literal["safe", "fast", "off"]

REQUEST_S = 1.0  # between two sends of a user's account
BOT_MESSAGE_S = 1 / 30  # a bot's, over all chats
MESSAGE_S = 3.0  # to a group or channel: twenty a minute
PRIVATE_MESSAGE_S = 1.0
LOOK_S = 1.0  # a clock that was set meanwhile is noticed after so long


class Turns(Protocol):
    """Turns of scopes, as rows: each begins when the one before it is over."""

    async def reserve(self, costs_s: Mapping[str, float], most_s: float) -> float:
        """The seconds until a turn that takes so long in each scope may begin; it is reserved then.

        Above `most_s` nothing is reserved.
        """
        ...

    async def slow_down(self, scope: str) -> None:
        """Turns of the scope take twice as long from now on, and recover in quiet times."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends where, as far as the pace depends on it; `account` and `chat` are scopes."""

    account: str
    chat: str
    bot: bool
    kind: ChatKind


def costs_s(pace: Speed, sender: Sender, messages: int) -> dict[str, float]:
    """How long one send of so many messages takes of its account's time and of its chat's; nothing when off."""
    if pace == "off":
        return {}
    account_s = BOT_MESSAGE_S * messages if sender.bot else REQUEST_S
    per_message_s = PRIVATE_MESSAGE_S if sender.kind == "private" else MESSAGE_S
    chat_s = REQUEST_S if pace == "fast" else per_message_s * messages
    return {sender.account: account_s, sender.chat: chat_s}


@dataclass(frozen=True, slots=True)
class Pacer:
    """Waits for the turn of each send. `now_ms` is the clock that turns are counted with."""

    pace: Speed
    turns: Turns
    now_ms: Callable[[], int]

    async def wait(self, sender: Sender, messages: int, scope: str) -> None:
        """Return when so many messages may be sent; a long wait is raised, of that scope."""
        costs = costs_s(self.pace, sender, messages)
        if not costs:
            return
        left_s = await self.turns.reserve(costs, SIT_OUT_S)
        if left_s > SIT_OUT_S:
            raise DestinationBusyError("others of this account send first").within(scope, left_s)
        await self._sleep_until(self.now_ms() + int(left_s * 1000))

    async def _sleep_until(self, due_ms: int) -> None:
        if (left_s := (due_ms - self.now_ms()) / 1000) > 0:
            await anyio.sleep(min(left_s, LOOK_S))
            await self._sleep_until(due_ms)

    async def slow_down(self, sender: Sender) -> None:
        """Telegram asked to wait although the pace was kept: it is too fast for this chat."""
        if self.pace != "off":
            await self.turns.slow_down(sender.chat)
