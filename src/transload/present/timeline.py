"""What happened to a job and when, and a line for each of its items."""

from itertools import groupby

from transload.events import Asked, Event, ItemsMoved, JobMoved, OriginalDropped, Warned
from transload.model import ItemRecord, JobState
from transload.present.next_steps import reason_text
from transload.present.status import wait_text
from transload.present.text import clean, clock_text, count_text, size_text
from transload.states import ITEM_OPEN, reported

MOMENTS = 30  # latest lines of the timeline; batches of items are counted, not listed


def timeline(events: list[Event]) -> list[str]:
    """What happened when; neighbouring batches of items make one line."""
    lines = list[str]()
    for is_batch, run in groupby(events, lambda event: isinstance(event.news, ItemsMoved)):
        group = list(run)
        if is_batch:
            lines.append(f"  {clock_text(group[0].at_ms)}  {_batch(group)}")
        else:
            lines += [f"  {clock_text(event.at_ms)}  {_moment(event)}" for event in group]
    return ["timeline", *lines[-MOMENTS:]]


def _batch(group: list[Event]) -> str:
    """How many items moved on for good; those put off until later come again when that is done."""
    batches = [event.news for event in group if isinstance(event.news, ItemsMoved)]
    states = [state for batch in batches for _, state in batch.items]
    later = sum(state in ITEM_OPEN for state in states)
    done = len(states) - later
    words = [f"{count_text(done, 'item')} moved on"] if done else []
    return ", ".join([*words, *([f"{count_text(later, 'item')} put off"] if later else [])])


def _moment(event: Event) -> str:
    match event.news:
        case JobMoved(JobState.WAITING, reason, fault):
            return wait_text(reason, event.job_id, None if fault is None else fault.detail)
        case JobMoved(state, _, fault):
            return f"{state.value}: {clean(fault.detail)}" if fault else state.value
        case Asked(what):
            return f"asked to {what}"
        case OriginalDropped(name):
            return f"the kept original of {clean(name)} was deleted"
        case Warned(text):
            return f"warning: {clean(text)}"
        case _:
            return event.what


def item_line(record: ItemRecord) -> str:
    """One item: index, state, verdict, size, name and why."""
    item = record.item
    verdict = "-" if item.verdict is None else item.verdict.value
    why = f"  ({clean(reason_text(item.why))})" if item.why else ""
    state = reported(item.state).value
    return f"{item.index:>7} {state:<11} {verdict:<10} {size_text(item.size):>9}  {clean(item.name)}{why}"
