"""Outcomes are written in batches, and never forgotten at the end."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.config import Settings
from transload.ledger.task_writes import TaskRecord
from transload.steps import prepare

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
