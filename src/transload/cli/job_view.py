"""Jobs in words, as somebody else than their process sees them: that the process is dead the ledger cannot know."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transload import report
from transload.model import Job, JobState
from transload.present.status import INTERRUPTED, state_word, wait_line
from transload.present.summary import Summary, tally
from transload.present.text import clean, short_id_length, shortened
from transload.present.timeline import item_line, timeline
from transload.states import JOB_ENDED, TURN
from transload.web_address import shown

if TYPE_CHECKING:
    from transload.app import App


def as_it_stands(app: "App", job: Job) -> Job:
    """The job; one that was left running by a process that is gone is queued: `resume` goes on with it."""
    under_way = job.state is JobState.RUNNING or job.wait_reason == TURN
    if not under_way or app.installation.lock.is_held():
        return job
    return replace(job, state=JobState.QUEUED, wait_reason=None)


async def state_lines(app: "App", job: Job) -> list[str]:
    """What a job needs to go on, and what it waits for, with its whole id; nothing of one that needs nothing."""
    is_interrupted = state_word(job) == INTERRUPTED
    resume = f"interrupted: transload resume {job.id} goes on where it was"
    is_watched = is_interrupted or app.installation.lock.is_held()  # how to resume is said once
    held = await app.held_up(job)
    wait = wait_line(job, job.id, held.get(job.id), is_watched=is_watched)
    return [*([resume] if is_interrupted else []), *([wait] if wait else [])]


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


PAGE = 100


async def detail_lines(app: "App", job: Job, page: int) -> AsyncIterator[str]:
    """The lines of `transload jobs ID`."""
    summary = await summed_up(app, job)
    yield f"job {job.id}"
    yield f"  from        {clean(shown(job.source))}"
    yield f"  as          {job.recipe.value}, {job.files}, attempt {job.attempt}"
    for line in await state_lines(app, job):
        yield f"  {line}"
    for line in summary.lines():
        yield line
    yield ""
    for line in timeline(await app.history(job.id)):
        yield line
    yield ""
    async for line in _items(app, job, page, summary.totals.entries):
        yield line


async def _items(app: "App", job: Job, page: int, number: int) -> AsyncIterator[str]:
    pages = max(1, -(-number // PAGE))
    shown = min(max(1, page), pages)
    yield f"items (page {shown} of {pages})"
    first = (shown - 1) * PAGE
    position = 0
    async for record in app.records(job.id):
        if first <= position < first + PAGE:
            yield item_line(record)
        position += 1
        if position >= first + PAGE:
            break


async def table(app: "App", latest: Sequence[Job]) -> list[str]:
    """The jobs as lines, newest first."""
    if not latest:
        return ["no jobs yet: `transload send SOURCE` makes one"]
    length = short_id_length([job.id for job in latest])
    lines = [f"{'job':<{length}}  {'state':<11} {'items':>15}  source -> destination"]
    held, is_watched = await app.held_up(*latest), app.installation.lock.is_held()
    for job in latest:
        totals = await app.totals(job)
        items = f"{totals.sent + totals.duplicate:,}/{totals.entries - totals.skipped:,}"
        lost = totals.quarantined + totals.failed
        items += f" ({lost:,} lost)" if lost else ""
        route = f"{shortened(clean(job.title), 40)} -> {clean(job.destination)}"
        lines.append(f"{job.id[:length]:<{length}}  {state_word(job):<11} {items:>15}  {route}")
        if line := wait_line(job, job.id[:length], held.get(job.id), is_watched=is_watched):
            lines.append(f"{'':<{length}}  {line}")
    return lines


def became(app: "App", before: Job, job: Job) -> str:
    """What a job is now that was `before` when somebody asked for a change."""
    if before.state in JOB_ENDED:
        return f"had ended before ({before.state.value}), nothing was changed"
    if job.state in JOB_ENDED:
        return job.state.value
    return (
        wait_line(job, job.id, is_watched=app.installation.lock.is_held())
        or "is still letting go of its work"
    )
