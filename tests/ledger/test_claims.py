"""Who has a name in a destination."""

import pytest

from tests.ledger.conftest import Desk
from tests.ledger.test_task_writes import FAULT, begun, intend, shipment
from transload.ledger.claims import LedgerClaims, doubtful_items
from transload.model import ItemState, Placement

pytestmark = pytest.mark.anyio
NAME = "photos/in/0.jpg"


async def test_what_is_taken_is_known_by_kind(desk: Desk) -> None:
    record, items = await begun(desk, 1)
    await intend(record, [shipment(items[0])])
    with desk.database.begin() as db:
        known = LedgerClaims(db, "library:/out")
        assert known.holder(NAME) == "output"
        assert known.holder("photos/in") == "claim"
        assert known.holder("photos/other.jpg") is None
        assert LedgerClaims(db, "library:/elsewhere").holder("photos/in") is None
        assert doubtful_items(db, "library:/out", [Placement(NAME, NAME)]) == []


@pytest.mark.parametrize("is_reconciled", [True, False])
async def test_what_nobody_could_be_asked_about_stays_doubtful(
    desk: Desk, is_reconciled: bool
) -> None:
    record, items = await begun(desk, 1)
    await intend(record, [shipment(items[0])])
    await record.lose_rest(FAULT, ItemState.FAILED, is_reconciled=is_reconciled)
    await record.end_job()
    wanted = [Placement(NAME, NAME), Placement("photos/x.jpg", "photos/x.jpg"), Placement("alone")]
    with desk.database.begin() as db:
        holder = LedgerClaims(db, "library:/out").holder(NAME)
        assert holder == (None if is_reconciled else "doubtful")
        doubtful = doubtful_items(db, "library:/out", wanted)
        assert doubtful == ([] if is_reconciled else [items[0].id])
        assert doubtful_items(db, "library:/elsewhere", wanted) == []
