"""How a failed attempt at a task becomes rows: a wait, a need of a password, or the end of an item or of the job."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from transload.errors import (
    LOCKED,
    BugError,
    CorruptError,
    DeniedError,
    DiskFullError,
    LostLeaseError,
    PasswordNeededError,
    SourceNotFoundError,
    StoreError,
    TransientError,
    TransloadError,
    TruncatedError,
    UnreachableError,
    UnreadableError,
    UnsteadyError,
    UnsupportedError,
    Wait,
    WaitingError,
    WithheldError,
    WrongPasswordError,
)
from transload.faults import Fault
from transload.ledger.task_writes import TaskRecord
from transload.ledger.waits import LedgerWaits
from transload.model import Item, ItemState, Outcome, Task
from transload.states import ITEM_OPEN, RETRY, SPACE

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


class Failures:
    """Writes how attempts failed, by the type of the error."""

    def __init__(self, waits: LedgerWaits) -> None:
        self._waits = waits
        self._clock, self._retry, self._jitter = waits.clock, waits.retry, waits.jitter

    async def write(self, task: Task, record: TaskRecord, error: BaseException) -> bool:
        """Write how an attempt failed; returns whether it is over with that, to be taken up again or by another."""
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
        now = self._clock()
        if isinstance(error, DiskFullError):
            log.warning("waiting_for_space", extra={"job": task.job_id, "detail": error.detail})
            look_ms = int(self._retry.space_s * 1000)
            await record.wait(SPACE, now + look_ms, error.fault())
            return True
        if isinstance(error, TransientError):
            until = await self._try_again_at(task, record, error)
            # The wait is a row before it is counted: whatever dies here, it is obeyed.
            if isinstance(error, WithheldError):
                await self._count_withheld(task, record, error)
            if until is not None:
                await record.wait(RETRY, until, error.fault())
                return True
        await self._lose(task, record, error)
        return False

    async def wait_of(self, job_id: str, scopes: Sequence[str]) -> Wait | None:
        """The wait of these scopes that ends last, None where the outside may be asked."""
        return await self._waits.of(job_id, scopes).longest()

    async def _try_again_at(
        self, task: Task, record: TaskRecord, error: TransientError
    ) -> int | None:
        """When the task is tried again; None after too many tries. What has a scope is never given up."""
        if isinstance(error, WaitingError):
            return error.wait.until_ms
        if error.scope is not None:
            return (await self._waits.add(task.job_id, error)).until_ms
        tried = await record.tried()
        delay_s = self._retry.delay_s(tried, self._jitter(), error.retry_after_s)
        return None if delay_s is None else self._clock() + int(delay_s * 1000)

    async def _count_withheld(self, task: Task, record: TaskRecord, error: WithheldError) -> None:
        """End what the server asked to wait for once too often; the wait goes on for all else that is asked of it."""
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
            await record.conclude([_lost(item, replace(never, attempts=times)) for item in left])

    async def _lose(self, task: Task, record: TaskRecord, error: TransloadError) -> None:
        """End the item of the task with this error, or every open one where no other can fare better."""
        if task.item_id is None or isinstance(error, _OF_THE_JOB):
            log.warning("job_cannot_go_on", extra={"job": task.job_id, "kind": error.kind.word})
            await record.lose_rest(error.fault(), ItemState.FAILED)
            return
        item = await record.item(task.item_id)
        if item.state in ITEM_OPEN:
            await record.conclude([_lost(item, error.fault())])


def _lost(item: Item, fault: Fault) -> Outcome:
    return Outcome(item, ItemState.FAILED, fault.detail, fault=replace(fault, item=item.name))


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
