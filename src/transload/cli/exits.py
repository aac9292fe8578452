"""Exit statuses of the contract (section 2), from jobs and errors. Pure."""

from collections.abc import Iterable

from transload.errors import UsageError
from transload.kinds import (
    EXIT_BUG,
    EXIT_ENVIRONMENT,
    EXIT_FAILED,
    EXIT_INPUT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_PARTIAL,
    EXIT_USAGE,
    KINDS,
)
from transload.model import Job, JobState
from transload.states import needs_password

_SEVERITY = (
    EXIT_OK,
    EXIT_PARTIAL,
    EXIT_FAILED,
    EXIT_INPUT,
    EXIT_ENVIRONMENT,
    EXIT_USAGE,
    EXIT_BUG,
    EXIT_INTERRUPTED,
)
_NOT_THE_SOURCE = frozenset({EXIT_BUG, EXIT_INPUT, EXIT_ENVIRONMENT})
_BY_STATE = {
    JobState.SUCCEEDED: EXIT_OK,
    JobState.PARTIAL: EXIT_PARTIAL,
    JobState.FAILED: EXIT_FAILED,
    JobState.CANCELLED: EXIT_FAILED,
    JobState.WAITING: EXIT_ENVIRONMENT,
    JobState.QUEUED: EXIT_INTERRUPTED,
    JobState.RUNNING: EXIT_INTERRUPTED,
}


def of_job(job: Job) -> int:
    """The exit status of a command that followed this job until now."""
    decided = EXIT_OK if job.fault is None else KINDS[job.fault.kind].exit_status
    if job.fault is not None and job.fault.kind == UsageError.kind:
        return EXIT_USAGE  # filters that fit nothing: known only once the source was read
    if decided == EXIT_BUG or (job.state is JobState.FAILED and decided in _NOT_THE_SOURCE):
        return decided
    return EXIT_INPUT if needs_password(job) else _BY_STATE[job.state]


def worst(statuses: Iterable[int]) -> int:
    """The status that says most of several; 0 of none."""
    return max(statuses, key=_SEVERITY.index, default=EXIT_OK)
