"""Albums that are refused, lost or repeated: every medium is posted once, the bad one is found, nothing is uploaded."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.targets import TelegramTarget
from tests.destinations.carrying import staged
from tests.destinations.parcels import a_parcel, a_shipment, intents_for
from tests.telegram_desk import Desk, signed_in
from tests.telegram_desk import desk as desk_of
from transload.errors import ConnectionLostError
from transload.model import Intent
from transload.ports import Answer, Gone, Landed, Refusal
from transload.sandbox.chats import set_role
from transload.sandbox.faults import Fault, read_fault

pytestmark = pytest.mark.anyio
SENDS = ("messages.sendMultiMedia", "messages.sendMedia")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as made:
        yield made


@asynccontextmanager
async def ready_in(
    desk: Desk, folder: Path, names: Sequence[str]
) -> AsyncIterator[tuple[TelegramTarget, list[Intent]]]:
    """An album that is staged and noted, and where it goes; what was asked so far is forgotten."""
    target = TelegramTarget(desk)
    shipments = [
        a_shipment(n, a_parcel(folder / "s", name, f"body {n}".encode()))
        for n, name in enumerate(names, 1)
    ]
    ready, _ = await staged(
        target.destination, target.job, intents_for(target.destination, shipments)
    )
    desk.faults.log.clear()
    yield target, ready
    await target.destination.close()


def ten() -> list[str]:
    return [f"{n}.bin" for n in range(10)]


def sends(desk: Desk) -> int:
    return sum(map(desk.count, SENDS))


def kinds(answers: Sequence[Answer]) -> list[type]:
    return [type(one) for one in answers]


@pytest.mark.parametrize("bad", range(10))
async def test_one_bad_of_ten_costs_a_few_small_sends(desk: Desk, tmp_path: Path, bad: int) -> None:
    for request in SENDS:
        code = Fault(request, error="MEDIA_INVALID", code=400, about=f"{bad}.bin", times=99)
        desk.faults.plan(code)
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        answers = await target.destination.deliver(target.job, ready)
    good = [name for n, name in enumerate(ten()) if n != bad]
    assert desk.posted == good, "in order"
    assert kinds(answers) == [Refusal if n == bad else Landed for n in range(10)]
    refusal = answers[bad]
    assert isinstance(refusal, Refusal)
    assert "MEDIA_INVALID" in refusal.fault.detail
    assert sends(desk) - 1 <= 8
    assert desk.count("upload.*") == 0


async def test_two_bad_ones_are_found_too(desk: Desk, tmp_path: Path) -> None:
    for request in SENDS:
        for bad in (2, 7):
            desk.faults.plan(
                Fault(request, error="MEDIA_EMPTY", code=400, about=f"{bad}.bin", times=99)
            )
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        answers = await target.destination.deliver(target.job, ready)
    assert [n for n, one in enumerate(answers) if isinstance(one, Refusal)] == [2, 7]
    assert desk.posted == [name for n, name in enumerate(ten()) if n not in (2, 7)]


async def test_a_lost_answer_is_resolved_by_asking(desk: Desk, tmp_path: Path) -> None:
    desk.faults.plan(Fault(SENDS[0], "answer_then_drop"))
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        answers = await target.destination.deliver(target.job, ready)
    assert kinds(answers) == [Landed] * 10
    assert desk.posted == ten()
    links = [one.outputs[0].reference for one in answers if isinstance(one, Landed)]
    assert links == [f"https://t.me/family/{n}" for n in range(1, 11)]


async def test_a_fault_of_the_server_is_told_and_the_next_try_posts_once(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(Fault(SENDS[0], error="INTERNAL", code=500))
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        with pytest.raises(ConnectionLostError):
            await target.destination.deliver(target.job, ready)
        assert desk.posted == []
        assert kinds(await target.destination.deliver(target.job, ready)) == [Landed] * 10
    assert desk.posted == ten()


async def test_an_album_that_a_killed_run_had_halved_is_finished(
    desk: Desk, tmp_path: Path
) -> None:
    """Some of its ids were used, the whole is refused for that; what is missing is posted, together."""
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        await target.destination.deliver(target.job, ready[:4])
        later = TelegramTarget(desk)
        await target.destination.close()
        assert kinds(await later.destination.deliver(later.job, ready)) == [Landed] * 10
        await later.destination.close()
    assert desk.posted == ten()
    assert desk.sizes == [4, 6]


def as_bot(desk: Desk) -> None:
    store = desk.scene.box.world.store
    desk.scene.box.add_bot("a_bot")
    (bot,) = store.users("token is not null")
    set_role(store, desk.chat.id, bot.id, "admin")
    (desk.home.data.telegram / "main.session").unlink()
    signed_in(desk.scene, desk.home.settings, desk.home.data.telegram, bot.id)


async def test_a_bot_that_may_not_ask_repeats_the_same_ids(desk: Desk, tmp_path: Path) -> None:
    as_bot(desk)
    desk.faults.plan(Fault(SENDS[0], "answer_then_drop"))
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        answers = await target.destination.deliver(target.job, ready)
        assert await target.destination.holds(
            [one.outputs[0] for one in answers if isinstance(one, Landed)]
        )
    assert kinds(answers) == [Landed] * 10
    assert desk.posted == ten()
    assert desk.count("messages.getHistory") == 0


async def test_a_bot_that_knows_a_message_asks_by_number(desk: Desk, tmp_path: Path) -> None:
    as_bot(desk)
    async with ready_in(desk, tmp_path, ["first.bin"]) as (target, ready):
        await target.destination.deliver(target.job, ready)
        shipments = [
            a_shipment(n, a_parcel(tmp_path / "t", f"{n}.bin", b"%d" % n)) for n in range(20, 23)
        ]
        intents = intents_for(target.destination, shipments)
        more, _ = await staged(target.destination, target.job, intents)
        desk.faults.plan(Fault(SENDS[0], "answer_then_drop"))
        answers = await target.destination.deliver(target.job, more)
    links = [one.outputs[0].reference for one in answers if isinstance(one, Landed)]
    assert links == [f"https://t.me/family/{n}" for n in (2, 3, 4)]


async def test_what_telegram_has_forgotten_is_to_be_staged_again(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(read_fault(f"{SENDS[0]}:FILE_REFERENCE_EXPIRED"))
    async with ready_in(desk, tmp_path, ten()) as (target, ready):
        assert kinds(await target.destination.deliver(target.job, ready)) == [Gone] * 10
    assert desk.posted == []


async def test_an_item_is_there_with_all_its_files_or_not_at_all(
    desk: Desk, tmp_path: Path
) -> None:
    """Of files that are posted apart one is refused: the others of its item are taken back."""
    shown = [a_parcel(tmp_path / "s", f"{n}.mp3", b"%d" % n) for n in range(2)]
    kept = a_parcel(tmp_path / "s", "originals/bad.bin", b"kept")
    for request in SENDS:
        desk.faults.plan(Fault(request, error="MEDIA_INVALID", code=400, about="bad", times=99))
    target = TelegramTarget(desk)
    intents = intents_for(
        target.destination, [a_shipment(1, shown[0], kept), a_shipment(2, shown[1])]
    )
    ready, _ = await staged(target.destination, target.job, intents)
    answers = await target.destination.deliver(target.job, ready)
    await target.destination.close()
    assert kinds(answers) == [Refusal, Landed]
    assert desk.posted == ["1.mp3"]
