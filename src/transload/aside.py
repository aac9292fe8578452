"""Outcomes without a delivery, written to the ledger in batches: one transaction each would cost more than the rest."""

import time
from collections.abc import Sequence

from transload.model import Outcome
from transload.ports import Bench

BATCH_MAX, BATCH_S = (
    100,
    0.25,
)  # lost at a kill: at most this many verdicts, found again by judging again


async def put_aside(bench: Bench, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes now and free what their items held."""
    bench.meter.leave(*(outcome.item.id for outcome in outcomes))
    await bench.record.conclude(outcomes)
    await bench.scratch.drop(*(outcome.item.id for outcome in outcomes if outcome.held))


class Aside:
    """Collects outcomes; `flush` before what follows relies on them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._waiting: list[Outcome] = []
        self._since = time.monotonic()

    async def add(self, outcome: Outcome) -> None:
        """Take an outcome; writes the batch when it is full or old.

        Its bytes go at once: the reader may be waiting for just that room before the next outcome can come.
        """
        if outcome.held is not None:
            await self._bench.scratch.drop(outcome.item.id)
        self._waiting.append(outcome)
        if len(self._waiting) >= BATCH_MAX or time.monotonic() - self._since > BATCH_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, []
        self._since = time.monotonic()
        if waiting:
            await put_aside(self._bench, waiting)
