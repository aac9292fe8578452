"""What is delivered together, and what a killed run left."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import anyio
import pytest

from transload.blob import LocalBlob
from transload.model import (
    Held,
    Intent,
    Item,
    ItemState,
    Job,
    JobState,
    Output,
    Parcel,
    Placement,
    Recipe,
    Shipment,
)
from transload.ports import Landed, Powers, TaskContext
from transload.steps.albums import TOGETHER_BYTES, Ready, batches, equals_apart, reconcile
from transload.steps.prepare import UNTOUCHED, Judged, as_it_is

pytestmark = pytest.mark.anyio

JOB = Job("j", "/a", "library:/o", Recipe.TELEGRAM, "a", JobState.RUNNING)
HELD = Held(Path("1.in"), 10, 1, "aa")


def item(n: int, sha: str = "aa") -> Item:
    return Item(n, "j", n, f"in/{n}.mkv", 10, ItemState.PENDING, sha256=sha, mtime_ms=5)


def test_equal_contents_never_share_a_batch() -> None:
    batch = [
        as_it_is(item(n, sha), HELD, Judged(UNTOUCHED))
        for n, sha in enumerate(["a", "b", "a", "c", "c", "b"])
    ]
    parts = list(equals_apart(batch))
    flat = [one for part in parts for one in part if isinstance(one, Shipment)]
    assert [len(part) for part in parts] == [2, 2, 2]
    assert [one.item.sha256 for one in flat] == ["a", "b", "a", "c", "c", "b"]
    assert flat == batch


async def test_what_takes_much_room_goes_before_all_of_it_is_taken() -> None:
    ready_in, ready_out = anyio.create_memory_object_stream[Ready](40)
    large = replace(HELD, size_bytes=TOGETHER_BYTES // 4)
    for n in range(40):
        ready_in.send_nowait(as_it_is(item(n), large if n < 20 else HELD, Judged(UNTOUCHED)))
    ready_in.close()
    plain = SimpleNamespace(powers=Powers()), SimpleNamespace(drops_equals=False)
    context = cast("TaskContext", SimpleNamespace(destination=plain[0], job=plain[1]))
    with ready_out:
        sizes = [len(one) async for one in batches(context, ready_out, [])]
    assert sum(sizes) == 40
    assert max(sizes[:5]) <= 4
    assert max(sizes[5:]) > 4  # small ones are not kept from each other


class Books:
    """The two questions of a record that reconciling asks, answered in pages of two."""

    def __init__(self, count: int) -> None:
        self.open = [open_intent(n) for n in range(1, count + 1)]
        self.received: list[int] = []

    async def open_intents(self, after: int) -> list[Intent]:
        return [one for one in self.open if one.item_id > after][:2]

    async def receive(self, landed: Sequence[Landed], *, durable: bool) -> None:
        assert not durable
        self.received += [one.item_id for one in landed]


def open_intent(n: int) -> Intent:
    parcel = Parcel(LocalBlob(Path("x")), str(n), 1, "s")
    return Intent(Shipment(item(n), UNTOUCHED, (parcel,)), None, (Placement(str(n)),))


class Odd:
    """A destination where only the odd ones arrived."""

    powers = Powers()

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        assert job is JOB
        arrived = [one.item_id for one in intents if one.item_id % 2]
        return [Landed(n, (Output(str(n), 1, "s"),)) for n in arrived]


async def test_what_arrived_gets_its_receipt_and_the_rest_stays_open() -> None:
    books = Books(7)
    missing = await reconcile(JOB, books, Odd())  # type: ignore[arg-type]
    assert books.received == [1, 3, 5, 7]
    assert [one.item_id for one in missing] == [2, 4, 6]
