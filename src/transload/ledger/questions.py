"""What the ledger is asked about jobs, and the progress that is written to it. Reads take no lock."""

import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from transload.entry import Place, Secret
from transload.errors import UnknownJobError, Wait
from transload.events import Event
from transload.ledger.database import Database
from transload.ledger.passwords import passwords_of
from transload.ledger.reports import PAGE, done_of, page_of, records_of, totals_of, untouched
from transload.ledger.rows import event_of, job_of, progress_of, progress_to_json
from transload.ledger.schema import events, jobs, tasks
from transload.ledger.waits import holding_up
from transload.model import FinishedPart, ItemRecord, Job, JobProgress, JobState, Totals
from transload.ports import Clock
from transload.states import JOB_ENDED

_DELIVERED = (JobState.SUCCEEDED.value, JobState.PARTIAL.value)


OPEN = [state.value for state in JobState if state not in JOB_ENDED]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of a job at one moment: its state, the number of its last event, its last progress.

    `held_by` is the wait that its free tasks wait for, maybe at the wish of another job.
    """

    state: JobState
    seq: int
    progress: JobProgress | None
    held_by: Wait | None = None


class Questions:
    """Every question about jobs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def job(self, job_id: str) -> Job:
        """The job with exactly this id. Raises UnknownJobError."""
        return await self.database.read(lambda db: job_with(db, job_id))

    async def find(self, prefix: str) -> Job:
        """The one job whose id begins with `prefix` (upper or lower case). Raises UnknownJobError."""

        def act(db: Connection) -> Job:
            found = db.execute(
                select(jobs).where(jobs.c.id.startswith(prefix.upper(), autoescape=True)).limit(2)
            ).all()
            if len(found) != 1:
                many = "more than one job's id begins" if found else "no job's id begins"
                raise UnknownJobError(f"{many} with {prefix!r}")
            return job_of(found[0])

        return await self.database.read(act)

    async def recent(self, limit: int = 100) -> list[Job]:
        """The latest jobs, newest first."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        return await self.database.read(lambda db: [job_of(row) for row in db.execute(query)])

    async def finished(self, identity: str, version: str) -> Job | None:
        """The latest job of this identity if it delivered this very version of its source, else None."""

        def act(db: Connection) -> Job | None:
            row = db.execute(
                select(jobs).where(jobs.c.identity == identity).order_by(jobs.c.id.desc()).limit(1)
            ).first()
            if row is None or row.state not in _DELIVERED or row.version != version:
                return None
            return job_of(row)

        return await self.database.read(act) if version else None

    async def passwords(self, job_id: str) -> tuple[Secret, ...]:
        """The passwords a job may try, in the order they were given."""
        return await self.database.read(lambda db: passwords_of(db, job_id))

    async def task_ids(self, job_id: str) -> list[int]:
        """The ids of a job's tasks, whoever holds them."""
        mine = select(tasks.c.id).where(tasks.c.job_id == job_id).order_by(tasks.c.id)
        return await self.database.read(lambda db: list(db.execute(mine).scalars()))

    async def heads(self, job_ids: Collection[str]) -> dict[str, JobStatus]:
        """The status of jobs, by their ids."""
        query = select(jobs.c.id, jobs.c.state, jobs.c.seq, jobs.c.progress)
        known = query.where(jobs.c.id.in_(job_ids))

        def act(db: Connection) -> dict[str, JobStatus]:
            held = holding_up(db, job_ids, self.clock())
            return {
                row.id: JobStatus(
                    JobState(row.state), row.seq, progress_of(row.progress), held.get(row.id)
                )
                for row in db.execute(known)
            }

        return await self.database.read(act)

    async def holding_up(self, job_ids: Collection[str]) -> dict[str, Wait]:
        """The waits that the free tasks of these jobs wait for, by job; nothing of those that wait for none."""
        return await self.database.read(lambda db: holding_up(db, job_ids, self.clock()))

    async def set_progress(self, progress: Mapping[str, JobProgress]) -> dict[str, FinishedPart]:
        """Write the progress of jobs by their ids; returns what of each is finished by its rows.

        `overall` never goes back, and the progress of an ended job stays as it is.
        """

        def act(db: Connection) -> dict[str, FinishedPart]:
            for job_id, now in progress.items():
                now_at = select(jobs.c.progress, jobs.c.state).where(jobs.c.id == job_id)
                row = db.execute(now_at).one()
                if row.state in OPEN:
                    merged = progress_to_json(now.after(progress_of(row.progress)))
                    db.execute(update(jobs).where(jobs.c.id == job_id).values(progress=merged))
            return {job_id: done_of(db, job_id) for job_id in progress}

        return await self.database.run(act)

    async def events(self, job_id: str, after: int, last: int) -> AsyncIterator[Event]:
        """The events of a job with numbers above `after` up to `last`, in order, a page of rows in memory at a time."""
        query = select(events).where(events.c.job_id == job_id).order_by(events.c.seq).limit(PAGE)

        def act(db: Connection) -> list[Event]:
            page = query.where(events.c.seq > after, events.c.seq <= last)
            return [event_of(row) for row in db.execute(page)]

        while after < last and (page := await self.database.read(act)):
            for event in page:
                yield event
            after = page[-1].seq

    async def done(self, job_id: str) -> FinishedPart:
        """What of a job is finished, for progress: items and bytes of the closed ones, and of all known so far."""
        return await self.database.read(lambda db: done_of(db, job_id))

    async def with_totals(self, job_id: str) -> tuple[Job, Totals]:
        """A job with its sums at the same moment. Raises UnknownJobError."""

        def act(db: Connection) -> tuple[Job, Totals]:
            job = job_with(db, job_id)
            return job, totals_of(db, job)

        return await self.database.read(act)

    async def totals(self, job: Job) -> Totals:
        """The sums of the report."""
        return await self.database.read(lambda db: totals_of(db, job))

    async def records(self, job_id: str) -> AsyncIterator[ItemRecord]:
        """All items in entry order with their deliveries, a page at a time."""
        after: Place = (-1, "")

        def act(db: Connection) -> list[ItemRecord]:
            return page_of(db, job_id, after, judged=False)

        while page := await self.database.read(act):
            for record in page:
                yield record
            after = page[-1].item.place

    def folder_records(self, job: Job) -> AsyncIterator[ItemRecord]:
        """All that the folder of a job owes: the job's items, and those of the others that deliver there."""
        return records_of(self.database, job)

    async def untouched(self, job: Job) -> frozenset[str]:
        """Ids of the jobs of the same folder that passed everything on unread (recipe `original`)."""
        return await untouched(self.database, job)


def job_with(db: Connection, job_id: str) -> Job:
    """The job with exactly this id. Raises UnknownJobError."""
    row = db.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise UnknownJobError(f"there is no job {job_id}")
    return job_of(row)


def system_clock() -> int:
    """UTC now in integer milliseconds."""
    return time.time_ns() // 1_000_000
