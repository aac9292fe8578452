"""A chat by its messages: which are there, what links lead to them, and whom one may ask."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.destinations.telegram.desks import room_of
from tests.telegram_desk import Desk, signed_in
from tests.telegram_desk import desk as desk_of
from transload.clients.outcomes import ChatFacts, ChatKind, Denied, Unknown, Wait
from transload.clients.telegram import Chat
from transload.destinations.telegram.address import parse
from transload.destinations.telegram.chat import Room, failed, message_of
from transload.destinations.telegram.line import Line
from transload.errors import (
    ConnectionLostError,
    DeniedError,
    DestinationBusyError,
    UnreachableError,
)
from transload.sandbox.chats import set_role
from transload.sandbox.messages import post
from transload.sandbox.store import Media
from transload.sandbox.tl import encode

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as made:
        yield made


def filled(desk: Desk, count: int) -> None:
    """Messages 1 to `count`, each with the medium of its number plus 1,000."""
    world = desk.scene.box.world
    bodies = []
    for n in range(1, count + 1):
        media = Media(1000 + n, "document", f"{n}", "a/b", 1, encode([]), [], 0.0)
        world.store.add(media)
        bodies.append({"media": 1000 + n})
    post(world, desk.scene.ann, desk.chat.marked, bodies)


async def test_media_are_found_however_far_back_and_not_before(desk: Desk) -> None:
    filled(desk, 250)
    async with room_of(desk) as room:
        assert await room.last_message() == 250
        found = await room.media_since(3, {1002, 1004, 1120, 1250})
        assert found == {1004: 4, 1120: 120, 1250: 250}
        assert desk.count("messages.getHistory") == 1 + 3


async def test_an_empty_chat_has_no_last_message(desk: Desk) -> None:
    async with room_of(desk) as room:
        assert await room.last_message() == 0
        assert await room.media_since(0, {1}) == {}


async def test_a_bot_asks_by_number_where_it_knows_one(desk: Desk) -> None:
    store = desk.scene.box.world.store
    desk.scene.box.add_bot("a_bot")
    (bot,) = store.users("token is not null")
    set_role(store, desk.chat.id, bot.id, "admin")
    signed_in(desk.scene, desk.home.settings, desk.home.data.telegram, bot.id)
    filled(desk, 130)
    async with room_of(desk) as room:
        assert await room.last_message() is None
        assert await room.media_since(None, {1130}) == {}
        assert await room.media_since(10, {1005, 1011, 1130}) == {1011: 11, 1130: 130}
        assert desk.count("messages.getHistory") == 0


async def test_what_was_deleted_is_not_there(desk: Desk) -> None:
    filled(desk, 3)
    store = desk.scene.box.world.store
    store.run("update messages set deleted = 1 where id = 2")
    async with room_of(desk) as room:
        assert [one.message_id for one in await room.there([1, 2, 3, 99])] == [1, 3]


NO_LINE = cast("Line", None)


@pytest.mark.parametrize(
    ("kind", "number", "name", "text", "link"),
    [
        ("channel", -1001234, "family", "@family", "https://t.me/family/7"),
        ("channel", -1000000001234, None, "-1000000001234", "https://t.me/c/1234/7"),
        ("supergroup", -1000000001234, None, "-1000000001234/5", "https://t.me/c/1234/5/7"),
        ("supergroup", -1001234, "club", "@club/5", "https://t.me/club/5/7"),
        ("private", 55, "ann", "@ann", "tg://openmessage?user_id=55&message_id=7"),
        ("group", -77, None, "-77", "tg://openmessage?chat_id=77&message_id=7"),
    ],
)
def test_links_lead_to_messages_and_are_read_again(
    kind: ChatKind, number: int, name: str | None, text: str, link: str
) -> None:
    room = Room(NO_LINE, parse(text), cast("Chat", None), ChatFacts(kind, number, "", name), 1)
    assert room.link(7) == link
    assert message_of(link) == 7
    assert message_of(room.link(None)) is None


async def test_each_refusal_has_its_error(desk: Desk) -> None:
    async with room_of(desk) as room:
        line, address = room.line, room.address
        wait = failed(line, address, Wait(5, "chat", "SLOW"))
        assert isinstance(wait, DestinationBusyError)
        assert (wait.scope, wait.retry_after_s) == ("chat:@family", 5)
        sends = failed(line, address, Wait(6, "account", "FLOOD_WAIT"))
        assert isinstance(sends, DestinationBusyError)
        assert sends.scope == "account:main sends"
        assert isinstance(failed(line, address, Unknown("x")), ConnectionLostError)
        assert isinstance(failed(line, address, Denied("PEER_ID_INVALID")), UnreachableError)
        assert isinstance(failed(line, address, Denied("CHAT_WRITE_FORBIDDEN")), DeniedError)
