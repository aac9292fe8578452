"""A chat as deliveries need it: found once, what may be done there, its messages and their links."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from transload.clients.outcomes import ChatFacts, Denied, Done, Found, Refused, Unknown, Wait
from transload.clients.telegram import PAGE_MAX, PART_BYTES, PARTS_MAX, PARTS_MAX_PREMIUM, Chat
from transload.destinations.telegram.address import Address
from transload.destinations.telegram.line import Line
from transload.errors import (
    DeniedError,
    DestinationBusyError,
    RejectedError,
    TransloadError,
    UnreachableError,
)
from transload.faults import NextStep, Step

T = TypeVar("T")
CHANNEL_BASE = 1_000_000_000_000
"""A channel's number as clients write it is -100… (their libraries' convention)."""
_OF_MESSAGE = re.compile(
    r"https://t\.me/(?:c/\d+|[a-z]\w{2,})(?:/\d+)?/(\d+)|tg://openmessage\?.*&message_id=(\d+)",
    re.I,
)
UNKNOWN = frozenset(
    {
        "PEER_ID_INVALID",
        "CHANNEL_INVALID",
        "CHAT_ID_INVALID",
        "INVITE_HASH_INVALID",
        "INVITE_HASH_EXPIRED",
        "USERNAME_INVALID",
        "USERNAME_NOT_OCCUPIED",
    }
)
LIMITED = frozenset({"PEER_FLOOD", "USER_RESTRICTED"})


@dataclass(frozen=True, slots=True)
class Room:
    """A chat that was found: how requests name it, its facts, and the most bytes that a file may have there."""

    line: Line
    address: Address
    chat: Chat
    facts: ChatFacts
    limit_bytes: int

    @property
    def scope(self) -> str:
        """What a wait of this chat alone is named by."""
        return scope_of(self.address)

    def link(self, message_id: int | None) -> str:
        """A link to a message, as clients open it; of the chat alone where the number is not known."""
        facts, topic = self.facts, self.address.topic
        if facts.kind in ("channel", "supergroup"):
            place = facts.name or f"c/{-facts.number - CHANNEL_BASE}"
            inside = () if message_id is None else (topic, message_id)
            words = [place, *(str(one) for one in inside if one is not None)]
            return "https://t.me/" + "/".join(words)
        private = facts.kind == "private"
        whom = f"user_id={facts.number}" if private else f"chat_id={-facts.number}"
        number = "" if message_id is None else f"&message_id={message_id}"
        return f"tg://openmessage?{whom}{number}"

    async def last_message(self) -> int | None:
        """The number of the newest message, 0 where there is none; None for a bot, which may not know."""
        telegram = await self.line.telegram()
        if telegram.who.bot:
            return None
        newest = self.answer(await telegram.find_recent(self.chat, limit=1))
        return newest[0].message_id if newest else 0

    async def there(self, message_ids: Sequence[int]) -> Sequence[Found]:
        """Those of these messages that nobody has deleted."""
        telegram = await self.line.telegram()
        starts = range(0, len(message_ids), PAGE_MAX)
        pages = [message_ids[start : start + PAGE_MAX] for start in starts]
        found = [self.answer(await telegram.messages(self.chat, page)) for page in pages]
        return [one for page in found for one in page]

    async def media_since(self, after: int | None, wanted: set[int]) -> Mapping[int, int]:
        """The numbers of messages above `after` that hold the media wanted, by those.

        A bot may not read a chat's history; it asks for messages by number, where it knows one to begin with.
        """
        if (await self.line.telegram()).who.bot:
            return {} if after is None else await self._by_number(after, wanted)
        return await self._by_history(after or 0, wanted)

    async def _by_history(self, after: int, wanted: set[int]) -> Mapping[int, int]:
        found, before = dict[int, int](), 0
        while wanted - found.keys():
            telegram = await self.line.telegram()
            page = self.answer(await telegram.find_before(self.chat, before, after))
            found |= _among(page, wanted)
            if len(page) < PAGE_MAX:
                break
            before = page[-1].message_id
        return found

    async def _by_number(self, after: int, wanted: set[int]) -> Mapping[int, int]:
        found, first = dict[int, int](), after + 1
        while wanted - found.keys():
            page = await self.there(range(first, first + PAGE_MAX))
            if not page:
                break
            found |= _among(page, wanted)
            first += PAGE_MAX
        return found

    def answer(self, said: Done[T] | Refused) -> T:
        """What a request about the chat was answered. Raises the error of every other outcome."""
        if isinstance(said, Done):
            return said.value
        raise failed(self.line, self.address, said)


def scope_of(address: Address) -> str:
    """What a wait of a chat alone is named by."""
    return f"chat:{address.shown}"


async def find(line: Line, address: Address) -> Room:
    """The chat of an address, where this account may post; a group that has become a supergroup is that.

    Joins by an invite link. Raises UnreachableError, DeniedError, AccountError; waits of the account.
    """
    telegram = await line.telegram()
    invited = address.chat.startswith("+")
    found = await (telegram.invited(address.chat[1:]) if invited else telegram.chat(address.peer))
    room = await _room(line, address, found)
    if room.facts.became is not None:
        room = await _room(line, address, await telegram.chat(room.facts.became))
    if room.facts.denied is not None:
        raise refused(address, room.facts.denied)
    if address.topic is not None and not room.facts.forum:
        detail = f"{address.shown} has no topics"
        raise UnreachableError(detail, suggestion=Step(NextStep.CHOOSE_DESTINATION))
    return room


async def _room(line: Line, address: Address, found: Chat | Refused) -> Room:
    if not isinstance(found, Chat):
        raise failed(line, address, found)
    telegram = await line.telegram()
    facts, parts = await telegram.facts(found), await telegram.parts_max()
    if not isinstance(facts, Done):
        raise failed(line, address, facts)
    usual, premium = parts.value if isinstance(parts, Done) else (PARTS_MAX, PARTS_MAX_PREMIUM)
    most = premium if telegram.who.premium else usual
    return Room(line, address, found, facts.value, most * PART_BYTES)


def failed(line: Line, address: Address, said: Refused) -> TransloadError:
    """The error of a request about a chat that was not answered as it should be."""
    match said:
        case Wait(seconds, scope, code):
            place = scope_of(address) if scope == "chat" else line.sends_scope
            return DestinationBusyError(f"Telegram asks to wait ({code})").within(place, seconds)
        case Denied(code):
            return refused(address, code)
        case Unknown(why):
            return line.lost(why)
        case _:
            return RejectedError(f"Telegram does not do that in {address.shown}: {said}")


def refused(address: Address, code: str) -> TransloadError:
    """The error of what this account may not do there, with Telegram's own word."""
    if code in UNKNOWN:
        return UnreachableError(
            f"Telegram knows no chat {address.shown} that this account could post in ({code})",
            suggestion=Step(NextStep.CHOOSE_DESTINATION),
        )
    if code in LIMITED:
        return DeniedError(
            f"Telegram has limited this account ({code})",
            suggestion="@SpamBot in Telegram says why and until when. Then run the same command again: it continues.",
        )
    return DeniedError(
        f"this account may not post in {address.shown} ({code})",
        suggestion="Whoever runs the chat can give it the right. Then run the same command again: it continues.",
    )


def message_of(link: str) -> int | None:
    """The message that a link leads to; None where it leads to the chat alone."""
    found = _OF_MESSAGE.fullmatch(link)
    return None if found is None else int(found[1] or found[2])


def _among(page: Sequence[Found], wanted: set[int]) -> dict[int, int]:
    return {one.media_id: one.message_id for one in page if one.media_id in wanted}
