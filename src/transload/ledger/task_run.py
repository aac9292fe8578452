"""A task and its job in the ledger, from taking up to the last commit. Every write checks the fencing number first."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, delete, func, select, update

from transload.address import without_login
from transload.errors import LOCKED, CorruptError
from transload.events import ItemsMoved, JobMoved
from transload.faults import Fault
from transload.json_codec import to_json
from transload.ledger.database import Database
from transload.ledger.deliveries import Packer, own_folder
from transload.ledger.moves import Sweep, apply_to_all, check_fence, free, move_job
from transload.ledger.passwords import (
    PARKED_MS,
    first_locked,
    forget_locks,
    forget_passwords,
    last_password,
    park,
    rest_if_parked,
)
from transload.ledger.quarantine import HasRoom
from transload.ledger.reports import last_progress, left_out_by_filters, totals_of
from transload.ledger.rows import announce, fault_or_none, fault_to_json, job_of
from transload.ledger.schema import items, jobs, outputs, quarantine, tasks
from transload.ledger.tasks import NewTask, queue_tasks
from transload.model import ItemState, Job, JobState, Task, TaskKind
from transload.ports import Clock, Destination
from transload.states import ITEM_OPEN, TURN, ended_state

log = logging.getLogger(__name__)

T = TypeVar("T")

CONVERTING = {ItemState.DEFERRED: TaskKind.CONVERT, ItemState.REFUSED: TaskKind.RECOVER}
BEFORE_ALL = -1  # a job's seq that is never seen: the task has moved since


class FencedTask:
    """What one run of a task writes; raises LostLeaseError as soon as the task is another worker's."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        task: Task,
        kept: Path,
        has_room: HasRoom = lambda _: True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._task = task
        self._kept = kept
        self._has_room = has_room
        self._job: Job
        self._source_identity = ""
        self._packer: Packer
        self._tried_passwords = 0

    async def _write(self, act: Callable[[Connection], T], *, durable: bool = False) -> T:
        def checked(db: Connection) -> T:
            check_fence(db, self._task)
            return act(db)

        return await self._database.run(checked, durable=durable)

    async def write_durably(self, act: Callable[[Connection], T]) -> T:
        """Do an act of another store in the name of this task, fsynced."""
        return await self._write(act, durable=True)

    async def advance(self, act: Callable[[Connection], T]) -> T:
        """As `write_durably`, of an act that brings this task further: deaths before it no longer count."""

        def moved(db: Connection) -> T:
            own = tasks.c.id == self._task.id
            db.execute(update(tasks).where(own).values(seen_seq=BEFORE_ALL))
            return act(db)

        return await self.write_durably(moved)

    async def begin(self) -> tuple[Job, str | None]:
        """The job, now running, and what a command asked for meanwhile ("cancel" or None)."""

        def act(db: Connection) -> tuple[Job, str | None]:
            if self._task.kind is TaskKind.TRANSFER:
                forget_locks(db, self._task.job_id)
            self._tried_passwords = last_password(db, self._task.job_id)
            row = db.execute(select(jobs).where(jobs.c.id == self._task.job_id)).one()
            self._source_identity = row.source_identity
            if row.state != JobState.RUNNING.value:
                now = self._clock()
                values = {
                    "wait_reason": None,
                    "wait_until_ms": None,
                    "fault": row.fault if _is_of_source(fault_or_none(row.fault)) else None,
                    "started_ms": row.started_ms or now,
                }
                move_job(db, row.id, JobState.RUNNING, values, self._task)
                announce(db, row.id, now, JobMoved(JobState.RUNNING))
            # What is announced from here on is progress; that the job runs again is none.
            seen = select(jobs.c.seq).where(jobs.c.id == row.id).scalar_subquery()
            db.execute(update(tasks).where(tasks.c.id == self._task.id).values(seen_seq=seen))
            self._job = job_of(db.execute(select(jobs).where(jobs.c.id == row.id)).one())
            self._packer = Packer(self._job)
            return self._job, row.control

        return await self._write(act)

    async def settle_folder(self, destination: Destination) -> Job:
        """The job with its folder at the destination chosen for good."""

        def act(db: Connection) -> Job:
            folder = own_folder(db, self._job, self._source_identity, destination)
            db.execute(update(jobs).where(jobs.c.id == self._job.id).values(folder=folder))
            self._job = job_of(db.execute(select(jobs).where(jobs.c.id == self._job.id)).one())
            self._packer = Packer(self._job)
            return self._job

        return self._job if self._job.folder is not None else await self._write(act, durable=True)

    async def lose_rest(self, fault: Fault, state: ItemState) -> None:
        """End every open item with this fault: the job cannot go on, or was cancelled."""

        def act(db: Connection) -> None:
            mine = items.c.job_id == self._job.id
            values = {"fault": fault_to_json(fault), "why": fault.detail}
            is_open = items.c.state.in_([one.value for one in ITEM_OPEN])
            abandoned = select(items.c.id).where(mine, is_open)
            db.execute(delete(outputs).where(outputs.c.item_id.in_(abandoned), ~outputs.c.landed))
            if state is ItemState.FAILED:  # an original that is kept stays so
                kept = mine & items.c.id.in_(select(quarantine.c.item_id))
                still = Sweep(ITEM_OPEN, ItemState.QUARANTINED, kept, values)
                apply_to_all(db, still, self._task)
            apply_to_all(db, Sweep(ITEM_OPEN, state, mine, values), self._task)
            db.execute(
                update(jobs).where(jobs.c.id == self._job.id).values(fault=fault_to_json(fault))
            )
            others = (tasks.c.job_id == self._job.id) & (tasks.c.id != self._task.id)
            db.execute(delete(tasks).where(others))

        await self._write(act)

    async def wait(self, reason: str, until_ms: int, fault: Fault) -> None:
        """Turn the job's wait into a row and give the task back until then."""

        def act(db: Connection) -> None:
            at = jobs.c.id == self._job.id
            found = db.execute(select(jobs.c.fault).where(at)).scalar_one()
            if not _is_of_source(fault_or_none(found)):
                db.execute(update(jobs).where(at).values(fault=fault_to_json(fault)))
            db.execute(update(jobs).where(at).values(wait_until_ms=until_ms))
            self._put_off(db, until_ms, JobMoved(JobState.WAITING, reason, fault))

        await self._write(act)

    async def give_way(self) -> None:
        """Give the task back, due now: the job waits while another conversion has its turn."""

        def act(db: Connection) -> None:
            self._put_off(db, self._clock(), JobMoved(JobState.WAITING, TURN))

        await self._write(act)

    def _put_off(self, db: Connection, due_ms: int, wait: JobMoved) -> None:
        """The task is free from then on, the job waits for its reason."""
        waits = {"wait_reason": wait.reason}
        move_job(db, self._job.id, JobState.WAITING, waits, self._task)
        free(db, self._task, due_ms)
        announce(db, self._job.id, self._clock(), wait)

    async def tried(self) -> int:
        """Count one more try of this task that failed for a passing reason; returns the number."""

        def act(db: Connection) -> int:
            at = tasks.c.id == self._task.id
            db.execute(update(tasks).where(at).values(tries=tasks.c.tries + 1))
            return int(db.execute(select(tasks.c.tries).where(at)).scalar_one())

        return await self._write(act)

    async def need_input(self, fault: Fault) -> None:
        """Park this task: the source cannot be read (any further) without a password. What else can go on goes on."""

        def act(db: Connection) -> None:
            db.execute(
                update(jobs).where(jobs.c.id == self._job.id).values(fault=fault_to_json(fault))
            )
            queue_tasks(db, self._job.id, self._conversions(db))
            park(db, self._task, self._tried_passwords)
            rest_if_parked(db, self._job.id, self._clock())

        await self._write(act)

    async def end_task(self) -> bool:
        """Queue what follows and end this task; False when it is the job's last and the job must be closed first.

        While items wait for a password their transfer stays, parked: then no task is the last, and the job waits as
        soon as no other is left.
        """

        def act(db: Connection) -> bool:
            next_tasks = self._conversions(db)
            locked = first_locked(db, self._job.id) is not None
            if locked:
                next_tasks.append(NewTask(TaskKind.TRANSFER, due_ms=PARKED_MS))
            queue_tasks(db, self._job.id, next_tasks)
            others = (tasks.c.job_id == self._job.id) & (tasks.c.id != self._task.id)
            if locked and self._task.kind is TaskKind.TRANSFER:
                park(db, self._task, self._tried_passwords)
            elif db.execute(select(tasks.c.id).where(others).limit(1)).first() is None:
                self._name_vanished(db)
                return False
            else:
                db.execute(delete(tasks).where(tasks.c.id == self._task.id))
            rest_if_parked(db, self._job.id, self._clock())
            return True

        return await self._write(act)

    def _conversions(self, db: Connection) -> list[NewTask]:
        waiting = db.execute(
            select(items.c.id, items.c.state)
            .where(items.c.job_id == self._job.id)
            .where(items.c.state.in_([state.value for state in CONVERTING]))
            .order_by(items.c.idx, items.c.inner)
        )
        return [NewTask(CONVERTING[ItemState(row.state)], row.id) for row in waiting]

    def _name_vanished(self, db: Connection) -> None:
        """Items that no pass over the source has met any more: lost, and said so."""
        gone = CorruptError("the source no longer holds this entry", stage="fetch").fault()
        values = {"fault": fault_to_json(gone), "why": gone.detail}
        mine = items.c.job_id == self._job.id
        met = Sweep(frozenset({ItemState.PENDING}), ItemState.FAILED, mine, values)
        apply_to_all(db, met, self._task)

    async def end_job(self) -> JobState:
        """The job's last commit: its final state, its last task gone, its passwords and the login in its address."""

        def act(db: Connection) -> tuple[JobState, bool]:
            row = db.execute(select(jobs).where(jobs.c.id == self._job.id)).one()
            counts = {
                ItemState(state): number
                for state, number in db.execute(
                    select(items.c.state, func.count())
                    .where(items.c.job_id == row.id)
                    .group_by(items.c.state)
                )
            }
            fault = fault_or_none(row.fault) or left_out_by_filters(db, job_of(row))
            state = ended_state(counts, job_failed=fault is not None)
            if row.control == "cancel":
                state = JobState.CANCELLED
            if state is JobState.FAILED and fault is None:
                fault = _shared_fault(db, row.id)
            now = self._clock()
            source = without_login(row.source)
            values = {
                "finished_ms": now,
                "control": None,
                "detached": False,
                "fault": fault_to_json(fault),
                "source": source,
                "progress": to_json(last_progress(db, row, state)),
            }
            move_job(db, row.id, state, values, self._task)
            db.execute(delete(tasks).where(tasks.c.job_id == row.id))
            totals = totals_of(db, job_of(row))
            announce(db, row.id, now, JobMoved(state, totals=totals))
            return state, forget_passwords(db, row.id) or source != row.source

        state, had_secrets = await self._write(act, durable=True)
        if had_secrets:
            await self._database.wipe()
        log.info("job_ended", extra={"job": self._job.id, "state": state.value})
        return state

    def _tell(self, db: Connection, moved: Sequence[tuple[int, ItemState]]) -> None:
        announce(db, self._job.id, self._clock(), ItemsMoved(tuple(moved)))


def _is_of_source(fault: Fault | None) -> bool:
    """Whether a stored fault is what reading the source found: it stays, what a job waited for does not."""
    return fault is not None and fault.kind.startswith("input.") and fault.kind not in LOCKED


def _shared_fault(db: Connection, job_id: str) -> Fault | None:
    """What kept every lost item from arriving, when it was the same for all: then it is what the job failed of."""
    lost = (items.c.job_id == job_id) & items.c.fault.is_not(None)
    kind = items.c.fault["kind"].as_string()
    if len(db.execute(select(kind).where(lost).distinct().limit(2)).all()) != 1:
        return None
    first = db.execute(
        select(items.c.fault).where(lost).order_by(items.c.idx, items.c.inner).limit(1)
    ).scalar_one()
    return fault_or_none(first)
