"""What a running task writes: items, intents, receipts, outcomes, and how a job ends."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.destinations.parcels import paths_of
from tests.ledger.conftest import Desk, entries
from transload.blob import LocalBlob
from transload.entry import ReadReport
from transload.errors import CorruptError, DiskFullError
from transload.ledger.task_writes import TaskRecord
from transload.model import (
    Files,
    Held,
    Intent,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Lane,
    Outcome,
    Output,
    Parcel,
    Placement,
    Shipment,
    Verdict,
)
from transload.ports import Claims, Landed, Powers, Refusal

pytestmark = pytest.mark.anyio

PHOTO = Judgement(ItemKind.PHOTO, Verdict.AS_IS, "a photo")
FAULT = CorruptError("broken").fault()


class Shelf:
    """The part of a destination that gives names."""

    powers = Powers()

    def claim_folder(self, job: Job, source_identity: str, claims: Claims) -> str | None:
        known = claims.owned_by(source_identity)
        if known is not None:
            return known
        name = job.title if claims.holder(job.title) is None else f"{job.title} (2)"
        claims.add(name, name, source_identity)
        return name

    def plan(
        self, job: Job, shipments: Sequence[Shipment], claims: Claims
    ) -> list[tuple[Placement, ...]]:
        taken = set[str]()

        def place(name: str) -> Placement:
            path, n = f"{job.folder}/{name}", 2
            while path.casefold() in taken or claims.holder(path.casefold()) is not None:
                path, n = f"{job.folder}/{n}-{name}", n + 1
            claims.add(path.rpartition("/")[0].casefold(), path.rpartition("/")[0])
            taken.add(path.casefold())
            return Placement(path, path.casefold())

        return [tuple(place(parcel.name) for parcel in one.parcels) for one in shipments]


def shipment(item: Item, content: str = "") -> Shipment:
    sha = content or f"sha-{item.index}"
    known = Item(item.id, item.job_id, item.index, item.name, 5, item.state, crc32=1, sha256=sha)
    parcel = Parcel(LocalBlob(Path("x")), item.name, 5, sha)
    return Shipment(known, PHOTO, (parcel,), b"jpeg")


async def begun(
    desk: Desk,
    count: int,
    source: str = "/photos.zip",
    *,
    files: Files = "media",
    again: bool = False,
) -> tuple[TaskRecord, list[Item]]:
    await desk.submit(source, files=files, again=again)
    record = await desk.begin()
    await record.settle_folder(Shelf())  # type: ignore[arg-type]
    return record, await record.admit(entries(count))


async def intend(record: TaskRecord, shipments: Sequence[Shipment]) -> list[Intent]:
    return await record.intend(shipments, Shelf())  # type: ignore[arg-type]


def landed(intents: Sequence[Intent]) -> list[Landed]:
    return [
        Landed(
            i.item_id,
            tuple(Output(p, 5, i.shipment.parcels[0].sha256 or "") for p in paths_of(i)),
        )
        for i in intents
    ]


async def test_admitting_twice_makes_each_item_once(desk: Desk) -> None:
    record, first = await begun(desk, 7)
    second = await record.admit(entries(9))
    assert [item.id for item in second[:7]] == [item.id for item in first]
    assert [item.index for item in second] == list(range(9))


async def test_receipts_fill_albums_of_ten_in_order(desk: Desk) -> None:
    record, items = await begun(desk, 23)
    for start in range(0, 23, 4):
        intents = await intend(record, [shipment(item) for item in items[start : start + 4]])
        await record.receive(landed(intents))
    job = await desk.ledger.job(items[0].job_id)
    records = [one async for one in desk.ledger.records(job.id)]
    assert [one.item.album for one in records] == [1] * 10 + [2] * 10 + [3] * 3
    assert all(one.item.state is ItemState.SENT and one.outputs for one in records)
    assert (await desk.ledger.totals(job)).albums == 3
    assert job.bytes_sent == 23 * 5


async def test_an_intent_without_receipt_is_found_again_with_its_path_and_album(desk: Desk) -> None:
    record, items = await begun(desk, 3)
    before = await intend(record, [shipment(item) for item in items])
    await record.receive(landed(before[:1]))
    open_now = await record.open_intents(0)
    assert [one.item_id for one in open_now] == [items[1].id, items[2].id]
    again = await intend(record, [shipment(item) for item in items[1:]])
    assert [paths_of(i) for i in again] == [paths_of(i) for i in before[1:]]
    assert [i.album for i in again] == [1, 1]


async def test_a_receipt_written_twice_counts_once(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    intents = await intend(record, [shipment(items[0])])
    for _ in range(2):
        await record.receive(landed(intents))
    assert (await desk.ledger.job(items[0].job_id)).bytes_sent == 5


async def test_equal_names_get_different_paths(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    same = [
        Item(i.id, i.job_id, i.index, "IN/0.JPG" if i.index else "in/0.jpg", 1, i.state)
        for i in items
    ]
    intents = await intend(record, [shipment(item) for item in same])
    assert len({path.casefold() for intent in intents for path in paths_of(intent)}) == 2


async def test_a_deferred_item_becomes_a_conversion_when_the_transfer_ends(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    await record.receive(landed(await intend(record, [shipment(items[0])])))
    await record.conclude([Outcome(items[1], ItemState.DEFERRED, "later", PHOTO)])
    assert await record.end_task()
    task = await desk.leases.take(Lane.CONVERT)
    assert task is not None
    assert task.item_id == items[1].id


async def test_a_refused_item_is_recovered_once_and_said_so(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await intend(record, [shipment(items[0])])
    await record.refused([Refusal(items[0].id, FAULT)])
    assert await record.open_intents(0) == []
    refused = await record.item(items[0].id)
    assert refused.state is ItemState.REFUSED
    assert refused.fault is not None
    assert refused.fault.kind == FAULT.kind
    await record.receive(landed(await intend(record, [shipment(refused)])))
    assert (await record.item(items[0].id)).recovered


async def test_a_kept_original_is_moved_with_its_reason(desk: Desk, tmp_path: Path) -> None:
    record, items = await begun(desk, 1)
    for _ in range(2):  # a crash before the state was written repeats it
        local = tmp_path / "0.in"
        local.write_bytes(b"bytes")
        await record.keep(items[0], Held(local, 5, 1, "sha"), FAULT)
        assert not local.exists()
    kept = list(desk.kept.iterdir())
    assert [path.read_bytes() for path in kept] == [b"bytes"]


@pytest.mark.parametrize(
    ("states", "ended"),
    [
        ([ItemState.SKIPPED], JobState.SUCCEEDED),
        ([ItemState.FAILED, ItemState.SKIPPED], JobState.FAILED),
        ([ItemState.QUARANTINED, ItemState.DUPLICATE], JobState.PARTIAL),
    ],
)
async def test_a_job_ends_as_its_items_did(
    desk: Desk, states: list[ItemState], ended: JobState
) -> None:
    record, items = await begun(desk, len(states))
    await record.conclude(
        [Outcome(i, s, "so", fault=FAULT) for i, s in zip(items, states, strict=True)]
    )
    await record.source_read(ReadReport(10), 20)
    assert not await record.end_task()
    assert await record.end_job() is ended
    job = await desk.ledger.job(items[0].job_id)
    assert (job.state, job.bytes_read, job.peak_scratch_bytes) == (ended, 10, 20)
    told = await desk.events(job.id)
    assert [event.seq for event in told] == list(range(1, len(told) + 1))


async def test_what_a_job_cannot_finish_fails_with_its_reason(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    await intend(record, [shipment(items[0])])
    await record.lose_rest(FAULT, ItemState.FAILED, is_reconciled=True)
    assert await record.open_intents(0) == []
    assert await record.end_task() is False
    assert await record.end_job() is JobState.FAILED
    again = await desk.ledger.retry(items[0].job_id)
    assert again.state is JobState.QUEUED
    assert again.attempt == 2
    assert (await desk.take()).kind == "transfer"


async def test_a_job_that_fails_of_one_thing_says_so(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    await record.conclude([Outcome(i, ItemState.FAILED, "so", fault=FAULT) for i in items])
    assert not await record.end_task()
    assert await record.end_job() is JobState.FAILED
    fault = (await desk.ledger.job(items[0].job_id)).fault
    assert fault is not None
    assert fault.kind == FAULT.kind


async def taken_up(desk: Desk, kept: Path) -> None:
    task = await desk.leases.take(Lane.TRANSFER)
    assert task is not None
    job, _ = await TaskRecord(desk.ledger.database, desk.ledger.clock, task, kept).begin()
    assert job.state is JobState.RUNNING


async def test_a_waiting_job_says_for_what_until_it_goes_on(desk: Desk, tmp_path: Path) -> None:
    record, items = await begun(desk, 1)
    await record.wait("space", 0, DiskFullError("1 MiB needed").fault())
    waiting = (await desk.ledger.job(items[0].job_id)).fault
    assert waiting is not None
    assert (waiting.kind, waiting.detail) == ("store.disk_full", "1 MiB needed")
    await taken_up(desk, tmp_path)
    assert (await desk.ledger.job(items[0].job_id)).fault is None


async def test_what_reading_found_stays_when_a_job_waits(desk: Desk, tmp_path: Path) -> None:
    record, items = await begun(desk, 1)
    await record.source_read(ReadReport(10, FAULT), 0)
    await record.wait("space", 0, DiskFullError("1 MiB needed").fault())
    await taken_up(desk, tmp_path)
    fault = (await desk.ledger.job(items[0].job_id)).fault
    assert fault is not None
    assert fault.kind == FAULT.kind
