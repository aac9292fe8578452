"""How a job stands as somebody else sees it: the ledger cannot know that the process it was written by is dead."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transload import report
from transload.model import Job, JobState
from transload.present.status import INTERRUPTED, state_word, wait_line
from transload.present.summary import Summary, tally
from transload.states import TURN

if TYPE_CHECKING:
    from transload.app import App


def as_it_stands(app: "App", job: Job) -> Job:
    """The job; one that was left running by a process that is gone is queued: `resume` goes on with it."""
    under_way = job.state is JobState.RUNNING or job.wait_reason == TURN
    if not under_way or app.installation.lock.is_held():
        return job
    return replace(job, state=JobState.QUEUED, wait_reason=None)


def state_line(app: "App", job: Job) -> str:
    """What a job needs to go on, with its whole id; empty for one that needs nothing."""
    if state_word(job) == INTERRUPTED:
        return f"interrupted: transload resume {job.id} goes on where it was"
    return wait_line(job, job.id, is_watched=app.installation.lock.is_held())


async def summed_up(app: "App", job: Job) -> Summary:
    """What became of the job, from all of its items."""
    totals = await app.totals(job)
    return Summary(
        job,
        totals,
        await tally(app.records(job.id)),
        report.warnings(job, totals),
        f"transload jobs {job.id}",
        gallery_of(job),
    )


def gallery_of(job: Job) -> str | None:
    """Where the page about the job's folder is, or None: not yet, or nothing lies there."""
    scheme, _, root = job.destination.partition(":")
    written = job.finished_ms is not None and job.state is not JobState.FAILED
    if scheme != "library" or job.folder is None or not written:
        return None
    page = Path(root, job.folder, "gallery.html")
    return str(page) if page.is_file() else None
