"""A task that is another's now writes nothing; waits and ends are rows."""

import pytest

from tests.ledger.conftest import LEASE_MS, Desk, entries
from transload.errors import DiskFullError, LostLeaseError
from transload.ledger import task_run
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.model import Lane

pytestmark = pytest.mark.anyio

FULL = DiskFullError("no room").fault()


async def overtaken(desk: Desk) -> TaskRecord:
    """A record whose lease has run out and been taken by another worker."""
    await desk.submit()
    zombie = await desk.begin()
    desk.clock.now_ms += LEASE_MS + 1
    assert await Leases(desk.database, desk.clock, "other", LEASE_MS).take(Lane.TRANSFER)
    return zombie


async def test_a_zombie_cannot_write(desk: Desk) -> None:
    zombie = await overtaken(desk)
    with pytest.raises(LostLeaseError):
        await zombie.admit(entries(1))
    with pytest.raises(LostLeaseError):
        await zombie.wait("space", 0, FULL)
    with pytest.raises(LostLeaseError):
        await zombie.end_job()


async def test_without_the_fence_the_zombie_would_write(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fence(_db: object, _fence: object) -> None:
        return None

    zombie = await overtaken(desk)
    monkeypatch.setattr(task_run, "check_fence", no_fence)
    assert len(await zombie.admit(entries(1))) == 1  # so the test above does see the fence
