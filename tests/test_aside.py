"""Outcomes are written in batches, and never forgotten at the end."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload import aside
from transload.storage.record import TaskRecord

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
    monkeypatch.setattr(aside, "BATCH_S", 60.0)
    source = inputs.packed(tmp_path / "junk.zip", {f"{n}.txt": b"text" for n in range(250)})
    report = await Home(tmp_path).send(source)
    assert report.totals.skipped == 250
    assert [size for size in batches if size] == [100, 100, 50]
