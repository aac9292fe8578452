"""Intents, stagings and albums as rows: what a destination that gathers finds again after a kill."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.ledger.conftest import Desk
from tests.ledger.test_task_writes import FAULT, Shelf, begun, landed, shipment
from transload.ledger.task_writes import TaskRecord
from transload.model import Intent, Item, ItemState, Outcome
from transload.ports import Gone, Powers, Refusal
from transload.sums import Fingerprint

pytestmark = pytest.mark.anyio


class Chat(Shelf):
    """The part of a destination that gathers which gives names."""

    powers = Powers(gathers=True)


async def staged(record: TaskRecord, items: Sequence[Item]) -> list[Intent]:
    """Each of them brought there, as the flow does it."""
    intents: list[Intent] = []
    for item in items:
        (intent,) = await record.intend([shipment(item)], Chat())  # type: ignore[arg-type]
        await record.staged(intent, {"id": item.index}, None)
        intents.append(intent)
    return intents


async def test_what_is_staged_is_found_again_with_what_the_destination_said(desk: Desk) -> None:
    record, items = await begun(desk, 3)
    await staged(record, items[:2])
    again = await record.open_intents(0)
    assert [(one.item_id, one.staged, one.album) for one in again] == [
        (items[0].id, {"id": 0}, None),
        (items[1].id, {"id": 1}, None),
    ]
    assert [one.shipment.parcels[0].blob for one in again] == [None, None]
    assert [one.shipment.judgement.kind for one in again] == ["photo", "photo"]
    assert (await record.item(items[0].id)).state is ItemState.STAGED


async def test_an_album_is_committed_with_its_members_and_its_note(desk: Desk) -> None:
    record, items = await begun(desk, 4)
    intents = await staged(record, items)
    first = await record.form_album(intents[:3], {"last": 17})
    second = await record.form_album(intents[3:], {})
    assert [one.album for one in (*first, *second)] == [1, 1, 1, 2]
    again = await record.open_intents(0)
    assert [(one.album, one.note) for one in again] == [(1, {"last": 17})] * 3 + [(2, {})]


async def test_receipts_of_an_album_end_its_stagings(desk: Desk) -> None:
    record, items = await begun(desk, 2)
    album = await record.form_album(await staged(record, items), {})
    await record.receive(landed(album), durable=True)
    assert await record.open_intents(0) == []
    assert [(await record.item(one.id)).state for one in items] == [ItemState.SENT] * 2


async def test_what_is_gone_there_is_read_and_staged_again(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    (intent,) = await record.form_album(await staged(record, items), {})
    await record.unstaged([Gone(intent.item_id, "expired")])
    assert await record.open_intents(0) == []
    assert (await record.item(items[0].id)).state is ItemState.PENDING


async def test_a_second_chance_that_is_gone_there_is_still_one(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await record.conclude([Outcome(items[0], ItemState.REFUSED, "no", fault=FAULT)])
    intents = await staged(record, items)
    assert (await record.item(items[0].id)).recovered
    await record.unstaged([Gone(intents[0].item_id, "expired")])
    back = await record.item(items[0].id)
    assert (back.state, back.recovered) == (ItemState.REFUSED, False)
    assert back.fault is not None
    album = await record.form_album(await staged(record, items), {})
    await record.receive(landed(album))
    arrived = await record.item(items[0].id)
    assert (arrived.state, arrived.recovered) == (ItemState.SENT, True)


async def test_a_refused_member_keeps_nothing_staged(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    album = await record.form_album(await staged(record, items), {})
    await record.refused([Refusal(album[0].item_id, FAULT)])
    assert await record.open_intents(0) == []
    assert (await record.item(items[0].id)).state is ItemState.REFUSED


async def test_sums_of_a_stream_are_written_once_it_was_read(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    known = shipment(items[0])
    stream = tuple(replace(parcel, sha256=None) for parcel in known.parcels)
    unread = replace(known, item=items[0], parcels=stream)
    (intent,) = await record.intend([unread], Chat())  # type: ignore[arg-type]
    read = Fingerprint()
    read.add(b"bytes")
    await record.staged(intent, {"id": 1}, read)
    (again,) = await record.open_intents(0)
    assert again.shipment.parcels[0].sha256 == read.sha256
    item = await record.item(items[0].id)
    assert (item.size, item.crc32, item.sha256) == (5, read.crc32, read.sha256)
