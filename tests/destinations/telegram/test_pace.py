"""Our own pace stays below the bounds at which Telegram asks to wait; proven by a clock that is moved."""

from pathlib import Path

import anyio
import pytest

from transload.clients.outcomes import ChatKind
from transload.destinations.telegram.pace import Pacer, Sender, Speed, costs_s
from transload.errors import DestinationBusyError
from transload.ledger.database import Database
from transload.ledger.turns import LedgerTurns

pytestmark = pytest.mark.anyio
MINUTE_MS = 60_000


class Watch:
    """A clock that goes on when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms

    async def sleep(self, seconds: float) -> None:
        self.now_ms += max(1, round(seconds * 1000))


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(anyio, "sleep", made.sleep)
    return made


@pytest.fixture
def turns(tmp_path: Path, watch: Watch) -> LedgerTurns:
    database = Database(tmp_path / "ledger.db")
    database.open()
    return LedgerTurns(database, watch)


def sender(chat: str = "chat:@a", *, bot: bool = False, kind: ChatKind = "channel") -> Sender:
    return Sender("account:main", chat, bot, kind)


async def sent_at(pacer: Pacer, watch: Watch, albums: int, members: int, who: Sender) -> list[int]:
    """When each message of so many albums was sent."""
    times: list[int] = []
    for _ in range(albums):
        await pacer.wait(who, members, "account:main sends")
        times += [watch.now_ms] * members
    return times


def most_within(times: list[int], span_ms: int) -> int:
    return max(sum(start <= one < start + span_ms for one in times) for start in times)


async def test_a_channel_gets_twenty_messages_a_minute(turns: LedgerTurns, watch: Watch) -> None:
    times = await sent_at(Pacer("safe", turns, watch), watch, 13, 10, sender())
    assert most_within(times, MINUTE_MS) == 20
    assert times[-1] - times[0] == 12 * 30_000


async def test_single_messages_keep_the_same_pace(turns: LedgerTurns, watch: Watch) -> None:
    times = await sent_at(Pacer("safe", turns, watch), watch, 60, 1, sender())
    assert most_within(times, MINUTE_MS) == 20


async def test_a_private_chat_gets_one_message_a_second(turns: LedgerTurns, watch: Watch) -> None:
    times = await sent_at(Pacer("safe", turns, watch), watch, 30, 1, sender(kind="private"))
    assert most_within(times, 1000) == 1


async def test_fast_is_a_send_a_second(turns: LedgerTurns, watch: Watch) -> None:
    times = await sent_at(Pacer("fast", turns, watch), watch, 20, 10, sender())
    assert most_within(times, 1000) == 10
    assert times[-1] - times[0] == 19_000


async def test_an_account_shares_its_pace_among_chats(turns: LedgerTurns, watch: Watch) -> None:
    """A user's account sends once a second, a bot thirty messages, wherever they go."""
    pacer, times = Pacer("safe", turns, watch), list[int]()
    for n in range(40):
        times += await sent_at(pacer, watch, 1, 1, sender(f"chat:{n}"))
    assert most_within(times, 1000) == 1
    bots = Sender("account:bot", "", bot=True, kind="channel")
    many: list[int] = []
    for n in range(120):
        who = Sender(bots.account, f"chat:{n}", bot=True, kind="channel")
        many += await sent_at(pacer, watch, 1, 1, who)
    assert most_within(many, 1000) <= 31  # thirty and a rounded millisecond


async def test_a_wait_of_telegram_halves_the_pace_for_a_while(
    turns: LedgerTurns, watch: Watch
) -> None:
    pacer = Pacer("safe", turns, watch)
    await pacer.slow_down(sender())
    slow = await sent_at(pacer, watch, 3, 10, sender())
    assert 55_000 < slow[-1] - slow[-11] <= 60_000
    watch.now_ms += 100 * MINUTE_MS
    quick = await sent_at(pacer, watch, 3, 10, sender())
    assert 30_000 <= quick[-1] - quick[-11] < 31_000


async def test_a_long_queue_gives_the_slot_back(turns: LedgerTurns, watch: Watch) -> None:
    pacer = Pacer("safe", turns, watch)
    for _ in range(3):
        await turns.reserve({"chat:@a": 30.0}, 1e9)
    with pytest.raises(DestinationBusyError) as told:
        await pacer.wait(sender(), 10, "account:main sends")
    assert (told.value.scope, told.value.retry_after_s) == ("account:main sends", 90.0)
    assert watch.now_ms == 1_000_000, "nobody slept"


@pytest.mark.parametrize("how", ["safe", "fast"])
def test_nothing_is_free_but_for_servers_of_ones_own(how: Speed) -> None:
    assert all(costs_s(how, sender(bot=bot), 1).values() for bot in (True, False))
    assert costs_s("off", sender(), 10) == {}
