"""How a job stands as somebody else sees it: the ledger cannot know that the process it was written by is dead."""

from dataclasses import replace
from typing import TYPE_CHECKING

from transload.model import Job, JobState
from transload.states import TURN

if TYPE_CHECKING:
    from transload.app import App

INTERRUPTED = "interrupted"


def as_it_stands(app: "App", job: Job) -> Job:
    """The job; one that was left running by a process that is gone is queued: `resume` goes on with it."""
    under_way = job.state is JobState.RUNNING or job.wait_reason == TURN
    if not under_way or app.parts.lock.is_held():
        return job
    return replace(job, state=JobState.QUEUED, wait_reason=None)


def state_word(job: Job) -> str:
    """The state for people: a job that was begun and is queued again was interrupted."""
    begun = job.state is JobState.QUEUED and job.started_ms is not None
    return INTERRUPTED if begun and job.attempt == 1 else job.state.value
