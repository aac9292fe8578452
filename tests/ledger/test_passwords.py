"""Passwords are rows only while their job needs them; what waits for one waits without a worker."""

import sqlite3
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tests.ledger.conftest import Desk, entries
from transload.entry import Secret
from transload.errors import PasswordNeededError, StoreError, UsageError, WrongPasswordError
from transload.events import JobMoved
from transload.faults import Fault, NextStep, Step
from transload.ledger.passwords import PARKED_MS
from transload.ledger.schema import passwords, tasks
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.model import Item, ItemState, JobState, Lane, Outcome, TaskKind
from transload.states import needs_password

pytestmark = pytest.mark.anyio

WORDS = ["sesame-opens-1", "sesame-öffnet-2"]
NEEDED = PasswordNeededError("b.jpg is encrypted").fault()


def lock(item: Item) -> Outcome:
    """What the flow writes of an entry that no password opens."""
    return Outcome(item, ItemState.PENDING, NEEDED.detail, fault=NEEDED)


def advised(fault: Fault) -> Fault:
    """The fault of a job that waits for its password."""
    return replace(fault, suggestion=Step(NextStep.HAND_IN_PASSWORD))


async def transferred(desk: Desk, *states: ItemState) -> TaskRecord:
    """A transfer that has met one entry for each state and is about to end."""
    record = await desk.begin()
    for item, state in zip(await record.admit(entries(len(states))), states, strict=True):
        outcome = Outcome(item, state, "so") if state is not ItemState.PENDING else lock(item)
        await record.conclude([outcome])
    return record


def due(desk: Desk) -> list[tuple[str, bool]]:
    """Kinds of the tasks, each with whether it waits for a person."""
    with desk.database.begin() as db:
        rows = db.execute(select(tasks.c.kind, tasks.c.due_ms).order_by(tasks.c.id)).all()
    return [(row.kind, row.due_ms == PARKED_MS) for row in rows]


def told(folder: Path) -> str:
    """Where a word of `WORDS` can be read in the files of a folder; nothing when nowhere."""
    found = [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(word.encode() in path.read_bytes() for word in WORDS)
    ]
    return " ".join(found)


async def test_passwords_keep_their_order_and_are_kept_once(desk: Desk) -> None:
    first = await desk.submit(passwords=WORDS)
    again = await desk.submit(passwords=["third", WORDS[0]])
    assert again.id == first.id
    await desk.ledger.give_password(first.id, "fourth")
    await desk.ledger.give_password(first.id, "third")
    given = await desk.ledger.passwords(first.id)
    assert given == tuple(Secret(text) for text in [*WORDS, "third", "fourth"])
    other = await desk.submit("/other.zip")
    assert await desk.ledger.passwords(other.id) == ()


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("number", [2, 400])
async def test_nothing_of_a_password_is_left_when_the_job_has_ended(
    desk: Desk, cancelled: bool, number: int
) -> None:
    folder = desk.database.path.parent
    many = [f"{WORDS[n % 2]}-{n}" for n in range(number)]  # so many that pages are split
    job = await desk.submit(passwords=many)
    for text in many[:5]:
        await desk.ledger.give_password(job.id, f"{text}-given")
    record = await transferred(desk, ItemState.SKIPPED)
    assert told(folder)
    if cancelled:
        await desk.ledger.control(job.id, "cancel")
        record = await desk.begin()
    assert not await record.end_task()
    await record.end_job()
    assert await desk.ledger.passwords(job.id) == ()
    assert told(folder) == ""


async def test_other_jobs_keep_theirs(desk: Desk) -> None:
    await desk.submit(passwords=WORDS)
    record = await transferred(desk, ItemState.SKIPPED)
    other = await desk.submit("/other.zip", passwords=["kept"])
    await record.end_task()
    await record.end_job()
    assert await desk.ledger.passwords(other.id) == (Secret("kept"),)


