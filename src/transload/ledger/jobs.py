"""Job queries and commands. What a running task writes is in `task_writes.py`."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from transload.errors import BusyError, UsageError
from transload.events import Asked, JobMoved
from transload.faults import NextStep, Step
from transload.ledger.moves import Sweep, Values, apply_to_all, move_job, revoke
from transload.ledger.passwords import keep_passwords
from transload.ledger.quarantine import usable_of
from transload.ledger.questions import OPEN, Questions, job_with
from transload.ledger.rows import announce, job_options, new_id
from transload.ledger.schema import items, jobs, stagings, tasks
from transload.ledger.tasks import NewTask, end_outages, queue_tasks, remember_scopes
from transload.model import (
    ItemState,
    Job,
    JobState,
    TaskKind,
)
from transload.states import (
    ITEM_RETRIABLE,
    JOB_ENDED,
    LEFT_OUT,
    PAUSED,
    needs_password,
)


class Ledger(Questions):
    """Every question about jobs, and every change a command may ask for."""

    async def submit(  # noqa: PLR0913  what one row of a new job holds, and its passwords
        self,
        job: Job,
        identity: str,
        source_identity: str,
        *,
        detached: bool,
        version: str = "",
        passwords: Sequence[str] = (),
        scopes: Sequence[str] = (),
    ) -> Job:
        """Make the job, or continue the unfinished one of the same identity with the options of `job`.

        Passwords are added to those it has. `scopes` are what its tasks wait for when it waits.
        """

        def act(db: Connection) -> Job:
            now = self.clock()
            options = job_options(job)
            row = db.execute(
                select(jobs).where(jobs.c.identity == identity, jobs.c.state.in_(OPEN))
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
                remember_scopes(db, row.id, scopes)
                _wake(db, row.id, row.state, now)
                return job_with(db, row.id)
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
            remember_scopes(db, new, scopes)
            _queue_transfer(db, new, now)
            announce(db, new, now, JobMoved(JobState.QUEUED))
            return job_with(db, new)

        return await self.database.run(act, durable=True)

    async def give_password(self, job_id: str, text: str) -> Job:
        """Add a password and let the job try again, also a paused one. Raises UsageError when the job has ended."""

        def act(db: Connection) -> Job:
            job, now = job_with(db, job_id), self.clock()
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
            return job_with(db, job_id)

        return await self.database.run(act, durable=True)

    async def control(self, job_id: str, word: str | None) -> Job:
        """Ask for "cancel" or "pause", or take a pause back (None); running tasks lose their lease at once."""

        def act(db: Connection) -> Job:
            job, now = job_with(db, job_id), self.clock()
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
            return job_with(db, job_id)

        return await self.database.run(act, durable=True)

    async def retry(self, job_id: str, only: Sequence[int] = ()) -> Job:
        """Open the failed, quarantined and cancelled items of an ended job again, or `only` some of them."""

        def act(db: Connection) -> Job:
            job, now = job_with(db, job_id), self.clock()
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
            _open_again(db, chosen)
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
            return job_with(db, job_id)

        return await self.database.run(act, durable=True)


def _open_again(db: Connection, chosen: ColumnElement[bool]) -> None:
    """Items to be judged anew; those that lie staged still go on from there."""
    is_staged = items.c.id.in_(select(stagings.c.item_id))
    anew: Values = {"fault": None, "why": ""}
    apply_to_all(db, Sweep(ITEM_RETRIABLE, ItemState.STAGED, chosen & is_staged, anew))
    anew = {**anew, "judgement": None, "recovered": False}
    apply_to_all(db, Sweep(ITEM_RETRIABLE, ItemState.PENDING, chosen, anew))


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
    end_outages(db, job_id)
    if state == JobState.WAITING.value:
        move_job(db, job_id, JobState.QUEUED, {"wait_reason": None, "wait_until_ms": None})
        announce(db, job_id, now, JobMoved(JobState.QUEUED))
    db.execute(
        update(tasks).where(tasks.c.job_id == job_id, tasks.c.owner.is_(None)).values(due_ms=now)
    )
