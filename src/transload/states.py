"""The states of jobs and items: why these, what each survives, and the one table of moves.

A state says what whoever comes next may rely on, when the process was killed right after it was written. So each is a
promise about the outside, not a step of the program:

Items                                                          after a kill
  pending      known, nothing decided for good                 read from the source again
  deferred     judged; its conversion comes last               the judgement is kept, a `convert` task goes on with it
  refused      the destination refused it once                 a `recover` task converts it and sends it once more
  staged       its files are there, it is not sent             it is sent, with its album if any; nothing travels again
  sent         a receipt says what lies there                  passed by for ever
  duplicate    an equal item's receipt stands for it           passed by for ever
  skipped      nobody wants it                                 passed by, until the filters change
  quarantined  cannot be saved; the original is kept           waits for `retry`
  failed       cannot be saved; nothing of it is kept          waits for `retry`
  cancelled    a command ended it                              waits for `retry`

The first four are open: a job ends when none is left. Between the intent to send and the receipt there is no state:
the intent is a row of its own, and the destination is asked what became of it. Where a job has to end before it could
be asked, the intent stays, and `retry` asks.

Jobs
  queued       nobody works on it; it runs when it is asked for
  running      a task of it is held by a worker
  waiting      for a time, a password, room on the disk or its turn (`wait_reason`); the wait is a row and survives
  succeeded    every item arrived or was not wanted
  partial      some arrived, some are lost: `retry` takes those up
  failed       none arrived
  cancelled    a command ended it; what was delivered stays

A task has no state beside its row: it is free, or held by the worker whose lease and fencing number (`epoch`) are in
it, and gone once it is done.

`ledger/moves.py` is the only code that writes these states. It checks this table, and that the row is still in the
state it is to leave (compare-and-swap), under the fencing number of the task that moves it.
"""

from transload.errors import LOCKED
from transload.faults import Fault
from transload.model import ItemState, Job, JobState

State = JobState | ItemState

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

_ENDS = frozenset({_I.SENT, _I.DUPLICATE, _I.QUARANTINED, _I.FAILED, _I.CANCELLED})

ITEM_MOVES: dict[ItemState, frozenset[ItemState]] = {
    # Pending to pending: it stays so for want of a password, with the reason.
    _I.PENDING: _ENDS | {_I.PENDING, _I.SKIPPED, _I.DEFERRED, _I.REFUSED, _I.STAGED},
    _I.DEFERRED: _ENDS | {_I.PENDING, _I.REFUSED, _I.STAGED},
    _I.REFUSED: _ENDS | {_I.PENDING, _I.STAGED},
    # Staged to staged: a kill came before the row was used. To pending or refused: what was staged is gone there.
    _I.STAGED: _ENDS | {_I.PENDING, _I.REFUSED, _I.STAGED},
    _I.SENT: frozenset(),
    _I.SKIPPED: frozenset({_I.PENDING}),
    _I.DUPLICATE: frozenset(),
    # To staged: the job ended before what was staged could be sent. To failed: the original was dropped.
    _I.QUARANTINED: frozenset({_I.PENDING, _I.STAGED, _I.FAILED}),
    _I.FAILED: frozenset({_I.PENDING, _I.STAGED}),
    _I.CANCELLED: frozenset({_I.PENDING, _I.STAGED}),
}

JOB_ENDED = frozenset({_J.SUCCEEDED, _J.PARTIAL, _J.FAILED, _J.CANCELLED})
ITEM_OPEN = frozenset({_I.PENDING, _I.DEFERRED, _I.REFUSED, _I.STAGED})
ITEM_LOST = frozenset({_I.QUARANTINED, _I.FAILED, _I.CANCELLED})
ITEM_RETRIABLE = ITEM_LOST

PASSWORD = "password"  # why a job waits that a person must give one
PAUSED = "paused"  # why a job waits that a command stopped
SPACE = "space"  # why a job waits for room on the disk
RETRY = "retry"  # why a job waits before it tries again what failed for a passing reason
TURN = "turn"  # why a job waits whose long conversion let a shorter one go first
LEFT_OUT = "left out"  # how the reason of a skip begins that other filters take back
OPENED = "opened"  # the reason of a skip: an archive inside whose entries were taken instead
UNOPENED = "an archive inside"  # the reason of a skip of what is an archive only in form
NOT_MEDIA = "not a photo, video or sound"  # the reason of a skip of what is not asked for

_IN_REPORT = {_I.REFUSED: _I.PENDING, _I.STAGED: _I.PENDING}


class IllegalTransitionError(Exception):
    """A move that the table does not hold: a fault in Transload, never the user's."""


def check_move(old: State, new: State) -> None:
    """Raise IllegalTransitionError unless a job or an item may go from `old` to `new`."""
    allowed: frozenset[State] = JOB_MOVES[old] if isinstance(old, JobState) else ITEM_MOVES[old]
    if type(old) is not type(new) or new not in allowed:
        raise IllegalTransitionError(f"{type(old).__name__}: {old} -> {new}")


def needs_password(job: Job) -> bool:
    """Whether a job has done all it can and waits until it is asked for again, best with a password."""
    return job.state is _J.WAITING and job.wait_reason == PASSWORD


def can_be_held_up(state: JobState, reason: str | None) -> bool:
    """Whether a job in this state may wait for something outside alone: nobody works on it, and nobody need act."""
    return state is _J.QUEUED or (state is _J.WAITING and reason == RETRY)


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
