"""What became of a job, in a few lines: what arrived, what was converted, what did not arrive and what to do."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Self

from transload.errors import KINDS, LOCKED
from transload.faults import Fault
from transload.model import ItemRecord, ItemState, Job, Totals, Verdict
from transload.present.next_steps import next_step
from transload.present.status import (
    CONVERSIONS,
    LOST,
    NOTHING_NEW,
    conversions_text,
    count_reason,
    state_word,
)
from transload.present.text import clean, clock_text, count_text, size_text, time_text
from transload.states import JOB_ENDED

NAMED_MAX = 20  # lost items that are named
REASONS_MAX = 8


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
            count_reason(self.skipped, item.why, REASONS_MAX)
        elif item.state is ItemState.SENT:
            self.cut_number += item.partial
            if item.partial and len(self.cut) < NAMED_MAX:
                self.cut.append(record)
            self.gave_way += record.gave_way
            if item.verdict is not None and item.verdict in CONVERSIONS:
                self.converted[item.verdict] += 1
        elif item.state is ItemState.PENDING and item.fault is not None:
            self.locked += item.fault.kind in LOCKED
        elif item.state in LOST:
            self.lost_number += 1
            if len(self.lost) < NAMED_MAX:
                self.lost.append(record)


async def tally(records: AsyncIterator[ItemRecord]) -> Tally:
    """The counts over all items."""
    counts = Tally()
    async for record in records:
        counts.add(record)
    return counts


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a job. `more` is what shows all of its items, `gallery` the place of the page about them."""

    job: Job
    totals: Totals
    counts: Tally
    warnings: list[str]
    more: str
    gallery: str | None = None

    def lines(self) -> list[str]:
        """What a person reads when the job has ended, or was left."""
        return [self._headline(), *self._arrived(), *self._rest()]

    def lines_again(self) -> list[str]:
        """The same for a command whose work an earlier one has done: nothing was sent, this is there."""
        job, totals = self.job, self.totals
        there = f"{totals.sent + totals.duplicate:,} of {count_text(totals.entries, 'item')}"
        when = "" if job.finished_ms is None else f", since {clock_text(job.finished_ms)}"
        rest = replace(self, totals=replace(totals, recovered=0, duplicate=0))
        return [
            f"{self._route()}: {NOTHING_NEW}",
            _row("there", f"{there}{when} ({self.more})"),
            *self._folder(),
            *rest._rest(),
        ]

    def without_error(self) -> Self:
        """The same for a face that shows the job's error elsewhere."""
        return replace(self, job=replace(self.job, fault=None))

    def _route(self) -> str:
        return f"{clean(self.job.title)} -> {clean(self.job.destination)}"

    def _headline(self) -> str:
        took = self._took_s()
        after = f" after {time_text(took)}" if took is not None else ""
        return f"{self._route()}: {state_word(self.job)}{after}"

    def _took_s(self) -> float | None:
        if self.job.started_ms is None or self.job.finished_ms is None:
            return None
        return (self.job.finished_ms - self.job.started_ms) / 1000

    def _rest(self) -> list[str]:
        """All but what arrived: what did not, and why."""
        job, totals, lines = self.job, self.totals, list[str]()
        if totals.recovered:
            items = count_text(totals.recovered, "item")
            lines.append(_row("recovered", f"{items} refused at first, converted and then taken"))
        if totals.duplicate:
            lines.append(_row("duplicates", f"{totals.duplicate:,}, delivered before"))
        if totals.skipped:
            skipped = self.counts.skipped.items()
            lines.append(_row("skipped", "; ".join(f"{n:,} {clean(why)}" for why, n in skipped)))
        if totals.cancelled:
            lines.append(_row("cancelled", f"{totals.cancelled:,}"))
        if self.counts.locked:
            waiting = f"{count_text(self.counts.locked, 'item')} no password has opened yet"
            lines.append(_row("locked", waiting))
        lines += self._lost()
        lines += [_row("warning", clean(warning)) for warning in self.warnings]
        if job.fault is not None:
            lines.append(_row("error", clean(job.fault.detail)))
            lines.append(_row("", _next(job.fault, job.id)))
        if self.gallery:
            lines.append(_row("gallery", clean(self.gallery)))
        return lines

    def _arrived(self) -> list[str]:
        job, totals, counts = self.job, self.totals, self.counts
        albums = f" in {count_text(totals.albums, 'album')}" if totals.albums else ""
        arrived = f"{totals.sent:,} of {count_text(totals.entries, 'item')}{albums}"
        took = self._took_s()
        arrived += f", {size_text(job.bytes_sent)}" if job.bytes_sent else ""
        if took and job.bytes_sent:
            arrived += f" ({size_text(job.bytes_sent / took)}/s)"
        if totals.duplicate and not totals.sent and job.state in JOB_ENDED:
            there = f"{totals.duplicate:,} of {count_text(totals.entries, 'item')} were there"
            arrived = f"nothing new: {there}"
        lines = [_row("delivered", arrived), *self._folder()]
        if counts.converted:
            lines.append(_row("converted", conversions_text(counts.converted)))
        lines += self._cut()
        if counts.gave_way:
            videos = count_text(counts.gave_way, "video")
            lines.append(_row("gave way", f"{videos} to the deadline or a limit: {self.more}"))
        return lines

    def _folder(self) -> list[str]:
        there = self.job.folder is not None and self.totals.sent
        return [_row("", f"in the folder {clean(self.job.folder or '')}")] if there else []

    def _cut(self) -> list[str]:
        """What is no longer whole, each with how much of it there is."""
        counts = self.counts
        if not counts.cut_number:
            return []
        lines = [_row("damaged", f"{counts.cut_number:,} delivered as far as they could be read")]
        lines += [f"    {clean(one.item.name)}: {clean(one.item.why)}" for one in counts.cut]
        return lines + self._unnamed(counts.cut_number - len(counts.cut))

    def _lost(self) -> list[str]:
        counts, kept = self.counts, self.totals.quarantined
        if not counts.lost_number:
            return []
        where = f" ({kept:,} kept in quarantine)" if kept else ""
        lines = [_row("not arrived", f"{count_text(counts.lost_number, 'item')}{where}")]
        for record in counts.lost:
            lines += _lost_lines(record)
        return lines + self._unnamed(counts.lost_number - len(counts.lost))

    def _unnamed(self, number: int) -> list[str]:
        return [f"    … and {number:,} more: {self.more}"] if number else []


def _lost_lines(record: ItemRecord) -> list[str]:
    """An item that did not arrive: its name, why, and what to do."""
    item, fault = record.item, record.item.fault
    if fault is None:
        return [f"    {clean(item.name)}: {item.state.value}"]
    why = fault.detail or KINDS[fault.kind].title
    return [f"    {clean(item.name)}: {clean(why)}", f"      {_next(fault, item.job_id)}"]


def _next(fault: Fault, job_id: str) -> str:
    return f"next: {clean(next_step(fault, job_id=job_id, command='send'))}"


def _row(head: str, text: str) -> str:
    return f"  {head:<11} {text}"
