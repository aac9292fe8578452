"""Turns of scopes, as rows: who sends when, kept for all jobs, workers and machines of a ledger."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from transload.ledger.database import Database
from transload.ledger.schema import turns
from transload.ports import Clock

SLOWER, SLOWEST = 2.0, 16.0
RECOVERY_MS = 600_000
"""Half of what a scope was slowed down by is forgotten in so long a time."""


@dataclass(frozen=True, slots=True)
class LedgerTurns:
    """The turns of a ledger: of each scope, until when the turns reserved so far last, and how slow it is."""

    database: Database
    clock: Clock

    async def reserve(self, costs_s: Mapping[str, float], most_s: float) -> float:
        """The seconds until a turn that takes so long in each scope may begin; it is reserved then, durably or not.

        Above `most_s` nothing is reserved. A turn that is never used is lost: that is on the safe side.
        """

        def act(db: Connection) -> float:
            now = self.clock()
            rows = {
                one.scope: one
                for one in db.execute(select(turns).where(turns.c.scope.in_(costs_s)))
            }
            begins = max([now, *(int(row.free_ms) for row in rows.values())])
            if begins - now > most_s * 1000:
                return (begins - now) / 1000
            for scope, cost_s in costs_s.items():
                row = rows.get(scope)
                slow = 1.0 if row is None else _slowness(row.slowness, now - row.slowed_ms)
                free = begins + int(cost_s * 1000 * slow)
                if row is None:
                    values = {"scope": scope, "free_ms": free, "slowness": 1.0, "slowed_ms": now}
                    db.execute(insert(turns).values(values))
                else:
                    db.execute(update(turns).where(turns.c.scope == scope).values(free_ms=free))
            return (begins - now) / 1000

        return await self.database.run(act)

    async def slow_down(self, scope: str) -> None:
        """Turns of the scope take twice as long from now on."""

        def act(db: Connection) -> None:
            now = self.clock()
            row = db.execute(select(turns).where(turns.c.scope == scope)).first()
            before = 1.0 if row is None else _slowness(row.slowness, now - row.slowed_ms)
            slow = min(SLOWEST, before * SLOWER)
            free = now if row is None else row.free_ms
            db.execute(delete(turns).where(turns.c.scope == scope))
            values = {"scope": scope, "free_ms": free, "slowness": slow, "slowed_ms": now}
            db.execute(insert(turns).values(values))

        await self.database.run(act)


def _slowness(at_first: float, since_ms: int) -> float:
    """What is left of having been slowed down, after so long."""
    left = math.pow(0.5, max(0, since_ms) / RECOVERY_MS)
    return 1.0 + (at_first - 1.0) * left
