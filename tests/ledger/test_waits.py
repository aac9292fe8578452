"""Waits with a scope: shared, kept over restarts, longer from one outage to the next."""

import pytest

from tests.ledger.conftest import Desk
from transload.errors import ConnectionLostError, DestinationBusyError
from transload.ledger.waits import NEW_OUTAGE_MS, LedgerWaits
from transload.model import Job, Lane
from transload.retry import RetryPolicy
from transload.states import RETRY

pytestmark = pytest.mark.anyio

CHAT, HOST = "chat:family", "host:nas.example"
MIDDLE = 0.5  # the random value that is no jitter


def waits(desk: Desk) -> LedgerWaits:
    return LedgerWaits(desk.database, desk.clock, RetryPolicy(), lambda: MIDDLE)


async def two_jobs(desk: Desk) -> tuple[Job, Job]:
    return await desk.submit("/one.zip"), await desk.submit("/two.zip")


def busy(scope: str, seconds: float) -> DestinationBusyError:
    return DestinationBusyError("too fast").within(scope, seconds)


def lost(scope: str) -> ConnectionLostError:
    return ConnectionLostError("the line is dead").within(scope)


async def test_a_wait_lasts_as_long_as_it_was_asked_for(desk: Desk) -> None:
    job = await desk.submit()
    mine = waits(desk).of(job.id, [CHAT])
    assert await mine.longest() is None
    await mine.add(busy(CHAT, 7.0), desk.clock.now_ms)
    wait = await mine.longest()
    assert wait is not None
    assert (wait.scope, wait.left_s, wait.fault.kind) == (CHAT, 7.0, "dest.rate_limited")
    desk.clock.now_ms += 6_999
    assert await mine.longest() is not None
    desk.clock.now_ms += 1
    assert await mine.longest() is None


async def test_outages_last_longer_from_one_to_the_next_and_have_no_end(desk: Desk) -> None:
    job = await desk.submit()
    mine = waits(desk).of(job.id, [HOST])
    seconds: list[float] = []
    for _ in range(12):
        wait = await mine.add(lost(HOST), desk.clock.now_ms)
        seconds.append(wait.left_s)
        desk.clock.now_ms = wait.until_ms
    assert seconds == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    desk.clock.now_ms += NEW_OUTAGE_MS + 1
    assert (
        await mine.add(lost(HOST), desk.clock.now_ms)
    ).left_s == 2  # it worked for a while in between


async def test_attempts_that_take_long_to_fail_make_no_new_outage(desk: Desk) -> None:
    job = await desk.submit()
    mine = waits(desk).of(job.id, [HOST])
    seconds: list[float] = []
    for _ in range(3):
        began_ms = desk.clock.now_ms
        desk.clock.now_ms += 10 * NEW_OUTAGE_MS
        wait = await mine.add(lost(HOST), began_ms)
        seconds.append(wait.left_s)
        desk.clock.now_ms = wait.until_ms
    assert seconds == [2, 4, 8]


async def test_a_wait_that_goes_on_is_never_made_shorter(desk: Desk) -> None:
    job = await desk.submit()
    mine = waits(desk).of(job.id, [CHAT])
    await mine.add(busy(CHAT, 7200.0), desk.clock.now_ms)
    assert (await mine.add(busy(CHAT, 5.0), desk.clock.now_ms)).left_s == 7200
    assert (await mine.add(lost(CHAT), desk.clock.now_ms)).left_s == 7200
    await desk.ledger.control(job.id, None)  # an outage in it makes it none
    assert await mine.longest() is not None


async def test_a_job_is_held_up_by_the_wait_that_another_was_asked_for(desk: Desk) -> None:
    one, two = await two_jobs(desk)
    three = await desk.submit("/three.zip", scopes=[CHAT, HOST])
    await waits(desk).of(one.id, [CHAT]).add(busy(CHAT, 60.0), desk.clock.now_ms)
    await waits(desk).of(two.id, [HOST]).add(busy(HOST, 7.0), desk.clock.now_ms)
    held = await desk.ledger.holding_up([one.id, two.id, three.id])
    assert {job: wait.scope for job, wait in held.items()} == {
        one.id: CHAT,
        two.id: HOST,
        three.id: CHAT,
    }
    assert (held[three.id].until_ms - desk.clock(), held[three.id].fault.detail) == (
        60_000,
        "too fast",
    )
    heads = await desk.ledger.heads([three.id])
    assert heads[three.id].held_by == held[three.id]
    desk.clock.now_ms += 7_000
    assert two.id not in await desk.ledger.holding_up([two.id, three.id])
    await desk.ledger.control(three.id, "cancel")  # that waits for nobody
    assert not await desk.ledger.holding_up([two.id, three.id])


async def test_what_a_jobs_own_wait_outlasts_does_not_hold_it_up(desk: Desk) -> None:
    job = await desk.submit(scopes=[CHAT])
    await waits(desk).of(job.id, [CHAT]).add(busy(CHAT, 7.0), desk.clock.now_ms)
    desk.clock.now_ms += 7_000
    record = await desk.begin()
    await waits(desk).of(job.id, [CHAT]).add(busy(CHAT, 7.0), desk.clock.now_ms)
    await record.wait(RETRY, desk.clock() + 7_001, busy(HOST, 8.0).fault())
    assert not await desk.ledger.holding_up([job.id])
    await waits(desk).of(job.id, [CHAT]).add(busy(CHAT, 8.0), desk.clock.now_ms)
    assert job.id in await desk.ledger.holding_up([job.id])


async def test_tasks_of_a_waiting_scope_are_not_taken_and_others_are(desk: Desk) -> None:
    one, two = await two_jobs(desk)
    three = await desk.submit("/three.zip", scopes=[CHAT])
    await waits(desk).of(one.id, [CHAT]).add(busy(CHAT, 7200.0), desk.clock.now_ms)
    taken = await desk.leases.take(Lane.TRANSFER)
    assert taken is not None
    assert taken.job_id == two.id
    assert await desk.leases.take(Lane.TRANSFER, [taken]) is None
    desk.clock.now_ms += 7_200_000
    free = {
        task.job_id
        for _ in range(2)
        if (task := await desk.leases.take(Lane.TRANSFER, [taken])) is not None
    }
    assert free == {one.id, three.id}


async def test_a_job_that_is_cancelled_waits_for_nobody(desk: Desk) -> None:
    job = await desk.submit()
    await waits(desk).of(job.id, [CHAT]).add(busy(CHAT, 7200.0), desk.clock.now_ms)
    assert await desk.leases.take(Lane.TRANSFER) is None
    await desk.ledger.control(job.id, "cancel")
    assert await desk.leases.take(Lane.TRANSFER) is not None


async def test_a_waiting_transfer_holds_no_conversion_up(desk: Desk) -> None:
    job = await desk.submit()
    assert await desk.leases.transfer_waits()
    await waits(desk).of(job.id, []).add(busy(CHAT, 7200.0), desk.clock.now_ms)
    assert not await desk.leases.transfer_waits()


async def test_who_asks_for_a_job_again_ends_its_outages_and_no_other_wait(desk: Desk) -> None:
    job = await desk.submit()
    mine = waits(desk).of(job.id, [])
    await mine.add(lost(HOST), desk.clock.now_ms)
    await mine.add(busy(CHAT, 7200.0), desk.clock.now_ms)
    await desk.ledger.control(job.id, None)
    left = await mine.longest()
    assert left is not None
    assert left.scope == CHAT
    assert await waits(desk).of(job.id, [HOST]).longest() is None
