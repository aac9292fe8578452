"""How a run of a task ends: it waits, gives way, loses items, is done; and with the last one its job."""

import logging

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from transload.events import JobMoved
from transload.faults import Fault
from transload.ledger.moves import Sweep, apply_to_all, free, move_job
from transload.ledger.passwords import (
    PARKED_MS,
    first_locked,
    forget_passwords,
    park,
    rest_if_parked,
)
from transload.ledger.reports import (
    last_progress,
    left_out_by_filters,
    never_sent,
    shared_fault,
    totals_of,
    vanished,
)
from transload.ledger.rows import announce, fault_or_none, fault_to_json, job_of, progress_to_json
from transload.ledger.schema import items, jobs, quarantine, tasks
from transload.ledger.task_run import FencedTask, is_of_source
from transload.ledger.tasks import NewTask, queue_tasks
from transload.model import Item, ItemState, JobState, TaskKind
from transload.states import ITEM_OPEN, TURN, ended_state
from transload.web_address import without_login

log = logging.getLogger(__name__)


CONVERTING = {ItemState.DEFERRED: TaskKind.CONVERT, ItemState.REFUSED: TaskKind.RECOVER}


class EndingTask(FencedTask):
    """The ends of a run, each one transaction under the fence."""

    async def lose_rest(self, fault: Fault, state: ItemState, *, is_reconciled: bool) -> None:
        """End every open item with this fault: the job cannot go on, or was cancelled.

        What may have been sent and could not be asked for (`is_reconciled` false) stays an intent: `retry` asks again.
        """

        def act(db: Connection) -> None:
            self._end(db, items.c.job_id == self._job.id, fault, state, is_reconciled=is_reconciled)
            db.execute(
                update(jobs).where(jobs.c.id == self._job.id).values(fault=fault_to_json(fault))
            )
            others = (tasks.c.job_id == self._job.id) & (tasks.c.id != self._task.id)
            db.execute(delete(tasks).where(others))

        await self._write(act)

    async def lose(self, item: Item, fault: Fault, *, is_reconciled: bool) -> None:
        """End one item that is open still, as `lose_rest` does with all."""

        def act(db: Connection) -> None:
            self._end(
                db, items.c.id == item.id, fault, ItemState.FAILED, is_reconciled=is_reconciled
            )
            state = db.execute(select(items.c.state).where(items.c.id == item.id)).scalar_one()
            self._tell(db, [(item.index, ItemState(state))])

        await self._write(act)

    def _end(
        self,
        db: Connection,
        which: ColumnElement[bool],
        fault: Fault,
        state: ItemState,
        *,
        is_reconciled: bool,
    ) -> None:
        """End the open ones of these items; an original that is kept stays so."""
        values = {"fault": fault_to_json(fault), "why": fault.detail}
        if is_reconciled:
            is_open = items.c.state.in_([one.value for one in ITEM_OPEN])
            self._packer.withdraw(db, select(items.c.id).where(which, is_open))
        if state is ItemState.FAILED:
            kept = which & items.c.id.in_(select(quarantine.c.item_id))
            still = Sweep(ITEM_OPEN, ItemState.QUARANTINED, kept, values)
            apply_to_all(db, still, self._task)
        apply_to_all(db, Sweep(ITEM_OPEN, state, which, values), self._task)

    async def wait(self, reason: str, until_ms: int, fault: Fault) -> None:
        """Turn the job's wait into a row and give the task back until then."""

        def act(db: Connection) -> None:
            at = jobs.c.id == self._job.id
            found = db.execute(select(jobs.c.fault).where(at)).scalar_one()
            if not is_of_source(fault_or_none(found)):
                db.execute(update(jobs).where(at).values(fault=fault_to_json(fault)))
            db.execute(update(jobs).where(at).values(wait_until_ms=until_ms))
            self._put_off(db, until_ms, JobMoved(JobState.WAITING, reason, fault))

        await self._write(act)

    async def give_way(self) -> None:
        """Give the task back, due now: the job waits while another conversion has its turn."""

        def act(db: Connection) -> None:
            self._put_off(db, self._clock(), JobMoved(JobState.WAITING, TURN))

        await self._write(act)

    def _put_off(self, db: Connection, due_ms: int, wait: JobMoved) -> None:
        """The task is free from then on, the job waits for its reason."""
        waits = {"wait_reason": wait.reason}
        move_job(db, self._job.id, JobState.WAITING, waits, self._task)
        free(db, self._task, due_ms)
        announce(db, self._job.id, self._clock(), wait)

    async def tried(self) -> int:
        """Count one more try of this task that failed for a passing reason; returns the number."""

        def act(db: Connection) -> int:
            at = tasks.c.id == self._task.id
            db.execute(update(tasks).where(at).values(tries=tasks.c.tries + 1))
            return int(db.execute(select(tasks.c.tries).where(at)).scalar_one())

        return await self._write(act)

    async def need_input(self, fault: Fault) -> None:
        """Park this task: the source cannot be read (any further) without a password. What else can go on goes on."""

        def act(db: Connection) -> None:
            db.execute(
                update(jobs).where(jobs.c.id == self._job.id).values(fault=fault_to_json(fault))
            )
            queue_tasks(db, self._job.id, self._conversions(db))
            park(db, self._task, self._tried_passwords)
            rest_if_parked(db, self._job.id, self._clock())

        await self._write(act)

    async def end_task(self) -> bool:
        """Queue what follows and end this task; False when it is the job's last and the job must be closed first.

        While items wait for a password their transfer stays, parked: then no task is the last, and the job waits as
        soon as no other is left.
        """

        def act(db: Connection) -> bool:
            next_tasks = self._conversions(db)
            locked = first_locked(db, self._job.id) is not None
            if locked:
                next_tasks.append(NewTask(TaskKind.TRANSFER, due_ms=PARKED_MS))
            queue_tasks(db, self._job.id, next_tasks)
            others = (tasks.c.job_id == self._job.id) & (tasks.c.id != self._task.id)
            if locked and self._task.kind is TaskKind.TRANSFER:
                park(db, self._task, self._tried_passwords)
            elif db.execute(select(tasks.c.id).where(others).limit(1)).first() is None:
                self._name_vanished(db)
                return False
            else:
                db.execute(delete(tasks).where(tasks.c.id == self._task.id))
            rest_if_parked(db, self._job.id, self._clock())
            return True

        return await self._write(act)

    def _conversions(self, db: Connection) -> list[NewTask]:
        waiting = db.execute(
            select(items.c.id, items.c.state)
            .where(items.c.job_id == self._job.id)
            .where(items.c.state.in_([state.value for state in CONVERTING]))
            .order_by(items.c.idx, items.c.inner)
        )
        return [NewTask(CONVERTING[ItemState(row.state)], row.id) for row in waiting]

    def _name_vanished(self, db: Connection) -> None:
        """Items that no pass over the source has met any more: lost, and said so."""
        gone = vanished()
        values = {"fault": fault_to_json(gone), "why": gone.detail}
        mine = items.c.job_id == self._job.id
        met = Sweep(frozenset({ItemState.PENDING}), ItemState.FAILED, mine, values)
        apply_to_all(db, met, self._task)
        # No task is left that would send what is staged: a fault of ours, and never a success.
        bug = never_sent()
        values = {"fault": fault_to_json(bug), "why": bug.detail}
        left = Sweep(frozenset({ItemState.STAGED}), ItemState.FAILED, mine, values)
        apply_to_all(db, left, self._task)

    async def end_job(self) -> JobState:
        """The job's last commit: its final state, its last task gone, its passwords and the login in its address."""

        def act(db: Connection) -> tuple[JobState, bool]:
            row = db.execute(select(jobs).where(jobs.c.id == self._job.id)).one()
            counts = {
                ItemState(state): number
                for state, number in db.execute(
                    select(items.c.state, func.count())
                    .where(items.c.job_id == row.id)
                    .group_by(items.c.state)
                )
            }
            fault = fault_or_none(row.fault) or left_out_by_filters(db, job_of(row))
            state = ended_state(counts, job_failed=fault is not None)
            if row.control == "cancel":
                state = JobState.CANCELLED
            if state is JobState.FAILED and fault is None:
                fault = shared_fault(db, row.id)
            now = self._clock()
            source = without_login(row.source)
            values = {
                "finished_ms": now,
                "control": None,
                "detached": False,
                "fault": fault_to_json(fault),
                "source": source,
                "progress": progress_to_json(last_progress(db, row, state)),
            }
            move_job(db, row.id, state, values, self._task)
            db.execute(delete(tasks).where(tasks.c.job_id == row.id))
            totals = totals_of(db, job_of(row))
            announce(db, row.id, now, JobMoved(state, totals=totals))
            return state, forget_passwords(db, row.id) or source != row.source

        state, had_secrets = await self._write(act, durable=True)
        if had_secrets:
            await self._database.wipe()
        log.info("job_ended", extra={"job": self._job.id, "state": state.value})
        return state
