"""What surrounds the flow in one run of a task: open what it needs, run it, turn how it ended into rows.

This is the one place where exception groups are unwrapped and where an unforeseen error becomes `internal.bug`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from transload import flow
from transload.errors import (
    KINDS,
    CancelledJobError,
    LostLeaseError,
    PermanentError,
    StuckError,
    TransientError,
)
from transload.files.scratch import JobScratch, budget_for
from transload.jobs.failures import Attempt, Failures, first_of
from transload.jobs.hub import TaskMeter
from transload.ledger.jobs import Ledger
from transload.ledger.task_writes import TaskRecord
from transload.model import ItemRecord, ItemState, Job, Output, Task, TaskKind
from transload.plans import ShouldYield, Yielded
from transload.ports import Destination, Media, Meter, Source, TaskContext
from transload.sources.local import LazySource

log = logging.getLogger(__name__)

# When the same command comes again: is there anything left to do?


CHOICES = ("include", "exclude", "sort", "originals", "caption")  # options outside a job's identity
LOOK_MAX = 500  # delivered files looked at in one thread hop


async def finished_equal_job(
    ledger: Ledger, destination: Destination, job: Job, identity: str, version: str
) -> Job | None:
    """The ended job of the same words when doing it again could change nothing, else None.

    The source is the same as far as the disk shows, everything delivered is still there, and what was lost would be
    lost again. Such a job is reported once more instead of becoming one of duplicates.
    """
    done = await ledger.finished(identity, version)
    if done is None or replace(done, **{name: getattr(job, name) for name in CHOICES}) != done:
        return None
    try:
        return done if await _is_complete(ledger, destination, done) else None
    except (
        TransientError
    ):  # a job waits until it can be asked; what was delivered is not sent again
        return None


async def _is_complete(ledger: Ledger, destination: Destination, done: Job) -> bool:
    there: list[Output] = []
    async for record in ledger.records(done.id):
        fault = record.item.fault
        if fault is not None and KINDS[fault.kind].retryable != "never":
            return False
        there += record.outputs
        if len(there) >= LOOK_MAX:
            if not await destination.holds(there):
                return False
            there = []
    return await destination.holds(there)


DEATHS_MAX = 10  # deaths of this program on the same conversion, with no progress between, before the item is given up


class Contexts(Protocol):
    """Builds what a run of a task works with; nothing is opened by it. `wiring` provides it."""

    def record(self, task: Task) -> TaskRecord:
        """What the task may write."""
        ...

    def destination(self, job: Job) -> Destination:
        """The process's own adapter of the job's destination."""
        ...

    def scratch(self, job: Job, task: Task) -> JobScratch:
        """The working folder."""
        ...

    async def source(self, job: Job, scratch: JobScratch) -> LazySource:
        """The job's source in the job's order, with the job's passwords."""
        ...

    async def context(self, run: "Run", source: Source, meter: Meter) -> TaskContext:
        """All of it together."""
        ...


@dataclass(frozen=True, slots=True)
class Run(Attempt):
    """An attempt with what it works with."""

    should_yield: ShouldYield
    scratch: JobScratch


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the handler needs of the installation; `wiring` provides it."""

    ledger: Ledger
    media: Media
    contexts: Contexts
    failures: Failures
    sweep_segments: Callable[[], Awaitable[object]]
    budget_bytes: int | None  # of scratch, where the settings name one


class TaskHandler:
    """Runs one task at a time per call; keeps the meters of running tasks for the progress display."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self.meters: dict[str, TaskMeter] = {}  # by job: never two tasks of one run at once

    async def __call__(self, task: Task, should_yield: ShouldYield) -> None:
        """Run the task to the end of this attempt; every way it can end is in the ledger afterwards."""
        try:
            await self._attempt(task, should_yield)
        except LostLeaseError:
            log.info("lease_lost", extra={"task": task.id, "job": task.job_id})
        finally:
            self.meters.pop(task.job_id, None)

    async def _attempt(self, task: Task, should_yield: ShouldYield) -> None:
        contexts = self._deps.contexts
        record = contexts.record(task)
        job, control = await record.begin()
        scratch = contexts.scratch(job, task)
        began_ms = self._deps.ledger.clock()
        place = contexts.destination(job)
        run = Run(task, record, job, place, began_ms, should_yield, scratch)
        try:
            if control == "cancel":
                await self._cancel(run)
            else:
                await self._work(run)
        except Yielded:  # never out of a group: a conversion is all that its task does
            log.info("turn_given", extra={"task": task.id, "job": task.job_id})
            await record.give_way()
            return
        except Exception as raised:  # noqa: BLE001  the boundary: every error becomes a row here
            if await self._deps.failures.write(run, first_of(raised)):
                return
        page = partial(close_page, self._deps.ledger, self._deps.media, run.destination)
        try:
            await flow.finish(record, run.scratch, page)
        except TransientError as error:  # the last act needs room and a connection, too
            await self._deps.failures.write(run, error)

    async def _work(self, run: Run) -> None:
        deps, task, record, scratch = self._deps, run.task, run.record, run.scratch
        source = await deps.contexts.source(run.job, scratch)
        try:
            kept = task.item_id is not None and await record.is_usable(task.item_id)
            if not kept:
                await anyio.to_thread.run_sync(source.open)
            if not kept and deps.budget_bytes is None:
                scratch.budget = await anyio.to_thread.run_sync(budget_for, source)
            await scratch.open(item_id=task.item_id)
            await run.destination.open(run.job)
            settled = replace(run, job=await record.settle_folder(run.destination))
            self.meters[run.job.id] = meter = await _meter(task, record)
            await self._flow(settled, await deps.contexts.context(settled, source, meter))
        finally:
            source.close()

    async def _flow(self, run: Run, context: TaskContext) -> None:
        task = run.task
        if task.kind is TaskKind.TRANSFER or task.item_id is None:
            await flow.transfer(context)
            return
        if task.deaths >= DEATHS_MAX:
            stuck = StuckError(f"converting it ended the program {task.deaths} times")
            await self._deps.failures.lose_item(run, task.item_id, stuck)
        elif task.kind is TaskKind.CONVERT:
            await flow.convert(context, task.item_id)
        else:
            await flow.recover(context, task.item_id)
        await self._deps.sweep_segments()

    async def _cancel(self, run: Run) -> None:
        """What landed before the cancel has its receipt written; everything else ends as cancelled."""
        is_reconciled = await self._deps.failures.reconciled(run)
        fault = CancelledJobError("cancelled by command").fault()
        await run.record.lose_rest(fault, ItemState.CANCELLED, is_reconciled=is_reconciled)


async def _meter(task: Task, record: TaskRecord) -> TaskMeter:
    if task.item_id is None:
        return TaskMeter("fetch")
    return TaskMeter("convert", item=(await record.item(task.item_id)).name)


async def close_page(ledger: Ledger, media: Media, destination: Destination, job: Job) -> None:
    """Close a job there; neither leftovers nor a page that cannot be written undo what was delivered."""
    original = await ledger.untouched(job) if job.folder is not None else frozenset[str]()

    def records() -> AsyncIterator[ItemRecord]:
        return ledger.folder_records(job)

    async def picture(record: ItemRecord, local: Path) -> bytes | None:
        """As probing makes it. What was wanted unread is not read for the page either."""
        if record.item.job_id in original:
            return None
        try:
            return (await media.probe(local, local.name)).thumb
        except (PermanentError, TransientError):
            return None

    try:
        await destination.sweep(job)
        await destination.close_job(job, records, picture)
    except PermanentError as error:
        log.warning("closing_page_failed", extra={"job": job.id, "detail": error.detail})
