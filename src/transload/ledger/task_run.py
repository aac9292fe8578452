"""A task and its job in the ledger, from taking up to the last commit. Every write checks the fencing number first."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select, update

from transload.errors import LOCKED
from transload.events import ItemsMoved, JobMoved
from transload.faults import Fault
from transload.ledger.database import Database
from transload.ledger.deliveries import Packer
from transload.ledger.moves import check_fence, move_job
from transload.ledger.passwords import (
    forget_locks,
    last_password,
)
from transload.ledger.quarantine import HasRoom
from transload.ledger.rows import announce, fault_or_none, job_of
from transload.ledger.schema import items, jobs, tasks
from transload.model import ItemState, Job, JobState, Task, TaskKind
from transload.ports import Clock, Destination

T = TypeVar("T")

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
        self._has_sent = False  # whether an earlier run of the job delivered anything

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
                    "fault": row.fault if is_of_source(fault_or_none(row.fault)) else None,
                    "started_ms": row.started_ms or now,
                }
                move_job(db, row.id, JobState.RUNNING, values, self._task)
                announce(db, row.id, now, JobMoved(JobState.RUNNING))
            # What is announced from here on is progress; that the job runs again is none.
            seen = select(jobs.c.seq).where(jobs.c.id == row.id).scalar_subquery()
            db.execute(update(tasks).where(tasks.c.id == self._task.id).values(seen_seq=seen))
            self._job = job_of(db.execute(select(jobs).where(jobs.c.id == row.id)).one())
            self._packer = Packer(self._job)
            sent = (items.c.job_id == row.id) & (items.c.state == ItemState.SENT.value)
            self._has_sent = db.execute(select(items.c.id).where(sent).limit(1)).first() is not None
            return self._job, row.control

        return await self._write(act)

    async def settle_folder(self, destination: Destination) -> Job:
        """The job with its folder at the destination chosen for good, where it has any there."""

        def act(db: Connection) -> Job:
            folder = self._packer.claim_folder(db, destination, self._source_identity)
            db.execute(update(jobs).where(jobs.c.id == self._job.id).values(folder=folder))
            self._job = job_of(db.execute(select(jobs).where(jobs.c.id == self._job.id)).one())
            self._packer = Packer(self._job)
            return self._job

        return self._job if self._job.folder is not None else await self._write(act, durable=True)

    def _tell(self, db: Connection, moved: Sequence[tuple[int, ItemState]]) -> None:
        announce(db, self._job.id, self._clock(), ItemsMoved(tuple(moved)))


def is_of_source(fault: Fault | None) -> bool:
    """Whether a stored fault is what reading the source found: it stays, what a job waited for does not."""
    return fault is not None and fault.kind.startswith("input.") and fault.kind not in LOCKED
