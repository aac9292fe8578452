"""Reading what is there, and what was missed: nothing twice, nothing lost, also through restarts."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from telethon import TelegramClient, errors, events, functions, types

from tests.sandbox.clients import Scene, scene, session_of, telethon
from transload.sandbox.chats import make_chat, set_role

pytestmark = pytest.mark.anyio


async def test_history_is_read_page_by_page(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        for n in range(230):
            await ann.send_message("me", str(n))
        newest = [one.text async for one in ann.iter_messages("me")]
        assert newest == [str(n) for n in reversed(range(230))]
        oldest = [one.text async for one in ann.iter_messages("me", reverse=True)]
        assert oldest == [str(n) for n in range(230)]
        found = [one.text async for one in ann.iter_messages("me", search="22")]
        assert found == [
            "229",
            "228",
            "227",
            "226",
            "225",
            "224",
            "223",
            "222",
            "221",
            "220",
            "122",
            "22",
        ]


async def test_a_bot_reads_no_history(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box) as bot:
        await bot.sign_in(bot_token=s.box.add_bot("shy_bot"))
        peer = types.InputPeerUser(s.ann, 0)
        with pytest.raises(errors.BotMethodInvalidError):
            await bot(functions.messages.GetHistoryRequest(peer, 0, None, 0, 9, 0, 0, 0))


async def test_what_was_missed_is_told_in_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        state = await bob(functions.updates.GetStateRequest())
        first = await ann.send_message("bob", "one")
        await ann.send_message("bob", "two")
        await first.edit("one again")
        missed = await bob(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert [one.message for one in missed.new_messages] == ["one again", "two"]
        assert [type(one).__name__ for one in missed.other_updates] == ["UpdateEditMessage"]
        assert missed.state.pts == state.pts + 3
        rest = await bob(functions.updates.GetDifferenceRequest(missed.state.pts, state.date, 0))
        assert isinstance(rest, types.updates.DifferenceEmpty)


async def test_long_absence_is_told_in_slices(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        state = await bob(functions.updates.GetStateRequest())
        for n in range(250):
            await ann.send_message("bob", str(n))
        pts, told = state.pts, list[str]()
        kinds = list[str]()
        while len(told) < 250:
            missed = await bob(functions.updates.GetDifferenceRequest(pts, state.date, 0))
            kinds.append(type(missed).__name__)
            told += [one.message for one in missed.new_messages]
            pts = (getattr(missed, "state", None) or missed.intermediate_state).pts
        assert kinds == ["DifferenceSlice", "Difference"]
        assert told == [str(n) for n in range(250)]


async def test_a_gap_in_a_channel_is_filled(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann, telethon(s.box, s.bob) as bob:
        group = make_chat(s.box.world.store, "supergroup", "All", s.ann, username="all")
        set_role(s.box.world.store, group.id, s.bob, "member")
        await ann.send_message("all", "one")
        await ann.send_message("all", "two")
        channel = await bob.get_input_entity("all")
        ask = functions.updates.GetChannelDifferenceRequest(
            channel, types.ChannelMessagesFilterEmpty(), 2, 100
        )
        missed = await bob(ask)
        assert [one.message for one in missed.new_messages] == ["two"]
        assert missed.final


async def test_dialogs_show_their_last_message(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        make_chat(s.box.world.store, "channel", "News", s.ann, username="news")
        await ann.send_message("news", "breaking")
        await ann.send_message("bob", "hi")
        shown = {one.name: one.message.text for one in await ann.get_dialogs()}
        assert shown == {"News": "breaking", "Bob": "hi"}


CLIENTS, EACH = 50, 100


class Talker:
    """A client in a ring that writes to the next one, and counts what it hears from the one before."""

    def __init__(self, client: Any, n: int, to: Any) -> None:
        self.client, self._n, self._to = client, n, to
        self.sent, self.heard, self.all_heard = 0, Counter[str](), anyio.Event()

    async def hear(self, event: Any) -> None:
        self.heard[event.message.message] += 1
        if sum(self.heard.values()) >= EACH:
            self.all_heard.set()

    async def talk(self) -> None:
        for m in range(EACH):
            random_id = self._n * EACH + m + 1
            request = functions.messages.SendMessageRequest(self._to, f"{m}", random_id=random_id)
            with suppress(
                ValueError
            ):  # Telethon's word for a request that broke, or was taken before
                await self.client(request)
            self.sent += 1


@pytest.mark.timeout(180)
async def test_fifty_clients_lose_and_double_no_update_through_restarts(tmp_path: Path) -> None:
    """The server goes away twice and every connection breaks once in between; the clients stay."""
    async with anyio.create_task_group() as tasks:
        async with scene(tmp_path) as s:
            port, talkers = s.box.world.port, await _talkers(s)
            for talker in talkers:
                tasks.start_soon(talker.talk)
            await _sent(talkers, 1600)
        async with scene(tmp_path, port=port):
            await _sent(talkers, 3300)
        async with scene(tmp_path, port=port) as s:
            await _sent(talkers, 4500)
            await s.box.hang_up()
            for talker in talkers:
                await talker.all_heard.wait()
            for talker in talkers:
                await talker.client.disconnect()
    assert all(one.heard == Counter(str(m) for m in range(EACH)) for one in talkers)


async def _sent(talkers: list[Talker], count: int) -> None:
    while sum(one.sent for one in talkers) < count:
        await anyio.wait_all_tasks_blocked()


async def _talkers(s: Scene) -> list[Talker]:
    users = [s.box.add_user(f"8{n}", f"User {n}") for n in range(CLIENTS)]
    talkers = list[Talker]()
    for n, user in enumerate(users):
        session = session_of(s.box, s.box.preset_key(user))
        client: Any = TelegramClient(
            session, 1, "hash", retry_delay=0.05, connection_retries=-1, request_retries=2
        )
        await client.connect()
        to = users[(n + 1) % CLIENTS]
        peer = types.InputPeerUser(to, s.box.world.store.hash_of(to))
        talkers.append(Talker(client, n, peer))
        client.add_event_handler(talkers[-1].hear, events.NewMessage(incoming=True))
    return talkers


async def test_a_bot_reads_messages_by_their_numbers(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.add_bot("a_bot")
        (bot,) = s.box.world.store.users("token is not null")
        club = make_chat(s.box.world.store, "supergroup", "Club", s.ann, username="club_1")
        set_role(s.box.world.store, club.id, bot.id, "member")
        await ann.send_message("club_1", "one")
        await ann.send_message("club_1", "two")
        async with telethon(s.box, bot.id) as client:
            found = await client.get_messages("club_1", ids=[1, 2, 3])
            assert [one and one.text for one in found] == ["one", "two", None]
            with pytest.raises(errors.BotMethodInvalidError):
                await client.get_messages("club_1", limit=1)
            set_role(s.box.world.store, club.id, bot.id, None)
            with pytest.raises(errors.ChannelPrivateError):
                await client.get_messages("club_1", ids=[1])


async def test_a_bot_reads_its_own_messages_by_their_numbers(tmp_path: Path) -> None:
    async with scene(tmp_path) as s, telethon(s.box, s.ann) as ann:
        s.box.add_bot("a_bot")
        (bot,) = s.box.world.store.users("token is not null")
        await ann.send_message("a_bot", "hello")
        async with telethon(s.box, bot.id) as client:
            (number,) = [one.id for one in s.box.world.store.letters("box = ?", bot.id)]
            asked = [types.InputMessageID(number)]
            found = await client(functions.messages.GetMessagesRequest(asked))
            assert [one.message for one in found.messages] == ["hello"]
