"""The allowed moves of jobs and items: one table each, and the one function that checks a move."""

from transload.kinds import LOCKED, Fault
from transload.model import ItemState, Job, JobState

_J = JobState
_I = ItemState

JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    _J.QUEUED: frozenset({_J.RUNNING, _J.WAITING, _J.CANCELLED, _J.FAILED}),
    _J.RUNNING: frozenset(
        {_J.QUEUED, _J.WAITING, _J.SUCCEEDED, _J.PARTIAL, _J.FAILED, _J.CANCELLED}
    ),
    _J.WAITING: frozenset({_J.QUEUED, _J.RUNNING, _J.WAITING, _J.FAILED, _J.CANCELLED}),
    _J.SUCCEEDED: frozenset(),
    _J.PARTIAL: frozenset({_J.QUEUED}),
    _J.FAILED: frozenset({_J.QUEUED}),
    _J.CANCELLED: frozenset({_J.QUEUED}),
}

_SIDE_DOORS = frozenset(
    {_I.SKIPPED, _I.DUPLICATE, _I.QUARANTINED, _I.FAILED, _I.CANCELLED, _I.DEFERRED, _I.REFUSED}
)

ITEM_MOVES: dict[ItemState, frozenset[ItemState]] = {
    _I.PENDING: frozenset({_I.SENT}) | _SIDE_DOORS,
    _I.DEFERRED: frozenset(
        {_I.SENT, _I.DUPLICATE, _I.REFUSED, _I.QUARANTINED, _I.FAILED, _I.CANCELLED, _I.PENDING}
    ),
    _I.REFUSED: frozenset(
        {_I.SENT, _I.DUPLICATE, _I.QUARANTINED, _I.FAILED, _I.CANCELLED, _I.PENDING}
    ),
    _I.SENT: frozenset(),
    _I.SKIPPED: frozenset({_I.PENDING}),
    _I.DUPLICATE: frozenset(),
    _I.QUARANTINED: frozenset({_I.PENDING, _I.FAILED}),  # failed: its original was dropped
    _I.FAILED: frozenset({_I.PENDING}),
    _I.CANCELLED: frozenset({_I.PENDING}),
}

JOB_ENDED = frozenset({_J.SUCCEEDED, _J.PARTIAL, _J.FAILED, _J.CANCELLED})
ITEM_OPEN = frozenset({_I.PENDING, _I.DEFERRED, _I.REFUSED})
ITEM_LOST = frozenset({_I.QUARANTINED, _I.FAILED, _I.CANCELLED})
ITEM_RETRIABLE = ITEM_LOST

PASSWORD = "password"  # why a job waits that a person must give one
PAUSED = "paused"  # why a job waits that a command stopped
SPACE = "space"  # why a job waits for room on the disk
RETRY = "retry"  # why a job waits before it tries again what failed for a passing reason
TURN = "turn"  # why a job waits whose long conversion let a shorter one go first
LEFT_OUT = "left out by --include or --exclude"  # the reason of a skip that other filters take back
OPENED = "opened"  # the reason of a skip: an archive inside whose entries were taken instead

_IN_REPORT = {_I.REFUSED: _I.PENDING}


class IllegalTransitionError(Exception):
    """A move that the table does not hold: a fault in Transload, never the user's."""


def check_job_move(old: JobState, new: JobState) -> None:
    """Raise IllegalTransitionError unless a job may go from `old` to `new`."""
    if new not in JOB_MOVES[old]:
        raise IllegalTransitionError(f"job: {old} -> {new}")


def check_item_move(old: ItemState, new: ItemState) -> None:
    """Raise IllegalTransitionError unless an item may go from `old` to `new`."""
    if new not in ITEM_MOVES[old]:
        raise IllegalTransitionError(f"item: {old} -> {new}")


def needs_password(job: Job) -> bool:
    """Whether a job has done all it can and waits until it is asked for again, best with a password."""
    return job.state is _J.WAITING and job.wait_reason == PASSWORD


def lost_as(fault: Fault) -> ItemState:
    """What an item without bytes becomes by its fault: failed, or still pending when a password may open it."""
    return _I.PENDING if fault.kind in LOCKED else _I.FAILED


def reported(state: ItemState) -> ItemState:
    """The word the report uses: a refused item that still has its recovery before it is pending."""
    return _IN_REPORT.get(state, state)


def ended_state(counts: dict[ItemState, int], *, job_failed: bool) -> JobState:
    """The state a job ends in, from its items: failed when nothing arrived and something was lost."""
    lost = sum(counts.get(state, 0) for state in ITEM_LOST)
    arrived = counts.get(_I.SENT, 0) + counts.get(_I.DUPLICATE, 0)
    if not lost and not job_failed:
        return _J.SUCCEEDED
    return _J.PARTIAL if arrived else _J.FAILED