@pytest.mark.parametrize("text", ["", f"{WORDS[0]}\udcff", f"{WORDS[0]}\n"])
async def test_what_cannot_be_a_password_is_refused_without_telling_it(
    desk: Desk, text: str
) -> None:
    job = await desk.submit()
    with pytest.raises(UsageError) as raised:
        await desk.ledger.give_password(job.id, text)
    shown = "".join(traceback.format_exception(raised.value))
    assert WORDS[0] not in shown


async def test_an_error_of_the_database_tells_no_values(desk: Desk) -> None:
    job = await desk.submit()
    rows = [{"job_id": job.id, "n": 1, "secret": word} for word in WORDS]
    with pytest.raises(StoreError) as raised:
        await desk.database.run(lambda db: db.execute(insert(passwords), rows))
    shown = "".join(traceback.format_exception(raised.value))
    assert "UNIQUE" in shown
    assert not any(word in shown for word in WORDS)


async def test_a_job_waits_when_only_a_password_can_help(desk: Desk) -> None:
    job = await desk.submit()
    record = await transferred(desk, ItemState.SKIPPED, ItemState.PENDING)
    assert await record.end_task()
    waiting = await desk.ledger.job(job.id)
    assert needs_password(waiting)
    assert waiting.wait_until_ms is None
    assert waiting.fault == advised(NEEDED)
    told = [event.news for event in await desk.events(job.id)]
    (last,) = [one for one in told if isinstance(one, JobMoved) and one.reason]
    assert (last.reason, last.fault) == ("password", waiting.fault)
    assert due(desk) == [("transfer", True)]
    desk.clock.now_ms += 10**12  # decades later
    assert await desk.leases.take(Lane.TRANSFER) is None
    assert not await desk.leases.transfer_waits()  # conversions of other jobs need not wait for it


async def test_conversions_come_before_the_wait(desk: Desk) -> None:
    job = await desk.submit()
    record = await transferred(desk, ItemState.DEFERRED, ItemState.PENDING, ItemState.DEFERRED)
    assert await record.end_task()
    assert due(desk) == [("transfer", True), ("convert", False), ("convert", False)]
    for left in (True, False):
        assert (await desk.ledger.job(job.id)).state is JobState.RUNNING
        task = await desk.leases.take(Lane.CONVERT)
        assert task is not None
        conversion = TaskRecord(desk.database, desk.clock, task, desk.kept)
        await conversion.begin()
        item = await conversion.item(task.item_id or 0)
        await conversion.conclude([Outcome(item, ItemState.QUARANTINED, "so")])
        assert await conversion.end_task()
        assert needs_password(await desk.ledger.job(job.id)) is not left
    assert due(desk) == [("transfer", True)]


async def test_a_conversion_that_turns_out_locked_lets_the_job_wait(desk: Desk) -> None:
    job = await desk.submit()
    assert await (await transferred(desk, ItemState.DEFERRED)).end_task()
    task = await desk.leases.take(Lane.CONVERT)
    assert task is not None
    conversion = TaskRecord(desk.database, desk.clock, task, desk.kept)
    await conversion.begin()
    await conversion.conclude([lock(await conversion.item(task.item_id or 0))])
    assert await conversion.end_task()
    assert needs_password(await desk.ledger.job(job.id))
    assert due(desk) == [("transfer", True)]


async def test_hidden_names_let_the_job_wait(desk: Desk) -> None:
    job = await desk.submit()
    wrong = WrongPasswordError("none of 1 passwords fits").fault()
    record = await desk.begin()
    await record.need_input(wrong)
    waiting = await desk.ledger.job(job.id)
    assert needs_password(waiting)
    assert waiting.fault == advised(wrong)
    with pytest.raises(UsageError):
        await desk.ledger.give_password((await ended(desk, "/e.zip")), "late")


