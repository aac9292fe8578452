"""What every destination must do. A new adapter joins in `targets.py`."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.conformance.targets import TARGETS, Target
from tests.destinations.carrying import carried, staged
from tests.destinations.parcels import (
    HeldClaims,
    a_parcel,
    a_shipment,
    as_open,
    intents_for,
    local,
)
from transload.model import Intent, Job
from transload.ports import Answer, Landed, Refusal
from transload.sums import sha256_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=TARGETS)
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Target]:
    with TARGETS[request.param](tmp_path) as made:
        yield made
        await made.destination.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def batch(target: Target, scratch: Path, count: int = 3) -> list[Intent]:
    shipments = [
        a_shipment(n, a_parcel(scratch, f"day {n}/IMG.jpg", b"photo %d" % n))
        for n in range(1, count + 1)
    ]
    return intents_for(target.destination, shipments)


def bodies(intents: Sequence[Intent]) -> dict[int, list[bytes]]:
    """What is to arrive of each item, while its bytes are at hand."""
    return {
        one.item_id: [local(parcel).read_bytes() for parcel in one.shipment.parcels]
        for one in intents
    }


def told(answers: Sequence[Answer], whole: dict[int, list[bytes]]) -> dict[str, bytes]:
    """What lies there, by what the answers say of it."""
    return {
        output.reference: body
        for one in answers
        if isinstance(one, Landed)
        for output, body in zip(one.outputs, whole[one.item_id], strict=True)
    }


async def test_what_is_delivered_is_answered_in_order(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    answers = await carried(target.destination, target.job, intents)
    landed = [one for one in answers if isinstance(one, Landed)]
    assert [one.item_id for one in landed] == [1, 2, 3]
    assert target.files() == told(answers, bodies(intents))
    for intent, one in zip(intents, landed, strict=True):
        (parcel,), (output,) = intent.shipment.parcels, one.outputs
        assert (output.size_bytes, output.sha256) == (parcel.size_bytes, parcel.sha256)
        assert parcel.sha256 == sha256_of(local(parcel))
    assert await target.destination.holds(landed[0].outputs)


async def test_delivered_twice_is_one_delivery(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    ready, _ = await staged(target.destination, target.job, intents)
    first = await target.destination.deliver(target.job, ready)
    assert await target.destination.deliver(target.job, ready) == first
    assert target.files() == told(first, bodies(intents))


async def test_one_refused_the_rest_arrive(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    target.refuse(intents[1])
    answers = await carried(target.destination, target.job, intents)
    first, second, third = answers
    assert isinstance(first, Landed)
    assert isinstance(third, Landed)
    assert isinstance(second, Refusal)
    assert (second.item_id, second.fault.kind) == (2, "dest.rejected")
    assert target.delivers() == told(answers, bodies(intents))


async def test_an_item_arrives_with_all_its_files_or_none(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    shown = a_parcel(scratch, "a.heic", b"jpeg")
    kept = a_parcel(scratch, "originals/a.heic", b"heic")
    (intent,) = intents_for(target.destination, [a_shipment(1, shown, kept, suffix=".jpg")])
    target.refuse(intent, 1)
    (answer,) = await carried(target.destination, target.job, [intent])
    assert isinstance(answer, Refusal)
    assert target.delivers() == {}


async def test_files_of_one_item_arrive_together(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    parts = [a_parcel(scratch, f"{n}.mp4", b"part %d" % n) for n in range(3)]
    shipments = [
        a_shipment(n, *parts) for n in range(1, 6)
    ]  # fifteen files: more than an album has
    intents = intents_for(target.destination, shipments)
    answers = await carried(target.destination, target.job, intents)
    assert target.files() == told(answers, bodies(intents))
    assert len(target.files()) == 15


async def test_a_cut_working_copy_is_never_delivered(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    whole = bodies(intents)
    local(intents[0].shipment.parcels[0]).write_bytes(b"ph")
    local(intents[1].shipment.parcels[0]).unlink()
    answers = await carried(target.destination, target.job, intents)
    assert [type(one) for one in answers] == [Refusal, Refusal, Landed]
    assert target.files() == told(answers, whole)


async def test_the_working_copy_stays_and_may_go(target: Target, scratch: Path) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    whole = bodies(intents)
    answers = await carried(target.destination, target.job, intents)
    for intent in intents:
        local(intent.shipment.parcels[0]).unlink()
    assert target.files() == told(answers, whole)


async def test_look_up_finds_what_was_delivered_and_nothing_else(
    target: Target, scratch: Path
) -> None:
    """An answer that was lost is found so: from intents as the ledger has them."""
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    ready, _ = await staged(target.destination, target.job, intents)
    assert await target.destination.look_up(target.job, as_open(ready)) == []
    assert await target.destination.look_up(target.job, as_open(intents)) == []
    answers = await target.destination.deliver(target.job, ready[:1])
    assert await target.destination.look_up(target.job, as_open(ready)) == answers


async def test_sweep_takes_nothing_that_was_delivered_or_staged(
    target: Target, scratch: Path
) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    first = await carried(target.destination, target.job, intents[:2])
    ready, _ = await staged(target.destination, target.job, intents[2:])
    await target.destination.sweep(target.job)
    last = await target.destination.deliver(target.job, ready)
    assert target.files() == told([*first, *last], bodies(intents))
    assert len(target.files()) == 3


async def test_several_jobs_deliver_through_one_adapter_at_the_same_time(
    target: Target, scratch: Path
) -> None:
    jobs = [replace(target.job, id=f"J{n}", folder=f"trip {n}") for n in range(4)]
    batches: list[list[Intent]] = []
    for n, job in enumerate(jobs):
        (own := scratch / str(n)).mkdir(parents=True)
        shipments = [a_shipment(10 * n + k, a_parcel(own, f"{k}.jpg", b"%d" % k)) for k in range(8)]
        plan = target.destination.plan
        planned = zip(shipments, plan(job, shipments, HeldClaims()), strict=True)
        batches.append([Intent(one, None, placements) for one, placements in planned])
        await target.destination.open(job)
    answers: list[Answer] = []

    async def deliver(job: Job, intent: Intent) -> None:
        answers.extend(await carried(target.destination, job, [intent]))

    async with anyio.create_task_group() as group:
        for job, intents in zip(jobs, batches, strict=True):
            for intent in intents:
                group.start_soon(deliver, job, intent)
    whole = bodies([one for intents in batches for one in intents])
    assert target.files() == told(answers, whole)
    assert len(target.files()) == 32


async def test_it_can_be_closed_twice_and_what_was_delivered_stays(
    target: Target, scratch: Path
) -> None:
    await target.destination.open(target.job)
    intents = batch(target, scratch)
    answers = await carried(target.destination, target.job, intents)
    await target.destination.close()
    await target.destination.close()
    assert target.files() == told(answers, bodies(intents))
