"""What a job needs a password for, and the passwords it was given. Each function runs in a transaction."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from transload.entry import Secret
from transload.errors import LOCKED, PasswordNeededError, UsageError
from transload.events import JobMoved
from transload.faults import Fault, NextStep, Step
from transload.ledger.moves import free, move_job
from transload.ledger.rows import announce, fault_or_none, fault_to_json
from transload.ledger.schema import items, jobs, passwords, tasks
from transload.model import ItemState, JobState, Task
from transload.states import PASSWORD

PARKED_MS = 1 << 53  # due time of a task that waits for a person: beyond any clock, exact in JSON


def keep_passwords(db: Connection, job_id: str, texts: Sequence[str]) -> None:
    """Add passwords after those that the job has; one that it has already is not kept twice.

    Raises UsageError for what can be no password: no archiver takes an empty one, or one with a line end.
    """
    if any(not text or "\n" in text or not _is_text(text) for text in texts):
        raise UsageError(
            "a password is empty, has a line end in it, or is not valid UTF-8",
            suggestion=Step(NextStep.USE_PASSWORD_FILE),
        )
    known = set(db.execute(_texts(job_id)).scalars())
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        last = last_password(db, job_id)
        rows = [{"job_id": job_id, "n": last + n, "secret": text} for n, text in enumerate(new, 1)]
        db.execute(insert(passwords), rows)


def _is_text(text: str) -> bool:
    """Whether it can be encoded: words of a command line may hold bytes that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def last_password(db: Connection, job_id: str) -> int:
    """The number of the password a job was given last, or 0."""
    query = select(func.coalesce(func.max(passwords.c.n), 0)).where(passwords.c.job_id == job_id)
    return int(db.execute(query).scalar_one())


def passwords_of(db: Connection, job_id: str) -> tuple[Secret, ...]:
    """The passwords a job may try, in the order they were given."""
    return tuple(Secret(text) for text in db.execute(_texts(job_id)).scalars())


def _texts(job_id: str) -> Select[str]:
    return select(passwords.c.secret).where(passwords.c.job_id == job_id).order_by(passwords.c.n)


def forget_passwords(db: Connection, job_id: str) -> bool:
    """Delete the passwords of a job; whether it had any. What the file's log holds of them is the caller's to wipe."""
    return db.execute(delete(passwords).where(passwords.c.job_id == job_id)).rowcount > 0


def first_locked(db: Connection, job_id: str) -> Fault | None:
    """Why the first item that waits for a password does, or None."""
    pending = (items.c.job_id == job_id) & (items.c.state == ItemState.PENDING.value)
    found = db.execute(
        select(items.c.fault)
        .where(pending, items.c.fault["kind"].as_string().in_(LOCKED))
        .order_by(items.c.idx, items.c.inner)
        .limit(1)
    ).scalar()
    return fault_or_none(found)


def forget_locks(db: Connection, job_id: str) -> None:
    """A new pass says anew what is locked: what the one before said must not outlive it."""
    pending = (items.c.job_id == job_id) & (items.c.state == ItemState.PENDING.value)
    found = pending & items.c.fault["kind"].as_string().in_(LOCKED)
    db.execute(update(items).where(found).values(fault=None))
    locked = (jobs.c.id == job_id) & jobs.c.fault["kind"].as_string().in_(LOCKED)
    db.execute(update(jobs).where(locked).values(fault=None))


def park(db: Connection, task: Task, tried: int) -> None:
    """Give a task back until somebody asks for its job again; at once when a password came after the last `tried`."""
    due_ms = PARKED_MS if last_password(db, task.job_id) == tried else 0
    free(db, task, due_ms)


def rest_if_parked(db: Connection, job_id: str, now_ms: int) -> None:
    """Let the job wait for its password once none of its tasks can go on without one."""
    awake = select(tasks.c.id).where(tasks.c.job_id == job_id, tasks.c.due_ms < PARKED_MS)
    if db.execute(awake.limit(1)).first() is not None:
        return
    row = db.execute(select(jobs.c.fault).where(jobs.c.id == job_id)).one()
    fault = fault_or_none(row.fault)
    known = fault if fault is not None and fault.kind in LOCKED else None
    why = first_locked(db, job_id) or known or PasswordNeededError().fault()
    fault = replace(why, suggestion=Step(NextStep.HAND_IN_PASSWORD))
    values = {"wait_reason": PASSWORD, "wait_until_ms": None, "fault": fault_to_json(fault)}
    move_job(db, job_id, JobState.WAITING, values)
    announce(db, job_id, now_ms, JobMoved(JobState.WAITING, PASSWORD, fault))