async def test_what_was_deferred_before_is_converted_first(desk: Desk) -> None:
    job = await desk.submit()
    record = await transferred(desk, ItemState.DEFERRED)
    await record.need_input(NEEDED)  # the rest of the source turned out to be locked
    assert due(desk) == [("transfer", True), ("convert", False)]
    assert (await desk.ledger.job(job.id)).state is JobState.RUNNING


async def ended(desk: Desk, source: str) -> str:
    """The id of a job that is over."""
    job = await desk.submit(source)
    record = await transferred(desk, ItemState.SKIPPED)
    await record.end_task()
    await record.end_job()
    return job.id


@pytest.mark.parametrize("way", ["pass", "resume", "again", "paused"])
async def test_whoever_asks_for_the_job_wakes_it(desk: Desk, way: str) -> None:
    job = await desk.submit()
    await (await transferred(desk, ItemState.PENDING)).end_task()
    if way == "paused":
        await desk.ledger.control(job.id, "pause")
    match way:
        case "resume":
            await desk.ledger.control(job.id, None)
        case "again":
            await desk.submit()
        case _:
            await desk.ledger.give_password(job.id, WORDS[0])
    record = await desk.begin()
    running = await desk.ledger.job(job.id)
    assert (running.state, running.fault) == (JobState.RUNNING, None)
    (item,) = await record.admit(entries(1))
    assert (item.state, item.fault) == (
        ItemState.PENDING,
        None,
    )  # this pass says anew what is locked


async def test_a_password_that_comes_during_the_pass_is_tried(desk: Desk) -> None:
    job = await desk.submit()
    record = await transferred(desk, ItemState.PENDING)
    await desk.ledger.give_password(job.id, WORDS[0])  # the source was opened without it
    assert await record.end_task()
    assert due(desk) == [("transfer", False)]
    assert (await desk.ledger.job(job.id)).state is JobState.RUNNING
    assert await desk.leases.take(Lane.TRANSFER) is not None


async def test_a_cancel_ends_what_waits(desk: Desk) -> None:
    job = await desk.submit(passwords=WORDS)
    await (await transferred(desk, ItemState.PENDING)).end_task()
    await desk.ledger.control(job.id, "cancel")
    record = await desk.begin()
    await record.lose_rest(NEEDED, ItemState.CANCELLED, is_reconciled=True)
    assert not await record.end_task()
    assert await record.end_job() is JobState.CANCELLED
    assert (await desk.ledger.totals(job)).cancelled == 1
    assert await desk.ledger.passwords(job.id) == ()


async def test_a_wait_outlives_its_process(desk: Desk) -> None:
    job = await desk.submit()
    await (await transferred(desk, ItemState.DEFERRED, ItemState.PENDING)).end_task()
    task = await desk.leases.take(Lane.CONVERT)
    assert task is not None
    successor = Leases(desk.database, desk.clock, "here", 30_000)
    assert await successor.release_dead() == 1  # killed in the conversion
    assert due(desk) == [(TaskKind.TRANSFER.value, True), (TaskKind.CONVERT.value, False)]
    again = await successor.take(Lane.CONVERT)
    assert again is not None
    conversion = TaskRecord(desk.database, desk.clock, again, desk.kept)
    await conversion.begin()
    item = await conversion.item(again.item_id or 0)
    await conversion.conclude([Outcome(item, ItemState.QUARANTINED, "so")])
    assert await conversion.end_task()
    assert (await desk.ledger.job(job.id)).fault == advised(NEEDED)


async def test_the_log_that_another_process_uses_does_not_stop_the_end(desk: Desk) -> None:
    await desk.submit(passwords=WORDS)
    record = await transferred(desk, ItemState.SKIPPED)
    await record.end_task()
    reader = sqlite3.connect(desk.database.path)
    reader.execute("PRAGMA busy_timeout=0")
    assert reader.execute("SELECT count(*) FROM passwords").fetchone() == (2,)
    assert await record.end_job() is JobState.SUCCEEDED
    reader.close()
