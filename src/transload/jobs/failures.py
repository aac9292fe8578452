"""How a failed attempt at a task becomes rows: a wait, a need of a password, or the end of an item or of the job."""

import logging
from dataclasses import dataclass, replace

from transload.errors import (
    LOCKED,
    BugError,
    CorruptError,
    DeniedError,
    DiskFullError,
    LostLeaseError,
    PasswordNeededError,
    PermanentError,
    SourceNotFoundError,
    StoreError,
    TransientError,
    TransloadError,
    TruncatedError,
    UnreachableError,
    UnreadableError,
    UnsteadyError,
    UnsupportedError,
    WaitingError,
    WithheldError,
    WrongPasswordError,
)
from transload.faults import Fault
from transload.ledger.task_writes import TaskRecord
from transload.ledger.waits import LedgerWaits
from transload.model import Item, ItemState, Job, Task
from transload.ports import Destination
from transload.states import ITEM_OPEN, RETRY, SPACE
from transload.steps.albums import reconcile

log = logging.getLogger(__name__)

WITHHELD_MAX = 4
"""Times in a row that a server may ask to wait for one file, each obeyed, before it counts as one that never comes."""

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
class Attempt:
    """One attempt at a task of a job: what it may write, where it delivers, and when it began."""

    task: Task
    record: TaskRecord
    job: Job
    destination: Destination
    began_ms: int


class Failures:
    """Writes how attempts failed, by the type of the error."""

    def __init__(self, waits: LedgerWaits) -> None:
        self._waits = waits
        self._clock, self._retry, self._jitter = waits.clock, waits.retry, waits.jitter

    async def write(self, attempt: Attempt, error: BaseException) -> bool:
        """Write how an attempt failed; returns whether it is over with that, to be taken up again or by another."""
        task, record = attempt.task, attempt.record
        if isinstance(error, LostLeaseError):
            raise error
        if not isinstance(error, TransloadError):
            log.error("task_crashed", extra={"task": task.id, "job": task.job_id}, exc_info=error)
            bug = BugError(f"{type(error).__name__} in {task.kind.value} of job {task.job_id}")
            await self._lose(attempt, bug)
            return False
        if isinstance(error, (PasswordNeededError, WrongPasswordError)):
            await record.need_input(error.fault())
            return True
        now = self._clock()
        if isinstance(error, DiskFullError):
            log.warning("waiting_for_space", extra={"job": task.job_id, "detail": error.detail})
            look_ms = int(self._retry.space_s * 1000)
            await record.wait(SPACE, now + look_ms, error.fault())
            return True
        if isinstance(error, TransientError):
            until = await self._try_again_at(attempt, error)
            # The wait is a row before it is counted: whatever dies here, it is obeyed.
            if isinstance(error, WithheldError):
                await self._count_withheld(attempt, error)
            if until is not None:
                await record.wait(RETRY, until, error.fault())
                return True
        await self._lose(attempt, error)
        return False

    async def reconciled(self, attempt: Attempt) -> bool:
        """Write receipts for all that arrived, before what is open is ended; False where the destination cannot tell.

        A destination that is away is not waited for, one that asks to wait is not asked.
        """
        job, record, destination = attempt.job, attempt.record, attempt.destination
        if await self._waits.of(job.id, destination.scopes(job)).longest() is not None:
            return False
        try:
            await reconcile(job, record, destination)
        except LostLeaseError:
            raise
        except (PermanentError, TransientError) as error:
            log.warning("intents_not_reconciled", extra={"job": job.id, "error": error.detail})
            return False
        return True

    async def _try_again_at(self, attempt: Attempt, error: TransientError) -> int | None:
        """When the task is tried again; None after too many tries. What has a scope is never given up."""
        if isinstance(error, WaitingError):
            return error.wait.until_ms
        if error.scope is not None:
            worked = await attempt.record.bytes_sent() > attempt.job.bytes_sent
            since_ms = self._clock() if worked else attempt.began_ms
            return (await self._waits.add(attempt.job.id, error, since_ms)).until_ms
        tried = await attempt.record.tried()
        delay_s = self._retry.delay_s(tried, self._jitter(), error.retry_after_s)
        return None if delay_s is None else self._clock() + int(delay_s * 1000)

    async def _count_withheld(self, attempt: Attempt, error: WithheldError) -> None:
        """End what the server asked to wait for once too often; the wait goes on for all else that is asked of it."""
        task, record = attempt.task, attempt.record
        if task.item_id is not None:
            left, times = [await record.item(task.item_id)], await record.tried()
        elif error.index is not None:
            found = await record.pending_at(error.index)
            left = [item for item in found if item.fault is None or item.fault.kind not in LOCKED]
            times = await record.withheld(left[0], error.fault()) if left else 0
        else:  # a folder, of which there is no row
            return
        if times >= WITHHELD_MAX:
            never = UnsteadyError(error.detail, evidence=error.evidence).fault()
            for item in left:
                await self._lose_one(attempt, item, replace(never, attempts=times))

    async def _lose(self, attempt: Attempt, error: TransloadError) -> None:
        """End the item of the task with this error, or every open one where no other can fare better."""
        task, record = attempt.task, attempt.record
        if task.item_id is None or isinstance(error, _OF_THE_JOB):
            log.warning("job_cannot_go_on", extra={"job": task.job_id, "kind": error.kind.word})
            is_reconciled = await self.reconciled(attempt)
            await record.lose_rest(error.fault(), ItemState.FAILED, is_reconciled=is_reconciled)
            return
        await self.lose_item(attempt, task.item_id, error)

    async def lose_item(self, attempt: Attempt, item_id: int, error: TransloadError) -> None:
        """End one item with this error, unless it turns out to have arrived."""
        await self._lose_one(attempt, await attempt.record.item(item_id), error.fault())

    async def _lose_one(self, attempt: Attempt, item: Item, fault: Fault) -> None:
        is_reconciled = await self.reconciled(attempt)
        now = await attempt.record.item(item.id)
        if now.state in ITEM_OPEN:
            fault = replace(fault, item=item.name)
            await attempt.record.lose(now, fault, is_reconciled=is_reconciled)


def first_of(raised: BaseException) -> BaseException:
    """The error that decides among those of a group: a lost lease, a full disk, a withheld file, else the earliest."""
    flat: list[BaseException] = []
    pending = [raised]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            group: BaseExceptionGroup[BaseException] = error  # pyright: ignore[reportUnknownVariableType]
            pending.extend(group.exceptions)
        else:
            flat.append(error)
    for kind in (LostLeaseError, DiskFullError, WithheldError):
        for error in flat:
            if isinstance(error, kind):
                return error
    return flat[0]
