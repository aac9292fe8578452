"""Waits with a scope, as rows: what one job is asked to wait for, every job, worker and restart waits for."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, or_, select

from transload.errors import TransientError, Wait
from transload.faults import Fault
from transload.json_codec import from_json, to_json
from transload.ledger.database import Database
from transload.ledger.rows import AnyRow
from transload.ledger.schema import jobs, scopes, waits
from transload.ledger.tasks import remember_scopes
from transload.ports import Clock
from transload.retry import RetryPolicy

NEW_OUTAGE_MS = 60_000
"""What was begun so long after a wait found its scope at work: the next outage begins with a short wait again."""
KEPT_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class LedgerWaits:
    """All waits of a ledger."""

    database: Database
    clock: Clock
    retry: RetryPolicy
    jitter: Callable[[], float] = random.random

    def of(self, job_id: str, known: Sequence[str]) -> "JobWaits":
        """Those of a job; `known` are the scopes that its source and destination name."""
        return JobWaits(self, job_id, frozenset(known))

    async def add(self, job_id: str, error: TransientError, since_ms: int) -> Wait:
        """Write the wait that an error of a job asks for; it never shortens one that goes on.

        `since_ms`: when the attempt that failed began, or when it last got anywhere. However long an attempt takes to
        fail, it prolongs the outage that it began in.
        """
        scope, fault = error.scope or "", error.fault()

        def act(db: Connection) -> Wait:
            now = self.clock()
            row = db.execute(select(waits).where(waits.c.scope == scope)).first()
            is_new = row is None or since_ms - row.until_ms > NEW_OUTAGE_MS
            before = 0 if row is None or is_new else row.outages
            outages, delay_s = 0, error.retry_after_s
            if delay_s is None:
                outages = before + 1
                delay_s = self.retry.outage_s(outages, self.jitter())
            until = now + int(delay_s * 1000)
            if row is not None and row.until_ms >= until:  # it stays the wait that it is
                remember_scopes(db, job_id, [scope])
                return Wait(scope, row.until_ms, (row.until_ms - now) / 1000, fault)
            old = (waits.c.scope == scope) | (waits.c.until_ms < now - KEPT_MS)
            db.execute(delete(waits).where(old))
            values = {
                "scope": scope,
                "until_ms": until,
                "outages": outages,
                "fault": to_json(fault),
            }
            db.execute(insert(waits).values(values))
            remember_scopes(db, job_id, [scope])
            return Wait(scope, until, (until - now) / 1000, fault)

        return await self.database.run(act)

    async def longest(self, wanted: Sequence[str]) -> Wait | None:
        """The wait among these scopes that ends last, of those that still go on."""
        now = self.clock()
        mine = waits.c.scope.in_(wanted) & (waits.c.until_ms > now)
        last = select(waits).where(mine).order_by(waits.c.until_ms.desc()).limit(1)
        row = await self.database.read(lambda db: db.execute(last).first())
        return None if row is None else _wait_of(row, now)


class JobWaits:
    """The `Waits` port: those of one job's scopes."""

    def __init__(self, waits: LedgerWaits, job_id: str, known: frozenset[str]) -> None:
        self._waits = waits
        self._job_id = job_id
        self._scopes = set(known)

    async def longest(self, among: Collection[str] | None = None) -> Wait | None:
        """The wait that ends last of those that still go on; a job without a scope asks nobody."""
        wanted = self._scopes if among is None else self._scopes.intersection(among)
        return await self._waits.longest(sorted(wanted)) if wanted else None

    def now_ms(self) -> int:
        """The ledger's time."""
        return self._waits.clock()

    async def add(self, error: TransientError, since_ms: int) -> Wait:
        """Write the wait that an error with a scope asks for, of an act begun at `since_ms`."""
        if error.scope is not None:
            self._scopes.add(error.scope)
        return await self._waits.add(self._job_id, error, since_ms)


def holding_up(db: Connection, job_ids: Collection[str], now: int) -> dict[str, Wait]:
    """By their ids, the wait that ends last of those that hold up tasks of these jobs, whichever job asked for it.

    Not the one that a wait of the job's own outlasts.
    """
    held = (
        select(scopes.c.job_id, waits)
        .join(waits, waits.c.scope == scopes.c.scope)
        .join(jobs, jobs.c.id == scopes.c.job_id)
        .where(scopes.c.job_id.in_(job_ids), waits.c.until_ms > now)
        .where(waits.c.until_ms >= func.coalesce(jobs.c.wait_until_ms, 0))
        .where(or_(jobs.c.control.is_(None), jobs.c.control != "cancel"))  # that waits for nobody
        .order_by(waits.c.until_ms, waits.c.scope)
    )
    return {row.job_id: _wait_of(row, now) for row in db.execute(held)}


def _wait_of(row: AnyRow, now: int) -> Wait:
    fault = from_json(Fault, row.fault)
    return Wait(row.scope, row.until_ms, (row.until_ms - now) / 1000, fault)
