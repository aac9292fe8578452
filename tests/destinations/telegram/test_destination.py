"""A chat as destination, beyond what every destination does: life of what is staged, moved chats, its own pace."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.conformance.targets import TelegramTarget, now_ms
from tests.destinations.carrying import staged
from tests.destinations.parcels import a_job, a_parcel, a_shipment, as_open, intents_for
from tests.telegram_desk import CHAT, Desk
from tests.telegram_desk import desk as desk_of
from transload.clients.accounts import accounts
from transload.destinations.telegram.address import parse
from transload.destinations.telegram.destination import Manners, TelegramChat
from transload.destinations.telegram.line import Line
from transload.destinations.telegram.pace import Pacer
from transload.errors import DestinationBusyError, UsageError
from transload.model import Intent, Recipe
from transload.ports import Gone, Landed, Stager
from transload.sandbox.faults import read_fault

pytestmark = pytest.mark.anyio
JOB = replace(a_job(), recipe=Recipe.ORIGINAL)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as made:
        yield made


@dataclass
class Turns:
    """Says what it was asked for, and lets everybody go at once."""

    asked: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    slowed: list[str] = field(default_factory=list[str])

    async def reserve(self, costs_s: Mapping[str, float], most_s: float) -> float:  # noqa: ARG002
        self.asked.append(dict(costs_s))
        return 0.0

    async def slow_down(self, scope: str) -> None:
        self.slowed.append(scope)


def chat_at(desk: Desk, turns: Turns, text: str = f"@{CHAT}") -> TelegramChat:
    one = accounts(desk.home.settings, desk.home.data.telegram)[0]
    return TelegramChat(Line(one, 1), parse(text), Manners(Pacer("safe", turns, now_ms)))


def some(target: TelegramChat, folder: Path, count: int = 3) -> list[Intent]:
    parcels = [a_parcel(folder / "s", f"{n}.bin", b"%d" % n) for n in range(count)]
    return intents_for(target, [a_shipment(n, one) for n, one in enumerate(parcels, 1)])


async def test_it_takes_files_before_their_album(desk: Desk) -> None:
    target = TelegramTarget(desk).destination
    assert isinstance(target, Stager)
    assert set(target.staging_scopes(JOB)) < set(target.scopes(JOB))
    assert target.scopes(JOB) == (
        "account:main", "account:main uploads", "account:main sends", f"chat:@{CHAT}",
    )  # fmt: skip


async def test_each_send_waits_for_its_turn_by_the_number_of_its_members(
    desk: Desk, tmp_path: Path
) -> None:
    turns = Turns()
    target = chat_at(desk, turns)
    ready, _ = await staged(target, JOB, some(target, tmp_path))
    await target.deliver(JOB, ready)
    await target.close()
    assert turns.asked == [{"account:main": 1.0, f"chat:@{CHAT}": 9.0}]


async def test_a_wait_of_sends_slows_the_chat_down_and_is_told(desk: Desk, tmp_path: Path) -> None:
    turns = Turns()
    target = chat_at(desk, turns)
    ready, _ = await staged(target, JOB, some(target, tmp_path))
    desk.faults.plan(read_fault("messages.sendMultiMedia:FLOOD_WAIT_30"))
    with pytest.raises(DestinationBusyError) as told:
        await target.deliver(JOB, ready)
    assert (told.value.scope, told.value.retry_after_s) == ("account:main sends", 30)
    assert turns.slowed == [f"chat:@{CHAT}"]
    await target.close()


async def test_what_was_staged_long_ago_is_not_tried(desk: Desk, tmp_path: Path) -> None:
    target = chat_at(desk, Turns())
    ready, _ = await staged(target, JOB, some(target, tmp_path))
    later = chat_at(desk, Turns())
    await target.close()
    later._now_ms = lambda: now_ms() + 3_601_000
    answers = await later.deliver(JOB, ready)
    assert [type(one) for one in answers] == [Gone] * 3
    assert desk.count("messages.sendMultiMedia") == 0


async def test_albums_of_several_notes_are_looked_up_together(desk: Desk, tmp_path: Path) -> None:
    target = chat_at(desk, Turns())
    intents = some(target, tmp_path, 4)
    first, _ = await staged(target, JOB, intents[:2])
    await target.deliver(JOB, first)
    second, _ = await staged(target, JOB, intents[2:])
    await target.deliver(JOB, second)
    before = desk.count("messages.getHistory")
    found = await target.look_up(JOB, as_open([*first, *second]))
    assert desk.count("messages.getHistory") - before == 1
    assert [one.outputs[0].reference for one in found if isinstance(one, Landed)] == [
        f"https://t.me/{CHAT}/{n}" for n in range(1, 5)
    ]
    await target.close()


async def test_a_long_caption_is_refused_before_anything_is_asked(desk: Desk) -> None:
    target = chat_at(desk, Turns())
    with pytest.raises(UsageError, match="1,025 characters"):
        await target.open(replace(JOB, caption="x" * 1025))
    assert desk.faults.log == []
