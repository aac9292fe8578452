"""One account's connection: made once, made again, and what its uploads wait for."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from tests.destinations.telegram.desks import line_of
from tests.telegram_desk import Desk
from tests.telegram_desk import desk as desk_of
from transload.clients.accounts import accounts, held
from transload.clients.outcomes import BadItem, Done, Refused, Unknown, Wait
from transload.clients.telegram import Telegram
from transload.destinations.telegram import line as lines
from transload.destinations.telegram.line import IN_FLIGHT
from transload.errors import (
    AccountBusyError,
    ConnectError,
    ConnectionLostError,
    DestinationBusyError,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(lines, "PAUSES_S", (0.01, 0.01))
    with desk_of(tmp_path) as made:
        yield made


class Answers:
    """What is said one after the other, the last again and again."""

    def __init__(self, *said: Done[str] | Refused) -> None:
        self.left, self.asked = list(said), 0

    async def __call__(self, _telegram: Telegram) -> Done[str] | Refused:
        self.asked += 1
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


async def test_there_is_one_connection_for_all(desk: Desk) -> None:
    async with line_of(desk) as line:
        found: list[Telegram] = []

        async def use() -> None:
            found.append(await line.telegram())

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(use)
        assert len(set(map(id, found))) == 1
        assert desk.count("help.getConfig") == 1, "one of each connection"
        await line.close()
        assert await line.telegram() is not found[0]


async def test_lost_answers_are_asked_for_again_and_then_told(desk: Desk) -> None:
    async with line_of(desk) as line:
        twice = Answers(Unknown("x"), Unknown("x"), Done("here"))
        assert await line.insisted(twice) == Done("here")
        never = Answers(Unknown("x"))
        with pytest.raises(ConnectionLostError) as told:
            await line.insisted(never)
        assert (told.value.scope, never.asked) == ("account:main", 3)
        assert await line.insisted(Answers(BadItem("NO"))) == BadItem("NO")


async def test_a_short_wait_is_sat_out_and_parts_go_one_by_one_for_a_while(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line_of(desk) as line:
        began = anyio.current_time()
        assert await line.insisted(Answers(Wait(0.3, "uploads", "W"), Done("here"))) == Done("here")
        assert anyio.current_time() - began >= 0.3
        assert line.window.total_tokens == 1
        monkeypatch.setattr(lines, "QUIET_S", -1.0)
        assert await line.insisted(Answers(Wait(0.01, "uploads", "W"), Done("x"))) == Done("x")
        assert line.window.total_tokens == IN_FLIGHT


async def test_a_long_wait_is_told_with_its_scope(desk: Desk) -> None:
    async with line_of(desk) as line:
        with pytest.raises(DestinationBusyError) as told:
            await line.insisted(Answers(Wait(61, "account", "FLOOD_WAIT")))
        assert (told.value.scope, told.value.retry_after_s) == ("account:main uploads", 61)


async def test_an_account_in_use_is_a_wait_of_the_account(desk: Desk) -> None:
    one = accounts(desk.home.settings, desk.home.data.telegram)[0]
    async with line_of(desk) as line:
        with held(one), pytest.raises(AccountBusyError) as told:
            await line.telegram()
        assert told.value.scope == "account:main"
        assert (await line.telegram()).who.name == "Ann"


async def test_a_server_that_is_away_is_a_wait_of_the_account(desk: Desk, tmp_path: Path) -> None:
    from dataclasses import replace

    telegram = replace(desk.home.settings.telegram, server="127.0.0.1:9")
    desk.home.settings = replace(desk.home.settings, telegram=telegram)
    async with line_of(desk) as line:
        with pytest.raises(ConnectError) as told:
            await line.telegram()
        assert told.value.scope == "account:main"
