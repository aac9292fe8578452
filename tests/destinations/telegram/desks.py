"""One chat, and the parts that deliver to it, without a job around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.telegram_desk import Desk
from transload.clients.accounts import accounts
from transload.destinations.telegram.address import parse
from transload.destinations.telegram.chat import Room, find
from transload.destinations.telegram.line import Line


@asynccontextmanager
async def line_of(desk: Desk, connections: int = 1) -> AsyncIterator[Line]:
    one = accounts(desk.home.settings, desk.home.data.telegram)[0]
    line = Line(one, connections)
    try:
        yield line
    finally:
        await line.close()


@asynccontextmanager
async def room_of(desk: Desk, text: str = "@family") -> AsyncIterator[Room]:
    async with line_of(desk) as line:
        yield await find(line, parse(text))
