"""Posting staged media exactly once: a lost answer is asked for, a refused album is halved until the bad one is alone.

Every medium keeps its random id through all of this, so whatever is repeated, Telegram posts it once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from transload.clients.outcomes import (
    BadItem,
    Done,
    Gone,
    Member,
    Refused,
    SentBefore,
    Unknown,
)
from transload.destinations.telegram.chat import Room, failed
from transload.destinations.telegram.posts import Medium, Slot


@dataclass(frozen=True, slots=True)
class Posting:
    """One medium to be posted: where it stands in its album, and what it is."""

    slot: Slot
    medium: Medium


NO_NUMBER = 0
"""Of a message that is there, its number not known: bots cannot always ask."""


@dataclass(slots=True)
class Sending:
    """The posts of one album. `sent` has the messages by random id, `refused` Telegram's words, `gone` what expired.

    `after` is a message that was there before; `turn` waits until so many messages may be sent.
    """

    room: Room
    after: int | None
    turn: Callable[[int], Awaitable[None]]
    caption: str = ""
    sent: dict[int, int] = field(default_factory=dict[int, int])
    refused: dict[int, str] = field(default_factory=dict[int, str])
    gone: set[int] = field(default_factory=set[int])

    async def post(self, members: Sequence[Posting]) -> None:
        """Post these together, once. Raises what has to wait, DeniedError."""
        left = [one for one in members if one.slot.random_id not in self.sent]
        if not left:
            return
        said = await self._send(left)
        match said:
            case Done(numbers):
                self._note(left, numbers)
            case SentBefore() | Unknown():
                await self._resolve(left, said)
            case BadItem(code):
                await self._halve(left, code)
            case Gone():
                self.gone |= {one.slot.random_id for one in left}
            case _:
                raise failed(self.room.line, self.room.address, said)

    async def _send(self, members: Sequence[Posting]) -> Done[list[int]] | Refused:
        await self.turn(len(members))
        telegram = await self.room.line.telegram()
        album = [
            Member(one.medium.staged, one.slot.random_id, "" if n else self.caption)
            for n, one in enumerate(members)
        ]
        topic = self.room.address.topic
        if len(album) == 1:
            return await telegram.send_one(self.room.chat, album[0], topic)
        return await telegram.send_album(self.room.chat, album, topic)

    def _note(self, members: Sequence[Posting], numbers: Sequence[int]) -> None:
        self.caption = ""  # it stands above the first
        self.sent |= {
            one.slot.random_id: number for one, number in zip(members, numbers, strict=True)
        }

    async def _resolve(self, members: Sequence[Posting], said: SentBefore | Unknown) -> None:
        """Ask what is there. Where nobody may ask, the same ids tell: one that was used was posted."""
        by_media = {one.medium.id: one for one in members}
        found = await self.room.media_since(self.after, set(by_media))
        here = [by_media[media] for media in found]
        self._note(here, [found[one.medium.id] for one in here])
        missing = [one for one in members if one.medium.id not in found]
        if not missing:
            return
        if isinstance(said, Unknown):
            raise self.room.line.lost(said.why)
        if here:  # an earlier run had halved it: these were in none of the halves that it posted
            await self.post(missing)
        elif len(members) == 1:
            self._note(members, [NO_NUMBER])
        else:
            for one in missing:
                await self.post([one])

    async def _halve(self, members: Sequence[Posting], code: str) -> None:
        """One of these is bad: post the halves. Where the first is fine, the second is halved without being tried."""
        if len(members) == 1:
            self.refused[members[0].slot.random_id] = code
            return
        middle = len(members) // 2
        first, second = members[:middle], members[middle:]
        await self.post(first)
        is_bad = any(one.slot.random_id in self.refused for one in first)
        if is_bad or len(second) == 1:
            await self.post(second)
        else:
            await self._halve(second, code)
