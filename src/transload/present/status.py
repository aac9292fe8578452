"""How a job stands, in words: its state, and why it waits."""

from transload.model import Job, JobState
from transload.present.next_steps import ends_wait
from transload.present.text import clean, clock_text
from transload.states import PASSWORD, PAUSED, RETRY, SPACE, TURN

INTERRUPTED = "interrupted"
_WAITS = {
    SPACE: "waiting for room on the disk",
    RETRY: "waiting to try again",
    TURN: "waiting while a shorter conversion goes first",
    PASSWORD: "waiting for a password",
    PAUSED: "paused",
}


def state_word(job: Job) -> str:
    """The state for people: a job that was begun and is queued again was interrupted."""
    begun = job.state is JobState.QUEUED and job.started_ms is not None
    return INTERRUPTED if begun and job.attempt == 1 else job.state.value


def wait_text(reason: str | None, job_id: str, detail: str | None = None) -> str:
    """Why a job waits, and what ends the wait where only a person does."""
    words = _WAITS.get(reason or "", "waiting")
    step = ends_wait(reason, job_id)
    why = f"{words}: {clean(detail)}" if detail else words
    return f"{why} ({step})" if step else why


def wait_line(job: Job, job_id: str, *, is_watched: bool) -> str:
    """Why a waiting job waits and what ends that, naming it `job_id`; empty for any other job.

    With `is_watched`, a process is there that looks again by itself.
    """
    if job.state is not JobState.WAITING:
        return ""
    why = wait_text(job.wait_reason, job_id, None if job.fault is None else job.fault.detail)
    if job.wait_until_ms is None:
        return why
    if is_watched:
        return f"{why}; the next look is at {clock_text(job.wait_until_ms)}"
    return f"{why} ({ends_wait(PAUSED, job_id)})"
