"""What became of a job, in a few lines: what arrived, what was converted, what did not arrive and what to do."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from transload.cli.job_view import state_word
from transload.cli.wording import clean, clock_text, count_text, size_text, time_text
from transload.errors import KINDS, LOCKED
from transload.faults import Fault
from transload.model import ItemRecord, ItemState, Job, JobState, Totals, Verdict
from transload.present.next_steps import next_step
from transload.states import JOB_ENDED

NAMED_MAX = 20  # lost items shown by name; `transload jobs ID` shows all of them
REASONS_MAX = 8
_CONVERTING = frozenset(
    {
        Verdict.REWRAP,
        Verdict.AUDIO,
        Verdict.TRANSCODE,
        Verdict.SHRINK,
        Verdict.ANIMATION,
    }
)
_LOST = frozenset({ItemState.QUARANTINED, ItemState.FAILED})
_VERDICTS = {
    Verdict.REWRAP: ("rewrapped", "rewrapped"),
    Verdict.AUDIO: ("with new sound", "with new sound"),
    Verdict.TRANSCODE: ("transcoded", "transcoded"),
    Verdict.SHRINK: ("photo made anew", "photos made anew"),
    Verdict.ANIMATION: ("animation", "animations"),
}
NOTHING_NEW = "nothing was sent, it was all done before"


@dataclass(slots=True)
class Tally:
    """Counts over the items of a job; its size does not grow with them."""

    converted: Counter[Verdict] = field(default_factory=Counter[Verdict])
    skipped: Counter[str] = field(default_factory=Counter[str])
    lost: list[ItemRecord] = field(default_factory=list[ItemRecord])
    lost_number: int = 0
    locked: int = 0
    cut: list[ItemRecord] = field(default_factory=list[ItemRecord])
    cut_number: int = 0
    gave_way: int = 0

    def add(self, record: ItemRecord) -> None:
        """Count one item."""
        item = record.item
        if item.state is ItemState.SKIPPED:
            known = item.why in self.skipped or len(self.skipped) < REASONS_MAX
            self.skipped[item.why if known else "other reasons"] += 1
        elif item.state is ItemState.SENT:
            self.cut_number += item.partial
            if item.partial and len(self.cut) < NAMED_MAX:
                self.cut.append(record)
            self.gave_way += record.gave_way
            if item.verdict is not None and item.verdict in _CONVERTING:
                self.converted[item.verdict] += 1
        elif item.state is ItemState.PENDING and item.fault is not None:
            self.locked += item.fault.kind in LOCKED
        elif item.state in _LOST:
            self.lost_number += 1
            if len(self.lost) < NAMED_MAX:
                self.lost.append(record)


async def tally(records: AsyncIterator[ItemRecord]) -> Tally:
    """The counts over all items."""
    counts = Tally()
    async for record in records:
        counts.add(record)
    return counts


def summary(job: Job, totals: Totals, counts: Tally, warnings: list[str]) -> list[str]:
    """The lines a person reads when a job has ended (or was left)."""
    return [_headline(job), *_arrived(job, totals, counts), *_rest(job, totals, counts, warnings)]


def summary_again(job: Job, totals: Totals, counts: Tally, warnings: list[str]) -> list[str]:
    """The lines for a command whose work an earlier one has done: nothing was sent, this is there."""
    there = f"{totals.sent + totals.duplicate:,} of {count_text(totals.entries, 'item')}"
    when = "" if job.finished_ms is None else f", since {clock_text(job.finished_ms)}"
    return [
        f"{clean(job.title)} -> {clean(job.destination)}: {NOTHING_NEW}",
        _row("there", f"{there}{when} (transload jobs {job.id})"),
        *_folder(job, totals),
        *_rest(job, replace(totals, recovered=0, duplicate=0), counts, warnings),
    ]


def _rest(job: Job, totals: Totals, counts: Tally, warnings: list[str]) -> list[str]:
    """All but what arrived: what did not, and why."""
    lines = list[str]()
    if totals.recovered:
        words = f"{count_text(totals.recovered, 'item')} refused at first, converted and then taken"
        lines.append(_row("recovered", words))
    if totals.duplicate:
        lines.append(_row("duplicates", f"{totals.duplicate:,}, delivered before"))
    if totals.skipped:
        reasons = "; ".join(f"{number:,} {clean(why)}" for why, number in counts.skipped.items())
        lines.append(_row("skipped", reasons))
    if totals.cancelled:
        lines.append(_row("cancelled", f"{totals.cancelled:,}"))
    if counts.locked:
        waiting = f"{count_text(counts.locked, 'item')} no password has opened yet"
        lines.append(_row("locked", waiting))
    lines += _lost(job, totals, counts)
    lines += [_row("warning", clean(warning)) for warning in warnings]
    if job.fault is not None:
        lines.append(_row("error", clean(job.fault.detail)))
        lines.append(_next(job.fault, job.id, " " * 12))
    if gallery := gallery_of(job):
        lines.append(_row("gallery", clean(gallery)))
    return lines


def gallery_of(job: Job) -> str | None:
    """Where the page about the job's folder is, or None: not yet, or nothing lies there."""
    scheme, _, root = job.destination.partition(":")
    written = job.finished_ms is not None and job.state is not JobState.FAILED
    if scheme != "library" or job.folder is None or not written:
        return None
    page = Path(root, job.folder, "gallery.html")
    return str(page) if page.is_file() else None


