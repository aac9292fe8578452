"""Outcomes are written in batches, and never forgotten at the end."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.config import Settings
from transload.ledger.task_writes import TaskRecord
from transload.model import Job, JobState, OpenIntent, Output, Recipe
from transload.ports import Landed
from transload.steps import prepare
from transload.steps.prepare import reconcile_intents

pytestmark = pytest.mark.anyio


async def test_many_outcomes_cost_few_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    conclude = TaskRecord.conclude

    async def counted(self: TaskRecord, outcomes: list[object]) -> None:
        batches.append(len(outcomes))
        await conclude(self, outcomes)  # type: ignore[arg-type]

    monkeypatch.setattr(TaskRecord, "conclude", counted)
    monkeypatch.setattr(prepare, "BATCH_S", 60.0)
    source = inputs.packed(tmp_path / "junk.zip", {f"{n}.txt": b"text" for n in range(250)})
    report = await Home(tmp_path).send(source)
    assert report.totals.skipped == 250
    assert [size for size in batches if size] == [100, 100, 50]


async def test_a_reader_that_waits_for_room_is_never_left_waiting(tmp_path: Path) -> None:
    # Duplicates larger than the budget in sum: their bytes must go before the batch of their outcomes is full.
    entries = {f"{n}.jpg": inputs.photo(n, (400, 300)) + bytes(200_000) for n in range(40)}
    source = inputs.packed(tmp_path / "again.zip", entries)
    home = Home(tmp_path, Settings(min_free_bytes=0, scratch_budget_bytes=500_000))
    assert (await home.send(source)).totals.sent == 40
    renamed = inputs.packed(tmp_path / "renamed.zip", entries)
    assert (await home.send(renamed)).totals.duplicate == 40


JOB = Job("j", "/a", "library:/o", Recipe.TELEGRAM, "a", JobState.RUNNING)


class Books:
    """The two questions of a record that settling asks, answered in pages of two."""

    def __init__(self, count: int) -> None:
        self.open = [OpenIntent(n, None, (Output(str(n), 1, "s"),)) for n in range(1, count + 1)]
        self.received: list[int] = []

    async def open_intents(self, after: int) -> list[OpenIntent]:
        return [one for one in self.open if one.item_id > after][:2]

    async def receive(self, landed: Sequence[Landed]) -> None:
        self.received += [one.item_id for one in landed]


class Odd:
    """A destination where only the odd ones arrived."""

    async def look_up(self, job: Job, intents: Sequence[OpenIntent]) -> list[Landed]:
        assert job is JOB
        return [Landed(one.item_id, one.outputs) for one in intents if one.item_id % 2]


async def test_what_arrived_gets_its_receipt_and_the_rest_stays_open() -> None:
    books = Books(7)
    await reconcile_intents(JOB, books, Odd())  # type: ignore[arg-type]
    assert books.received == [1, 3, 5, 7]
