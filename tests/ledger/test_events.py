"""Events are numbered without gaps, with the change they tell of."""

import pytest

from tests.ledger.conftest import Desk
from transload.ledger.events import announce

pytestmark = pytest.mark.anyio


async def test_numbers_follow_each_other_and_a_failed_change_takes_none(desk: Desk) -> None:
    job = await desk.submit()

    def fail() -> None:
        with desk.database.begin() as db:
            announce(db, job.id, 1, "lost", {})
            raise ZeroDivisionError

    for n in range(3):
        with desk.database.begin() as db:
            announce(db, job.id, n, "told", {"n": n})
        with pytest.raises(ZeroDivisionError):
            fail()
    told = await desk.ledger.events(job.id, job.seq)
    assert [(event.seq, event.what, event.data) for event in told] == [
        (job.seq + 1 + n, "told", {"n": n}) for n in range(3)
    ]
    assert (await desk.ledger.job(job.id)).seq == job.seq + 3
