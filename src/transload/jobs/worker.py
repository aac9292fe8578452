"""What surrounds the flow in one run of a task: open what it needs, run it, turn how it ended into rows.

This is the one place where exception groups are unwrapped and where an unforeseen error becomes `internal.bug`.
"""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio.to_thread

from transload import flow
from transload.archives.open import Archives
from transload.conversions import ShouldYield, Yielded
from transload.entry import Limits, Opening
from transload.errors import (
    BugError,
    CancelledJobError,
    CorruptError,
    DeniedError,
    DiskFullError,
    LostLeaseError,
    PasswordNeededError,
    PermanentError,
    RemoteBusyError,
    SourceNotFoundError,
    StoreError,
    StuckError,
    TransientError,
    TransloadError,
    TruncatedError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
    WrongPasswordError,
)
from transload.files.scratch import SLACK_BYTES, SPOOL, JobScratch, has_room
from transload.jobs.meters import TaskMeter
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger
from transload.ledger.reports import records_of, untouched
from transload.ledger.segments import SqlSegmentStore
from transload.ledger.task_writes import TaskRecord
from transload.model import ALBUM_MAX, ItemRecord, ItemState, Job, Outcome, Task, TaskKind
from transload.ports import Clock, Destination, Media, Source, Sources, TaskContext
from transload.retry import RetryPolicy
from transload.sources.lazy import Later
from transload.sources.ordered import in_order
from transload.states import ITEM_OPEN, RETRY, SPACE
from transload.steps.outcomes import reconcile_intents

log = logging.getLogger(__name__)

DEATHS_MAX = 10  # deaths of this program on the same conversion, with no progress between, before the item is given up
ALBUM_WINDOW_MAX = (
    256 << 20
)  # a library sends what is ready: ten large videos are never staged together

