"""How a job stands as somebody else sees it: the ledger cannot know that the process it was written by is dead."""

from dataclasses import replace
from typing import TYPE_CHECKING

from transload.cli.wording import clock_text, wait_text
from transload.model import Job, JobState
from transload.states import TURN

if TYPE_CHECKING:
    from transload.app import App

INTERRUPTED = "interrupted"


def as_it_stands(app: "App", job: Job) -> Job:
    """The job; one that was left running by a process that is gone is queued: `resume` goes on with it."""
    under_way = job.state is JobState.RUNNING or job.wait_reason == TURN
    if not under_way or app.installation.lock.is_held():
        return job
    return replace(job, state=JobState.QUEUED, wait_reason=None)


def wait_line(app: "App", job: Job, job_id: str) -> str:
    """Why a waiting job waits and what ends that, naming it `job_id`; empty for any other job."""
    if job.state is not JobState.WAITING:
        return ""
    why = wait_text(job.wait_reason, job_id, None if job.fault is None else job.fault.detail)
    if job.wait_until_ms is None:
        return why
    if app.installation.lock.is_held():
        return f"{why}; the next look is at {clock_text(job.wait_until_ms)}"
    return f"{why} (transload resume {job_id})"  # nobody is there to look


def state_word(job: Job) -> str:
    """The state for people: a job that was begun and is queued again was interrupted."""
    begun = job.state is JobState.QUEUED and job.started_ms is not None
    return INTERRUPTED if begun and job.attempt == 1 else job.state.value
