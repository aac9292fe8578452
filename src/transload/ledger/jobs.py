"""Job queries and commands. What a running task writes is in `task_writes.py`."""

import secrets
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from transload.entry import Place, Secret
from transload.errors import BusyError, UnknownJobError, UsageError
from transload.events import Asked, Event, JobMoved
from transload.faults import NextStep, Step
from transload.json_codec import to_json
from transload.ledger.database import Database
from transload.ledger.moves import Sweep, Values, apply_to_all, move_job, revoke
from transload.ledger.passwords import keep_passwords, passwords_of
from transload.ledger.quarantine import usable_of
from transload.ledger.reports import PAGE, done_of, page_of, records_of, totals_of, untouched
from transload.ledger.rows import announce, event_of, job_of, job_options, progress_of
from transload.ledger.schema import events, items, jobs, tasks
from transload.ledger.tasks import NewTask, queue_tasks
from transload.model import (
    Done,
    ItemRecord,
    ItemState,
    Job,
    JobProgress,
    JobState,
    TaskKind,
    Totals,
)
from transload.ports import Clock
from transload.states import (
    ITEM_RETRIABLE,
    JOB_ENDED,
    LEFT_OUT,
    PAUSED,
    needs_password,
)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32, as ULIDs use it
_DELIVERED = (JobState.SUCCEEDED.value, JobState.PARTIAL.value)
_OPEN = [state.value for state in JobState if state not in JOB_ENDED]


def system_clock() -> int:
    """UTC now in integer milliseconds."""
    return time.time_ns() // 1_000_000


def new_id(now_ms: int) -> str:
    """A ULID: 26 characters that sort by time of creation."""
    number = (now_ms << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, slots=True)
class Head:
    """How a job stands at one moment: its state, the number of its last event, its last progress."""

    state: JobState
    seq: int
    progress: JobProgress | None


