"""One job in words: its head, its timeline, a page of its items, its errors."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import TYPE_CHECKING

from transload import report
from transload.address import shown
from transload.cli.job_view import INTERRUPTED, state_word, wait_line
from transload.cli.summary import summary, tally
from transload.cli.wording import clean, clock_text, count_text, size_text, wait_text
from transload.model import Event, ItemRecord, ItemState, Job, JobState
from transload.states import ITEM_OPEN, reported

if TYPE_CHECKING:
    from transload.app import App

PAGE = 100
MOMENTS = 30  # latest lines of the timeline; batches of items are counted, not listed


async def portrait(app: "App", job: Job, page: int) -> AsyncIterator[str]:
    """The lines of `transload jobs ID`."""
    totals = await app.totals(job)
    yield f"job {job.id}"
    yield f"  from        {clean(shown(job.source))}"
    yield f"  as          {job.recipe.value}, {job.files}, attempt {job.attempt}"
    if state_word(job) == INTERRUPTED:
        yield f"  interrupted: transload resume {job.id} goes on where it was"
    elif line := wait_line(app, job, job.id):
        yield f"  {line}"
    warnings = report.head(job, totals)["warnings"]
    for line in summary(job, totals, await tally(app.records(job.id)), warnings):
        yield line
    yield ""
    for line in timeline(await app.history(job.id)):
        yield line
    yield ""
    async for line in _items(app, job, page, totals.entries):
        yield line


def timeline(events: list[Event]) -> list[str]:
    """What happened when; neighbouring batches of items make one line."""
    lines = list[str]()
    for is_batch, run in groupby(events, lambda event: event.what == "items"):
        told = list(run)
        if is_batch:
            lines.append(f"  {clock_text(told[0].at_ms)}  {_batch(told)}")
        else:
            lines += [f"  {clock_text(event.at_ms)}  {_moment(event)}" for event in told]
    return ["timeline", *lines[-MOMENTS:]]


def _batch(told: list[Event]) -> str:
    """How many items moved on for good; those put off until later come again when that is done."""
    states = [ItemState(state) for event in told for _, state in event.data["items"]]
    later = sum(state in ITEM_OPEN for state in states)
    done = len(states) - later
    words = [f"{count_text(done, 'item')} moved on"] if done else []
    return ", ".join([*words, *([f"{count_text(later, 'item')} put off"] if later else [])])


def _moment(event: Event) -> str:
    told = event.data
    match event.what:
        case "state":
            fault = told.get("fault")
            if told["state"] == JobState.WAITING.value:
                return wait_text(told.get("reason"), event.job_id, fault and fault["detail"])
            return f"{told['state']}" + (f": {clean(fault['detail'])}" if fault else "")
        case "control":
            return f"asked to {told['asked']}"
        case "dropped":
            return f"the kept original of {clean(told['name'])} was deleted"
        case "warning":
            return f"warning: {clean(told['text'])}"
        case _:
            return event.what


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


def item_line(record: ItemRecord) -> str:
    """One item: index, state, verdict, size, name and why."""
    item = record.item
    verdict = "-" if item.verdict is None else item.verdict.value
    why = f"  ({clean(item.why)})" if item.why else ""
    state = reported(item.state).value
    return f"{item.index:>7} {state:<11} {verdict:<10} {size_text(item.size):>9}  {clean(item.name)}{why}"
