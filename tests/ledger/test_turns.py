"""Turns as rows: each begins when the one before is over, for all who share a ledger."""

from pathlib import Path

import pytest

from transload.ledger.database import Database
from transload.ledger.turns import RECOVERY_MS, LedgerTurns

pytestmark = pytest.mark.anyio


class Hand:
    now_ms = 5_000

    def __call__(self) -> int:
        return self.now_ms


def opened(folder: Path, hand: Hand) -> LedgerTurns:
    database = Database(folder / "ledger.db")
    database.open()
    return LedgerTurns(database, hand)


async def test_turns_follow_one_another_whoever_asks(tmp_path: Path) -> None:
    hand = Hand()
    one, other = opened(tmp_path, hand), opened(tmp_path, hand)
    waits = [await who.reserve({"a": 2.0, "b": 0.5}, 60) for who in (one, other, one)]
    assert waits == [0.0, 2.0, 4.0]
    assert await other.reserve({"b": 1.0}, 60) == 4.5  # its last turn began with that of `a`
    hand.now_ms += 10_000
    assert await one.reserve({"a": 2.0}, 60) == 0.0


async def test_what_is_too_far_off_is_not_reserved(tmp_path: Path) -> None:
    turns = opened(tmp_path, Hand())
    await turns.reserve({"a": 100.0}, 60)
    assert [await turns.reserve({"a": 1.0}, 60) for _ in range(2)] == [100.0, 100.0]


async def test_a_scope_that_was_slowed_down_recovers(tmp_path: Path) -> None:
    hand = Hand()
    turns = opened(tmp_path, hand)

    async def length() -> float:
        await turns.reserve({"a": 10.0}, 0)
        wait = await turns.reserve({"a": 10.0}, 0)
        hand.now_ms += int(wait * 1000)
        return wait

    assert await length() == 10.0
    await turns.slow_down("a")
    assert await length() == 20.0
    for _ in range(9):
        await turns.slow_down("a")
    assert await length() == pytest.approx(160.0, rel=0.02)
    hand.now_ms += 20 * RECOVERY_MS
    assert await length() == pytest.approx(10.0, rel=0.01)
