"""One job in words: its head, its timeline, a page of its items, its errors."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from transload.address import shown
from transload.cli.job_view import state_line, summed_up
from transload.model import Job
from transload.present.text import clean
from transload.present.timeline import item_line, timeline

if TYPE_CHECKING:
    from transload.app import App

PAGE = 100


async def detail_lines(app: "App", job: Job, page: int) -> AsyncIterator[str]:
    """The lines of `transload jobs ID`."""
    summary = await summed_up(app, job)
    yield f"job {job.id}"
    yield f"  from        {clean(shown(job.source))}"
    yield f"  as          {job.recipe.value}, {job.files}, attempt {job.attempt}"
    if line := state_line(app, job):
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