class Ledger:
    """Every question about jobs, and every change a command may ask for."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def submit(  # noqa: PLR0913  what one row of a new job holds, and its passwords
        self,
        job: Job,
        identity: str,
        source_identity: str,
        *,
        detached: bool,
        version: str = "",
        passwords: Sequence[str] = (),
    ) -> Job:
        """Make the job, or continue the unfinished one of the same identity with the options of `job`.

        Passwords are added to those it has.
        """

        def act(db: Connection) -> Job:
            now = self.clock()
            options = job_options(job)
            row = db.execute(
                select(jobs).where(jobs.c.identity == identity, jobs.c.state.in_(_OPEN))
            ).first()
            if row is not None:
                # Items are numbered in the job's order: another order would need another job.
                options["sort"] = row.options["sort"]
                wanted = {"wanted_ms": now, "options": options}
                db.execute(update(jobs).where(jobs.c.id == row.id).values(**wanted))
                _unpause(db, row.id)
                if any(row.options[name] != options[name] for name in ("include", "exclude")):
                    _look_again(db, row.id, now)
                keep_passwords(db, row.id, passwords)
                _wake(db, row.id, row.state, now)
                return _job(db, row.id)
            new = new_id(now)
            db.execute(
                insert(jobs).values(
                    id=new,
                    identity=identity,
                    source=job.source,
                    source_identity=source_identity,
                    destination=job.destination,
                    recipe=job.recipe.value,
                    title=job.title,
                    state=JobState.QUEUED.value,
                    detached=detached,
                    version=version,
                    created_ms=now,
                    warnings=[],
                    wanted_ms=now,
                    options=options,
                )
            )
            keep_passwords(db, new, passwords)
            _queue_transfer(db, new, now)
            announce(db, new, now, JobMoved(JobState.QUEUED))
            return _job(db, new)

        return await self.database.run(act, durable=True)

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

    async def give_password(self, job_id: str, text: str) -> Job:
        """Add a password and let the job try again, also a paused one. Raises UsageError when the job has ended."""

        def act(db: Connection) -> Job:
            job, now = _job(db, job_id), self.clock()
            if job.state in JOB_ENDED:
                raise UsageError(
                    f"the job {job_id} has ended ({job.state.value}): it waits for no password",
                    suggestion=Step(NextStep.RETRY_FOR_PASSWORD, job_id),
                )
            keep_passwords(db, job_id, [text])
            db.execute(update(jobs).where(jobs.c.id == job_id).values(wanted_ms=now))
            _unpause(db, job_id)
            announce(db, job_id, now, Asked("try a password"))
            _wake(db, job_id, job.state.value, now)
            return _job(db, job_id)

        return await self.database.run(act, durable=True)

    async def job(self, job_id: str) -> Job:
        """The job with exactly this id. Raises UnknownJobError."""
        return await self.database.read(lambda db: _job(db, job_id))

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

    async def heads(self, job_ids: Collection[str]) -> dict[str, Head]:
        """How jobs stand, by their ids."""
        query = select(jobs.c.id, jobs.c.state, jobs.c.seq, jobs.c.progress)
        known = query.where(jobs.c.id.in_(job_ids))

        def act(db: Connection) -> dict[str, Head]:
            return {
                row.id: Head(JobState(row.state), row.seq, progress_of(row.progress))
                for row in db.execute(known)
            }

        return await self.database.read(act)

    async def set_progress(self, progress: Mapping[str, JobProgress]) -> dict[str, Done]:
        """Write the progress of jobs by their ids; returns what of each is finished by its rows.

        `overall` never goes back, and the progress of an ended job stays as it is.
        """

        def act(db: Connection) -> dict[str, Done]:
            for job_id, now in progress.items():
                now_at = select(jobs.c.progress, jobs.c.state).where(jobs.c.id == job_id)
                row = db.execute(now_at).one()
                if row.state in _OPEN:
                    merged = to_json(now.after(progress_of(row.progress)))
                    db.execute(update(jobs).where(jobs.c.id == job_id).values(progress=merged))
            return {job_id: done_of(db, job_id) for job_id in progress}

        return await self.database.run(act)

    async def control(self, job_id: str, word: str | None) -> Job:
        """Ask for "cancel" or "pause", or take a pause back (None); running tasks lose their lease at once."""

        def act(db: Connection) -> Job:
            job, now = _job(db, job_id), self.clock()
            if job.state in JOB_ENDED:
                return job
            mine = jobs.c.id == job_id
            db.execute(update(jobs).where(mine).values(wanted_ms=now))
            if word is not None or not _is_cancelling(db, job_id):
                db.execute(update(jobs).where(mine).values(control=word))
            rests = word == "pause" and not needs_password(job)  # that wait ends by being answered
            if rests:
                paused = {"wait_reason": PAUSED, "wait_until_ms": None}
                move_job(db, job_id, JobState.WAITING, paused)
            if word is not None:
                revoke(db, tasks.c.job_id == job_id)
            if word == "cancel":
                db.execute(delete(tasks).where(tasks.c.job_id == job_id))
                _queue_transfer(db, job_id, now)
            announce(db, job_id, now, Asked(word or "resume"))
            if rests:
                announce(db, job_id, now, JobMoved(JobState.WAITING, PAUSED))
            if word != "pause":
                _wake(db, job_id, job.state.value, now)
            return _job(db, job_id)

        return await self.database.run(act, durable=True)

    async def retry(self, job_id: str, only: Sequence[int] = ()) -> Job:
        """Open the failed, quarantined and cancelled items of an ended job again, or `only` some of them."""

        def act(db: Connection) -> Job:
            job, now = _job(db, job_id), self.clock()
            if job.state not in JOB_ENDED:
                raise BusyError(
                    f"job {job_id} is {job.state.value}",
                    suggestion=Step(NextStep.WAIT_FOR_JOB),
                )
            chosen = (items.c.job_id == job_id) & items.c.state.in_(
                [s.value for s in ITEM_RETRIABLE]
            )
            if only:
                chosen &= items.c.id.in_(only)
            again = list(db.execute(select(items.c.id).where(chosen)).scalars())
            opened = {"fault": None, "why": "", "judgement": None, "recovered": False}
            apply_to_all(db, Sweep(ITEM_RETRIABLE, ItemState.PENDING, chosen, opened))
            if job.state is not JobState.SUCCEEDED:
                anew: Values = {
                    "control": None,
                    "wanted_ms": now,
                    "attempt": job.attempt + 1,
                    "fault": None,
                    "warnings": [],
                    "finished_ms": None,
                    "progress": None,
                }
                move_job(db, job_id, JobState.QUEUED, anew)
                _queue_again(db, job, again, now, whole=not only)
                announce(db, job_id, now, JobMoved(JobState.QUEUED, attempt=job.attempt + 1))
            return _job(db, job_id)

        return await self.database.run(act, durable=True)

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

    async def done(self, job_id: str) -> Done:
        """What of a job is finished, for progress: items and bytes of the closed ones, and of all known so far."""
        return await self.database.read(lambda db: done_of(db, job_id))

    async def with_totals(self, job_id: str) -> tuple[Job, Totals]:
        """A job with its sums at the same moment. Raises UnknownJobError."""

        def act(db: Connection) -> tuple[Job, Totals]:
            job = _job(db, job_id)
            return job, totals_of(db, job)

        return await self.database.read(act)

    async def totals(self, job: Job) -> Totals:
        """The sums of the report."""
        return await self.database.read(lambda db: totals_of(db, job))

    def folder_records(self, job: Job) -> AsyncIterator[ItemRecord]:
        """All that the folder of a job owes: the job's items, and those of the others that deliver there."""
        return records_of(self.database, job)

    async def untouched(self, job: Job) -> frozenset[str]:
        """Ids of the jobs of the same folder that passed everything on unread (recipe `original`)."""
        return await untouched(self.database, job)

    async def records(self, job_id: str) -> AsyncIterator[ItemRecord]:
        """All items in entry order with their deliveries, a page at a time."""
        after: Place = (-1, "")

        def act(db: Connection) -> list[ItemRecord]:
            return page_of(db, job_id, after, judged=False)

        while page := await self.database.read(act):
            for record in page:
                yield record
            after = page[-1].item.place


