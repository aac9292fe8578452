"""Who may work on what: tasks are taken, kept, given back and ended here, each by one compare-and-swap."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Select,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
)

from transload.ledger.database import Database
from transload.ledger.moves import Lease, Sweep, apply_to_all, free, hold, prolong, rest, revoke
from transload.ledger.rows import task_of
from transload.ledger.schema import items, jobs, scopes, tasks, waits
from transload.model import JobState, Lane, Task, TaskKind
from transload.ports import Clock
from transload.states import TURN

DUE_MS = 1000
_RUNNABLE = [JobState.QUEUED.value, JobState.RUNNING.value, JobState.WAITING.value]


class TaskNews(NamedTuple):
    """What a worker is told of tasks: the ids of those it lost, and whether it may take another one."""

    lost: list[int]
    due: bool


class Leases:
    """The tasks of the ledger for the workers of one process. `owner` is the machine's stable name and slot.

    Only jobs that were asked for since `asked_since_ms`, or queued with --detach, are worked on here.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        owner: str,
        lease_ms: int,
        asked_since_ms: int = 0,
    ) -> None:
        self.database = database
        self.clock = clock
        self.owner = owner
        self.lease_ms = lease_ms
        self.asked_since_ms = asked_since_ms
        self._version: int | None = None  # of the database at the last look
        self._looked_ms = 0

    def of_jobs_asked_since(self, since_ms: int) -> "Leases":
        """The same, for the jobs that a command has asked for since then."""
        return Leases(self.database, self.clock, self.owner, self.lease_ms, since_ms)

    async def take(self, lane: Lane, without: Sequence[Task] = ()) -> Task | None:
        """The next due task of a lane, now ours.

        `without` are the tasks that still run here: none is started beside them that is of the same job. The tasks of a
        job have one scratch folder, and each sweeps it when it starts.
        """

        now = self.clock()
        due = self._due(lane, without, now)
        first = due.order_by(tasks.c.priority, tasks.c.due_ms, tasks.c.id).limit(1)

        def act(db: Connection) -> Task | None:
            row = db.execute(first).first()
            if row is None:
                return None
            if not hold(db, row.id, row.epoch, self._lease(now), row.seq):
                return None  # another worker's; what is left for this one it asks for next
            return task_of(db.execute(select(tasks).where(tasks.c.id == row.id)).one())

        # Nearly always there is nothing: that is found out without the lock of a writer.
        if await self.database.read(lambda db: db.execute(first).first()) is None:
            return None
        return await self.database.run(act)

    def _asked_for(self) -> ColumnElement[bool]:
        return or_(jobs.c.wanted_ms >= self.asked_since_ms, jobs.c.detached)

    def _due(self, lane: Lane, without: Sequence[Task], now: int) -> Select[int, int, int]:
        """Tasks of a lane that could be taken now, how far their jobs have come, and the fencing numbers."""
        free = or_(tasks.c.owner.is_(None), tasks.c.lease_until_ms < now)
        paused = and_(jobs.c.control.is_not(None), jobs.c.control == "pause")
        return (
            select(tasks.c.id, jobs.c.seq, tasks.c.epoch)
            .join(jobs, jobs.c.id == tasks.c.job_id)
            .where(tasks.c.lane == lane.value, tasks.c.due_ms <= now, free, ~paused)
            .where(self._asked_for())
            .where(jobs.c.state.in_(_RUNNABLE))
            .where(jobs.c.id.not_in({one.job_id for one in without}))
            .where(or_(~scope_waits(now), jobs.c.control == "cancel"))  # ending it waits for nobody
        )

    async def shorter_waits(self, task: Task, left: float, running: Sequence[Task]) -> bool:
        """Whether a conversion could be taken, were it not for `task`, that costs less than what is `left` of its own:
        one no less urgent, of a job that has none `running`.

        What costs less as a whole never gives way in turn: two conversions cannot push each other aside for ever.
        """

        def act(db: Connection) -> bool:
            cost = items.c.judgement["cost_s"].as_float()
            mine = select(tasks.c.priority, cost).join(items, items.c.id == tasks.c.item_id)
            own = db.execute(mine.where(tasks.c.id == task.id)).first()
            if own is None or own[1] is None:
                return False
            waiting = self._due(task.lane, running, self.clock())
            shorter = waiting.join(items, items.c.id == tasks.c.item_id).where(
                tasks.c.priority <= own[0], cost < own[1] * left
            )
            return db.execute(shorter.limit(1)).first() is not None

        return await self.database.read(act)

    async def transfer_waits(self) -> bool:
        """Whether a transfer could start now: conversions then wait for it."""

        def act(db: Connection) -> bool:
            due = (
                select(tasks.c.id)
                .join(jobs, jobs.c.id == tasks.c.job_id)
                .where(tasks.c.lane == Lane.TRANSFER.value, tasks.c.owner.is_(None))
                .where(tasks.c.due_ms <= self.clock(), jobs.c.state.in_(_RUNNABLE))
                .where(or_(jobs.c.control.is_(None), jobs.c.control != "pause"))
                .where(self._asked_for(), ~scope_waits(self.clock()))
            )
            return bool(db.execute(select(exists(due))).scalar())

        return await self.database.read(act)

    async def keep(self, held: Sequence[Task]) -> list[int]:
        """Prolong the leases; returns the ids of those that are no longer ours."""

        def act(db: Connection) -> list[int]:
            lease = self._lease(self.clock())
            return [task.id for task in held if not prolong(db, task, lease)]

        return await self.database.run(act) if held else []

    async def look(self, held: Sequence[Task], lanes: Collection[Lane]) -> TaskNews:
        """What became of the tasks that are held, and whether one could be taken in those lanes.

        Asks when something was committed; else every `DUE_MS`, for what becomes due by the time alone.
        """
        now = self.clock()
        first = [self._due(lane, held, now).limit(1) for lane in lanes]

        def act(db: Connection) -> TaskNews:
            mine = select(tasks.c.id, tasks.c.epoch).where(tasks.c.owner == self.owner)
            epochs = {row.id: row.epoch for row in db.execute(mine)} if held else {}
            lost = [task.id for task in held if epochs.get(task.id) != task.epoch]
            return TaskNews(lost, any(db.execute(one).first() is not None for one in first))

        before, self._version = self._version, await self.database.version()
        if self._version == before and abs(now - self._looked_ms) < DUE_MS:
            return TaskNews([], False)
        self._looked_ms = now
        return await self.database.read(act)

    async def release(self, task: Task, due_ms: int) -> None:
        """Free the task for anyone from `due_ms` on; a task that is no longer ours stays as it is."""

        def act(db: Connection) -> None:
            if free(db, task, due_ms):
                rest(db, task.job_id)

        await self.database.run(act)

    async def release_dead(self) -> int:
        """Free what a dead process of this owner held. Call only while holding the folder's lock.

        A task that was taken again and again without any progress of its job counts one death more.
        """

        def act(db: Connection) -> int:
            held = db.execute(
                select(tasks.c.id, tasks.c.job_id, tasks.c.deaths, tasks.c.seen_seq, jobs.c.seq)
                .join(jobs, jobs.c.id == tasks.c.job_id)
                .where(tasks.c.owner == self.owner)
            ).all()
            for row in held:
                deaths = row.deaths + 1 if row.seq == row.seen_seq else 1
                revoke(db, tasks.c.id == row.id, {"deaths": deaths, "due_ms": 0})
            for row in held:
                rest(db, row.job_id)
            waiting, ended = frozenset({JobState.WAITING}), {"wait_reason": None}
            apply_to_all(db, Sweep(waiting, JobState.QUEUED, jobs.c.wait_reason == TURN, ended))
            return len(held)

        return await self.database.run(act)

    def _lease(self, now: int) -> Lease:
        return Lease(self.owner, now + self.lease_ms)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to queue, not to be taken before `due_ms`; a conversion is of one item."""

    kind: TaskKind
    item_id: int | None = None
    due_ms: int = 0


def queue_tasks(db: Connection, job_id: str, wanted: Iterable[NewTask]) -> None:
    """Add tasks of a job that are not there yet."""
    of_job = select(tasks.c.kind, tasks.c.item_id).where(tasks.c.job_id == job_id)
    known = {(row.kind, row.item_id) for row in db.execute(of_job)}
    new = [
        {
            "job_id": job_id,
            "kind": task.kind.value,
            "lane": (Lane.TRANSFER if task.kind is TaskKind.TRANSFER else Lane.CONVERT).value,
            "item_id": task.item_id,
            "due_ms": task.due_ms,
        }
        for task in wanted
        if (task.kind.value, task.item_id) not in known
    ]
    if new:
        db.execute(insert(tasks), new)


def remember_scopes(db: Connection, job_id: str, wanted: Sequence[str]) -> None:
    """Note what a job's tasks wait for when it waits."""
    known = set(db.execute(select(scopes.c.scope).where(scopes.c.job_id == job_id)).scalars())
    new = [{"job_id": job_id, "scope": scope} for scope in wanted if scope not in known]
    if new:
        db.execute(insert(scopes), new)


def end_outages(db: Connection, job_id: str) -> None:
    """Whoever asks for a job again wants its outages looked at now; what the other side asked for stays."""
    mine = select(scopes.c.scope).where(scopes.c.job_id == job_id)
    db.execute(delete(waits).where(waits.c.scope.in_(mine), waits.c.outages > 0))


def scope_waits(now: int) -> Exists:
    """Whether a scope of a row's job waits, for queries over `jobs`."""
    going_on = (scopes.c.job_id == jobs.c.id) & (waits.c.until_ms > now)
    return exists().where(going_on, waits.c.scope == scopes.c.scope)
