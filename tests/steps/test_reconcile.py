"""After a crash the destination is asked, a page of intents at a time."""

from collections.abc import Sequence

import pytest

from transload.model import Job, JobState, OpenIntent, Output, Recipe
from transload.ports import Landed
from transload.steps.reconcile import reconcile_intents

pytestmark = pytest.mark.anyio

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