def _headline(job: Job) -> str:
    took = _took_s(job)
    after = f" after {time_text(took)}" if took is not None else ""
    return f"{clean(job.title)} -> {clean(job.destination)}: {state_word(job)}{after}"


def _took_s(job: Job) -> float | None:
    if job.started_ms is None or job.finished_ms is None:
        return None
    return (job.finished_ms - job.started_ms) / 1000


def _arrived(job: Job, totals: Totals, counts: Tally) -> list[str]:
    albums = f" in {count_text(totals.albums, 'album')}" if totals.albums else ""
    arrived = f"{totals.sent:,} of {count_text(totals.entries, 'item')}{albums}"
    took = _took_s(job)
    arrived += f", {size_text(job.bytes_sent)}" if job.bytes_sent else ""
    if took and job.bytes_sent:
        arrived += f" ({size_text(job.bytes_sent / took)}/s)"
    if totals.duplicate and not totals.sent and job.state in JOB_ENDED:
        arrived = (
            f"nothing new: {totals.duplicate:,} of {count_text(totals.entries, 'item')} were there"
        )
    lines = [_row("delivered", arrived), *_folder(job, totals)]
    if counts.converted:
        ways = [_converted(verdict, number) for verdict, number in counts.converted.items()]
        lines.append(_row("converted", ", ".join(ways)))
    lines += _cut(job, counts)
    if counts.gave_way:
        videos = count_text(counts.gave_way, "video")
        lines.append(
            _row("gave way", f"{videos} to the deadline or a limit: transload jobs {job.id}")
        )
    return lines


def _folder(job: Job, totals: Totals) -> list[str]:
    there = job.folder is not None and totals.sent
    return [_row("", f"in the folder {clean(job.folder or '')}")] if there else []


def _converted(verdict: Verdict, number: int) -> str:
    one, many = _VERDICTS[verdict]
    return f"{number:,} {one if number == 1 else many}"


def _cut(job: Job, counts: Tally) -> list[str]:
    """What is no longer whole, each with how much of it there is."""
    if not counts.cut_number:
        return []
    lines = [_row("damaged", f"{counts.cut_number:,} delivered as far as they could be read")]
    lines += [f"    {clean(one.item.name)}: {clean(one.item.why)}" for one in counts.cut]
    if counts.cut_number > len(counts.cut):
        more = counts.cut_number - len(counts.cut)
        lines.append(f"    … and {more:,} more: transload jobs {job.id}")
    return lines


def _lost(job: Job, totals: Totals, counts: Tally) -> list[str]:
    if not counts.lost_number:
        return []
    kept = f" ({totals.quarantined:,} kept in quarantine)" if totals.quarantined else ""
    lines = [_row("not arrived", f"{count_text(counts.lost_number, 'item')}{kept}")]
    for record in counts.lost:
        lines += lost_lines(record)
    if counts.lost_number > len(counts.lost):
        more = counts.lost_number - len(counts.lost)
        lines.append(f"    … and {more:,} more: transload jobs {job.id}")
    return lines


def lost_lines(record: ItemRecord) -> list[str]:
    """An item that did not arrive: its name, why, and what to do."""
    item, fault = record.item, record.item.fault
    if fault is None:
        return [f"    {clean(item.name)}: {item.state.value}"]
    why = fault.detail or KINDS[fault.kind].title
    return [f"    {clean(item.name)}: {clean(why)}", _next(fault, item.job_id, "    ")]


def _next(fault: Fault, job_id: str, margin: str) -> str:
    return f"{margin}  next: {clean(next_step(fault, job_id=job_id, command='send'))}"


def _row(head: str, text: str) -> str:
    return f"  {head:<11} {text}"