# Neither the source nor the destination is there for any item: in a conversion, too, the job ends with it.
_OF_THE_JOB = (
    CorruptError,
    DeniedError,
    SourceNotFoundError,
    StoreError,
    TruncatedError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the handler needs of the installation; `wiring` provides it."""

    ledger: Ledger
    clock: Clock
    media: Media
    sources: Sources
    archives: Archives
    destination: Callable[[str], Destination]
    limits: Limits
    retry: RetryPolicy
    segment_store: SqlSegmentStore
    scratch_root: Path
    quarantine_folder: Path
    min_free_bytes: int
    scratch_budget_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One attempt at a task: the task under its lease, what it may write, and whether it is waited for."""

    task: Task
    record: TaskRecord
    should_yield: ShouldYield


class TaskHandler:
    """Runs one task at a time per call; keeps the meters of running tasks for the progress display."""

    def __init__(self, deps: Dependencies, jitter: Callable[[], float]) -> None:
        self._deps = deps
        self._jitter = jitter
        self.meters: dict[str, TaskMeter] = {}  # by job: never two tasks of one run at once

    async def __call__(self, task: Task, should_yield: ShouldYield) -> None:
        """Run the task to the end of this attempt; every way it can end is in the ledger afterwards."""
        deps = self._deps
        record = TaskRecord(
            deps.ledger.database,
            deps.clock,
            task,
            deps.quarantine_folder,
            partial(has_room, min_free=deps.min_free_bytes),
        )
        try:
            await self._attempt(_Turn(task, record, should_yield))
        except LostLeaseError:
            log.info("lease_lost", extra={"task": task.id, "job": task.job_id})
        finally:
            self.meters.pop(task.job_id, None)

    async def _attempt(self, turn: _Turn) -> None:
        task, record = turn.task, turn.record
        job, control = await record.begin()
        destination = self._deps.destination(job.destination)
        scratch = JobScratch(
            self._deps.scratch_root,
            job.id,
            self._deps.scratch_budget_bytes or SLACK_BYTES,
            self._deps.min_free_bytes,
            task.id,
        )
        try:
            if control == "cancel":
                await self._cancel(job, record, destination)
            else:
                await self._work(turn, job, destination, scratch)
        except Yielded:  # never out of a group: a conversion is all that its task does
            log.info("turn_given", extra={"task": task.id, "job": task.job_id})
            await record.give_way()
            return
        except Exception as raised:  # noqa: BLE001  the boundary: every error becomes a row here
            if await self._failed(task, record, first_of(raised)):
                return
        if not await record.end_task():
            try:
                await self._close(record, destination, scratch)
            except (
                DiskFullError
            ) as error:  # even the closing page needs room: everything else is delivered
                await self._failed(task, record, error)

    async def _work(
        self, turn: _Turn, job: Job, destination: Destination, scratch: JobScratch
    ) -> None:
        task, record = turn.task, turn.record
        passwords = await self._deps.ledger.passwords(job.id)
        opening = Opening(passwords, scratch.root / SPOOL)
        source = Later(lambda: self._open(job, opening))
        try:
            kept = task.item_id is not None and await record.is_usable(task.item_id)
            if not kept:
                await anyio.to_thread.run_sync(source.open)
            if not kept and self._deps.scratch_budget_bytes is None:
                scratch.budget = await anyio.to_thread.run_sync(budget_for, source)
            await scratch.open(item_id=task.item_id)
            await destination.open(job)
            job = await record.settle_folder(destination)
            self.meters[job.id] = meter = await _meter(task, record)
            deps = self._deps
            context = TaskContext(
                job=job,
                task=task,
                source=source,
                media=deps.media,
                destination=destination,
                scratch=scratch,
                record=record,
                meter=meter,
                limits=deps.limits,
                open_inside=partial(deps.archives.open_as, passwords=passwords),
                segments=partial(deps.segment_store.of, record),
                should_yield=turn.should_yield,
            )
            await self._run(context, record)
        finally:
            source.close()

    def _open(self, job: Job, opening: Opening) -> Source:
        """The source in the job's order; closed again where it cannot be read so."""
        source = self._deps.sources.open(job.source, opening)
        try:
            return in_order(source, job.sort)
        except TransloadError:
            source.close()
            raise

    async def _run(self, context: TaskContext, record: TaskRecord) -> None:
        task = context.task
        if task.kind is TaskKind.TRANSFER or task.item_id is None:
            await flow.transfer(context)
            return
        if task.deaths >= DEATHS_MAX:
            await self._give_up(task, record, task.item_id)
        elif task.kind is TaskKind.CONVERT:
            await flow.convert(context, task.item_id)
        else:
            await flow.recover(context, task.item_id)
        await self._deps.segment_store.sweep()

    async def _give_up(self, task: Task, record: TaskRecord, item_id: int) -> None:
        item = await record.item(item_id)
        stuck = StuckError(f"converting it ended the program {task.deaths} times", item=item.name)
        await record.conclude([Outcome(item, ItemState.FAILED, stuck.detail, fault=stuck.fault())])

    async def _cancel(self, job: Job, record: TaskRecord, destination: Destination) -> None:
        """What landed before the cancel has its receipt written; everything else ends as cancelled."""
        try:
            await reconcile_intents(job, record, destination)
        except PermanentError as error:
            log.warning("cancel_unsettled", extra={"job": job.id, "error": error.detail})
        await record.lose_rest(
            CancelledJobError("cancelled by command").fault(), ItemState.CANCELLED
        )

    async def _failed(self, task: Task, record: TaskRecord, error: BaseException) -> bool:
        """Write down how an attempt failed; whether the task is over with that, to be taken up again or by another."""
        if isinstance(error, LostLeaseError):
            raise error
        if not isinstance(error, TransloadError):
            log.error("task_crashed", extra={"task": task.id, "job": task.job_id}, exc_info=error)
            bug = BugError(f"{type(error).__name__} in {task.kind.value} of job {task.job_id}")
            await self._lose(task, record, bug)
            return False
        if isinstance(error, (PasswordNeededError, WrongPasswordError)):
            await record.need_input(error.fault())
            return True
        now = self._deps.clock()
        if isinstance(error, DiskFullError):
            log.warning("waiting_for_space", extra={"job": task.job_id, "detail": error.detail})
            look_ms = int(self._deps.retry.space_s * 1000)
            await record.wait(SPACE, now + look_ms, error.fault())
            return True
        if isinstance(error, TransientError):
            asked_s = error.retry_after_s if isinstance(error, RemoteBusyError) else None
            delay_s = self._deps.retry.delay_s(await record.tried(), self._jitter(), asked_s)
            if delay_s is not None:
                await record.wait(RETRY, now + int(delay_s * 1000), error.fault())
                return True
        await self._lose(task, record, error)
        return False

    async def _lose(self, task: Task, record: TaskRecord, error: TransloadError) -> None:
        """End the item of the task with this error, or every open one where no other can fare better."""
        if task.item_id is None or isinstance(error, _OF_THE_JOB):
            log.warning("job_cannot_go_on", extra={"job": task.job_id, "kind": error.kind})
            await record.lose_rest(error.fault(), ItemState.FAILED)
            return
        item = await record.item(task.item_id)
        if item.state in ITEM_OPEN:
            fault = replace(error.fault(), item=item.name)
            await record.conclude([Outcome(item, ItemState.FAILED, error.detail, fault=fault)])

    async def _close(
        self, record: TaskRecord, destination: Destination, scratch: JobScratch
    ) -> None:
        """The last acts of a job: the destination's closing page, the scratch folder, the final state."""
        job, _ = await record.begin()

        try:
            await destination.sweep(job)
            database, media = self._deps.ledger.database, self._deps.media
            await close_page(database, media, destination, job)
        except PermanentError as error:
            log.warning("closing_page_failed", extra={"job": job.id, "detail": error.detail})
        await scratch.close()
        state = await record.end_job()
        log.info("job_ended", extra={"job": job.id, "state": state.value})


async def _meter(task: Task, record: TaskRecord) -> TaskMeter:
    if task.item_id is None:
        return TaskMeter("fetch")
    return TaskMeter("convert", item=(await record.item(task.item_id)).name)


def first_of(raised: BaseException) -> BaseException:
    """The error that decides among those of a group: a lost lease first, then a full disk, then the earliest."""
    flat: list[BaseException] = []
    pending = [raised]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            group: BaseExceptionGroup[BaseException] = error  # pyright: ignore[reportUnknownVariableType]
            pending.extend(group.exceptions)
        else:
            flat.append(error)
    for kind in (LostLeaseError, DiskFullError):
        for error in flat:
            if isinstance(error, kind):
                return error
    return flat[0]


def budget_for(source: Source) -> int:
    """Scratch bytes for a source: its largest run of ten entries or largest entry, and 16 MiB.

    Sources without a listing get the largest album window: their sizes are known only while reading.
    """
    if not source.listed:
        return ALBUM_WINDOW_MAX + SLACK_BYTES
    window: list[int] = []
    album = largest = 0
    for entry in source.entries():
        size = entry.size or 0
        window = [*window[-(ALBUM_MAX - 1) :], size]
        album, largest = max(album, sum(window)), max(largest, size)
    return max(largest, min(album, ALBUM_WINDOW_MAX)) + SLACK_BYTES


async def close_page(database: Database, media: Media, destination: Destination, job: Job) -> None:
    """Close a job there. Raises what `Destination.close_job` raises."""
    original = await untouched(database, job) if job.folder is not None else frozenset[str]()

    def records() -> AsyncIterator[ItemRecord]:
        return records_of(database, job)

    async def picture(record: ItemRecord, local: Path) -> bytes | None:
        """As probing makes it. What was wanted unread is not read for the page either."""
        if record.item.job_id in original:
            return None
        try:
            return (await media.probe(local, local.name)).thumb
        except (PermanentError, TransientError):
            return None

    await destination.close_job(job, records, picture)
