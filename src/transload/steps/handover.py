"""How one stage hands on to the next: at once where it has room; and a token for who waits for all before it."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flush:
    """A token on its way through the stages: what was put before it is delivered now, albums that are not full too.

    Somebody waits for that: the reader for room in scratch, an equal content for the receipt of the first.
    """

    done: anyio.Event = field(default_factory=anyio.Event)


async def pass_on(stage: MemoryObjectSendStream[T], one: T) -> None:
    """Give something to the next stage, at once where it has room.

    `send` gives the event loop a turn each time, also then: with small files that was a quarter of its work.
    """
    try:
        stage.send_nowait(one)
    except anyio.WouldBlock:
        await stage.send(one)


async def arriving(stage: MemoryObjectReceiveStream[T]) -> AsyncGenerator[T]:
    """What the stage before gives, to its end."""
    with suppress(anyio.EndOfStream):
        while True:
            yield await next_of(stage)


async def next_of(stage: MemoryObjectReceiveStream[T]) -> T:
    """The next of the stage before; the event loop has a turn where it is not there yet. Raises EndOfStream."""
    try:
        return stage.receive_nowait()
    except anyio.WouldBlock:
        return await stage.receive()
