"""Paths and albums as the ledger gives them out."""

import pytest
from sqlalchemy import select

from tests.destinations.parcels import paths_of
from tests.ledger.conftest import Desk
from tests.ledger.test_task_writes import PHOTO, Shelf, begun, intend, landed, shipment
from transload.ledger.schema import claims, receipts
from transload.model import (
    ItemKind,
    Judgement,
    Shipment,
    Verdict,
)

pytestmark = pytest.mark.anyio


async def test_photos_and_videos_have_albums_of_their_own_and_sound_has_none(desk: Desk) -> None:
    record, items = await begun(desk, 5)
    kinds = [ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.PHOTO, ItemKind.AUDIO, ItemKind.VIDEO]
    shipments = [
        Shipment(one.item, Judgement(kind, Verdict.AS_IS, ""), one.parcels)
        for one, kind in zip((shipment(item) for item in items), kinds, strict=True)
    ]
    assert [intent.album for intent in await intend(record, shipments)] == [1, 2, 1, None, 2]


async def test_another_content_for_the_same_item_gets_a_new_plan(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    (first,) = await intend(record, [shipment(items[0], "one")])
    (second,) = await intend(record, [shipment(items[0], "two")])
    assert paths_of(second) == paths_of(
        first
    )  # the old intent is withdrawn: its path is free again
    (only,) = await record.open_intents(0)
    assert only.shipment.parcels[0].sha256 == "two"


async def test_a_source_sent_again_goes_to_its_own_folder(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await record.receive(landed(await intend(record, [shipment(items[0])])))
    await record.end_task()
    await record.end_job()
    again, _ = await begun(desk, 0)
    other, _ = await begun(desk, 0, "/elsewhere/photos.zip")
    assert (await again.settle_folder(Shelf())).folder == "photos"  # type: ignore[arg-type]
    assert (await other.settle_folder(Shelf())).folder == "photos (2)"  # type: ignore[arg-type]
    with desk.database.begin() as db:
        assert len(db.execute(select(claims).where(claims.c.owner.is_not(None))).all()) == 2
        assert len(db.execute(select(receipts)).all()) == 1
    assert PHOTO.verdict is Verdict.AS_IS
