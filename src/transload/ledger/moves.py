"""The only code that writes a state: of jobs and items by compare-and-swap, of tasks by leases and fencing numbers.

Each function runs in the caller's transaction. The theory and the table of moves are in `states.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Integer,
    Table,
    Update,
    bindparam,
    exists,
    select,
    update,
)

from transload.errors import LostLeaseError
from transload.ledger.schema import items, jobs, tasks
from transload.model import ItemState, JobState, Task
from transload.states import State, check_move

Values = Mapping[str, object]
"""Columns of a row that change with its state."""


@dataclass(frozen=True, slots=True)
class Move:
    """The change of state of one row, a job's or an item's by its id."""

    row: int | str
    old: State
    new: State
    values: Values = field(default_factory=dict[str, object])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that change."""
        return tuple(sorted(self.values))


@dataclass(frozen=True, slots=True)
class Sweep:
    """The change of state of all rows in one of the `old` states that fit `where`."""

    old: frozenset[JobState] | frozenset[ItemState]
    new: State
    where: ColumnElement[bool]
    values: Values = field(default_factory=dict[str, object])


def _held(task_id: object, epoch: object) -> Exists:
    """Whether a task is held under this fencing number."""
    same = (tasks.c.id == task_id) & (tasks.c.epoch == epoch)
    return exists().where(same, tasks.c.owner.is_not(None))


def _one_row(table: Table) -> Update:
    return update(table).where(
        table.c.id == bindparam("move_row"), table.c.state == bindparam("move_old")
    )


# Put together once: for a small file, doing so costs as much as all that is done to it otherwise.
_FREE = {JobState: _one_row(jobs), ItemState: _one_row(items)}
_FENCED = {
    kind: statement.where(
        _held(bindparam("move_task", type_=Integer), bindparam("move_epoch", type_=Integer))
    )
    for kind, statement in _FREE.items()
}


def apply(db: Connection, moves: Sequence[Move], fence: Task | None = None) -> list[Move]:
    """Make the moves and return those that were made: a row that has left its `old` state meanwhile stays as it is.

    All are of one table. With a `fence`, only while that task is held. Raises IllegalTransitionError before anything is
    written, LostLeaseError when the task is not held any more.
    """
    for old, new in {(move.old, move.new) for move in moves}:
        check_move(old, new)
    made: list[Move] = []
    for _, group in groupby(sorted(moves, key=_columns), key=_columns):
        made += _apply_alike(db, list(group), fence)
    if len(made) < len(moves):
        check_fence(db, fence)
    return made


def _columns(move: Move) -> tuple[str, ...]:
    return move.columns


def _apply_alike(db: Connection, moves: Sequence[Move], fence: Task | None) -> list[Move]:
    """Moves that change the same columns: as one batch, and row by row where the batch did not reach every row."""
    statement = (_FREE if fence is None else _FENCED)[type(moves[0].old)]
    rows = [_parameters(move, fence) for move in moves]
    batch = db.begin_nested()
    if db.execute(statement, rows).rowcount == len(rows):
        batch.commit()
        return list(moves)
    batch.rollback()
    return [
        move
        for move, row in zip(moves, rows, strict=True)
        if db.execute(statement, row).rowcount == 1
    ]


def _parameters(move: Move, fence: Task | None) -> dict[str, object]:
    row = {"move_row": move.row, "move_old": move.old.value, "state": move.new.value, **move.values}
    if fence is not None:
        row |= {"move_task": fence.id, "move_epoch": fence.epoch}
    return row


def apply_to_all(db: Connection, sweep: Sweep, fence: Task | None = None) -> int:
    """Move every row that fits, in one statement; returns how many. Raises as `apply`."""
    for old in sweep.old:
        check_move(old, sweep.new)
    table = jobs if isinstance(sweep.new, JobState) else items
    leaving = table.c.state.in_([old.value for old in sweep.old])
    statement = update(table).where(leaving, sweep.where)
    if fence is not None:
        check_fence(db, fence)
        statement = statement.where(_held(fence.id, fence.epoch))
    return db.execute(statement.values(state=sweep.new.value, **sweep.values)).rowcount


def move_job(
    db: Connection, job_id: str, new: JobState, values: Values, fence: Task | None = None
) -> None:
    """Move a job out of whatever state it is in. Raises as `apply`."""
    state = select(jobs.c.state).where(jobs.c.id == job_id)
    while True:  # again only where another transaction has moved it between the two statements
        old = JobState(db.execute(state).scalar_one())
        if apply(db, [Move(job_id, old, new, values)], fence):
            return


def check_fence(db: Connection, fence: Task | None) -> None:
    """Raise LostLeaseError when the task is another worker's by now, or cancelled."""
    if fence is None:
        return
    if not db.execute(select(_held(fence.id, fence.epoch))).scalar():
        raise LostLeaseError


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a task, and until when unless it is prolonged."""

    owner: str
    until_ms: int


def hold(db: Connection, task_id: int, epoch: int, lease: Lease, seen_seq: int) -> bool:
    """Take a task under the next fencing number; False when somebody was faster."""
    mine = update(tasks).where(tasks.c.id == task_id, tasks.c.epoch == epoch)
    taken = mine.values(
        owner=lease.owner, lease_until_ms=lease.until_ms, epoch=epoch + 1, seen_seq=seen_seq
    )
    return db.execute(taken).rowcount == 1


def prolong(db: Connection, task: Task, lease: Lease) -> bool:
    """Keep a task for longer; False when it is not the owner's under this fencing number any more."""
    mine = (tasks.c.id == task.id) & (tasks.c.epoch == task.epoch) & (tasks.c.owner == lease.owner)
    kept = update(tasks).where(mine).values(lease_until_ms=lease.until_ms)
    return db.execute(kept).rowcount == 1


def free(db: Connection, task: Task, due_ms: int) -> bool:
    """Give a held task back, for anybody from `due_ms` on; False when it was not held under this fencing number."""
    mine = (tasks.c.id == task.id) & (tasks.c.epoch == task.epoch) & tasks.c.owner.is_not(None)
    freed = update(tasks).where(mine).values(owner=None, lease_until_ms=None, due_ms=due_ms)
    return db.execute(freed).rowcount == 1


def revoke(db: Connection, where: ColumnElement[bool], values: Values | None = None) -> None:
    """Take tasks away from whoever holds them: the next fencing number makes every later write of theirs fail."""
    taken = update(tasks).where(where)
    db.execute(
        taken.values(owner=None, lease_until_ms=None, epoch=tasks.c.epoch + 1, **(values or {}))
    )


def rest(db: Connection, job_id: str) -> None:
    """A running job that nobody works on any more is queued: it goes on when it is asked for."""
    held = exists().where(tasks.c.job_id == job_id, tasks.c.owner.is_not(None))
    idle = (jobs.c.id == job_id) & ~held
    apply_to_all(db, Sweep(frozenset({JobState.RUNNING}), JobState.QUEUED, idle))