def _job(db: Connection, job_id: str) -> Job:
    row = db.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise UnknownJobError(f"there is no job {job_id}")
    return job_of(row)


def _queue_transfer(db: Connection, job_id: str, now: int) -> None:
    queue_tasks(db, job_id, [NewTask(TaskKind.TRANSFER, due_ms=now)])


def _queue_again(db: Connection, job: Job, again: Sequence[int], now: int, *, whole: bool) -> None:
    """Tasks for items that are taken up again: those with a usable kept original need no pass over the source."""
    kept = [item_id for item_id in again if usable_of(db, item_id) is not None]
    queue_tasks(db, job.id, [NewTask(TaskKind.CONVERT, item_id, now) for item_id in kept])
    read_whole = job.state is JobState.PARTIAL and job.fault is None
    if len(kept) < len(again) or not kept or (whole and not read_whole):
        _queue_transfer(db, job.id, now)


def _is_cancelling(db: Connection, job_id: str) -> bool:
    """Whether a cancel is under way; nothing takes that back."""
    return db.execute(select(jobs.c.control).where(jobs.c.id == job_id)).scalar() == "cancel"


def _unpause(db: Connection, job_id: str) -> None:
    paused = (jobs.c.id == job_id) & (jobs.c.control == "pause")
    db.execute(update(jobs).where(paused).values(control=None))


def _look_again(db: Connection, job_id: str, now: int) -> None:
    """Open what other filters had left out, for a pass with the new ones."""
    left_out = (items.c.job_id == job_id) & items.c.why.startswith(LEFT_OUT)
    opened = Sweep(frozenset({ItemState.SKIPPED}), ItemState.PENDING, left_out, {"why": ""})
    apply_to_all(db, opened)
    _queue_transfer(db, job_id, now)


def _wake(db: Connection, job_id: str, state: str, now: int) -> None:
    """End a wait: whoever asks for the job again wants it looked at now."""
    if state == JobState.WAITING.value:
        move_job(db, job_id, JobState.QUEUED, {"wait_reason": None, "wait_until_ms": None})
        announce(db, job_id, now, JobMoved(JobState.QUEUED))
    db.execute(
        update(tasks).where(tasks.c.job_id == job_id, tasks.c.owner.is_(None)).values(due_ms=now)
    )
