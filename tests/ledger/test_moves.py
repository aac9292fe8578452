"""A state is left only by a legal move, only from where the row stands, only under the task's fencing number."""

import pytest
from sqlalchemy import Connection, select, update

from tests.ledger.conftest import Desk, entries
from transload.errors import LostLeaseError
from transload.ledger.moves import (
    Lease,
    Move,
    Sweep,
    apply,
    apply_to_all,
    free,
    hold,
    move_job,
    prolong,
    revoke,
)
from transload.ledger.schema import items, jobs, tasks
from transload.model import ItemState, JobState, Task
from transload.states import IllegalTransitionError

pytestmark = pytest.mark.anyio

PENDING, SENT, FAILED = ItemState.PENDING, ItemState.SENT, ItemState.FAILED


async def at_work(desk: Desk, count: int) -> tuple[Task, list[int]]:
    """A task that is held, and the ids of so many pending items of its job."""
    await desk.submit()
    task = await desk.take()
    record = desk.record(task)
    await record.begin()
    return task, [item.id for item in await record.admit(entries(count))]


def states(db: Connection) -> list[str]:
    return list(db.execute(select(items.c.state).order_by(items.c.id)).scalars())


async def test_what_the_table_forbids_writes_nothing(desk: Desk) -> None:
    _, (first, second) = await at_work(desk, 2)
    with desk.database.begin() as db:
        legal = Move(first, PENDING, SENT)
        with pytest.raises(IllegalTransitionError):
            apply(db, [legal, Move(second, SENT, PENDING)])
        with pytest.raises(IllegalTransitionError):
            apply_to_all(db, Sweep(frozenset({SENT, PENDING}), FAILED, items.c.id > 0))
        assert states(db) == ["pending", "pending"]


async def test_a_row_that_moved_meanwhile_stays_and_the_others_of_its_batch_move(
    desk: Desk,
) -> None:
    task, ids = await at_work(desk, 5)
    with desk.database.begin() as db:
        db.execute(update(items).where(items.c.id == ids[2]).values(state="skipped"))
        moves = [Move(one, PENDING, FAILED, {"why": f"lost {one}"}) for one in ids]
        made = apply(db, moves, task)
        assert [move.row for move in made] == [one for one in ids if one != ids[2]]
        assert states(db) == ["failed", "failed", "skipped", "failed", "failed"]
        why = db.execute(select(items.c.why).order_by(items.c.id)).scalars()
        assert list(why) == [f"lost {one}" if one != ids[2] else "" for one in ids]


async def test_moves_that_change_different_columns_are_all_made(desk: Desk) -> None:
    task, ids = await at_work(desk, 3)
    with desk.database.begin() as db:
        moves = [
            Move(ids[0], PENDING, FAILED, {"why": "a"}),
            Move(ids[1], PENDING, SENT, {"sent_ms": 7}),
            Move(ids[2], PENDING, FAILED),
        ]
        assert len(apply(db, moves, task)) == 3
        rows = db.execute(select(items.c.state, items.c.why, items.c.sent_ms).order_by(items.c.id))
        assert [tuple(row) for row in rows] == [
            ("failed", "a", None),
            ("sent", "", 7),
            ("failed", "", None),
        ]


async def test_a_task_that_was_taken_away_moves_nothing(desk: Desk) -> None:
    task, ids = await at_work(desk, 2)
    with desk.database.begin() as db:
        revoke(db, tasks.c.id == task.id)
        with pytest.raises(LostLeaseError):
            apply(db, [Move(one, PENDING, SENT) for one in ids], task)
        with pytest.raises(LostLeaseError):
            apply_to_all(db, Sweep(frozenset({PENDING}), FAILED, items.c.id > 0), task)
        with pytest.raises(LostLeaseError):
            move_job(db, task.job_id, JobState.WAITING, {}, task)
        assert states(db) == ["pending", "pending"]
        assert db.execute(select(jobs.c.state)).scalar() == "running"


async def test_a_sweep_moves_the_rows_that_fit_and_counts_them(desk: Desk) -> None:
    task, ids = await at_work(desk, 4)
    with desk.database.begin() as db:
        apply(db, [Move(ids[0], PENDING, SENT)])
        fits = Sweep(frozenset({PENDING}), FAILED, items.c.id <= ids[2], {"why": "gone"})
        assert apply_to_all(db, fits, task) == 2
        assert states(db) == ["sent", "failed", "failed", "pending"]


async def test_of_two_that_saw_a_task_free_one_gets_it(desk: Desk) -> None:
    await desk.submit()
    with desk.database.begin() as db:
        row = db.execute(select(tasks)).one()
        assert hold(db, row.id, row.epoch, Lease("a", 10), 0)
        assert not hold(db, row.id, row.epoch, Lease("b", 10), 0)
        assert db.execute(select(tasks.c.owner)).scalar() == "a"


async def test_a_task_is_prolonged_and_freed_only_under_its_own_number(desk: Desk) -> None:
    task, _ = await at_work(desk, 1)
    with desk.database.begin() as db:
        owner = str(db.execute(select(tasks.c.owner)).scalar_one())
        assert prolong(db, task, Lease(owner, 99))
        assert not prolong(db, task, Lease("other", 99))
        assert free(db, task, 5)
        assert not free(db, task, 6)  # it is nobody's already
        assert db.execute(select(tasks.c.due_ms)).scalar() == 5
        assert hold(db, task.id, task.epoch, Lease(owner, 99), 0)
        assert not free(db, task, 7)  # the fencing number is another one now
