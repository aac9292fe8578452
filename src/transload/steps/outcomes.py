"""Outcomes without a delivery, written in batches; and what a killed run left in doubt, asked at the destination."""

import time
from collections.abc import Sequence
from dataclasses import replace

from transload.errors import ConvertError
from transload.model import Held, Intent, Item, ItemState, Job, Judgement, Outcome, Shipment
from transload.ports import Destination, Record, TaskContext
from transload.states import lost_as
from transload.steps.staging import StagedEntry

BATCH_MAX, BATCH_S = (
    100,
    0.25,
)  # lost at a kill: at most this many verdicts, found again by judging again


DELIVERED_BEFORE = "delivered before"


async def write_outcomes(context: TaskContext, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes now and free what their items held."""
    context.meter.leave(*(outcome.item.id for outcome in outcomes))
    await context.record.conclude(outcomes)
    await context.scratch.drop(*(outcome.item.id for outcome in outcomes if outcome.held))


class OutcomeBatch:
    """Collects outcomes; `flush` before what follows relies on them."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._waiting: list[Outcome] = []
        self._since = time.monotonic()

    async def add(self, outcome: Outcome) -> None:
        """Take an outcome; writes the batch when it is full or old.

        Its bytes go at once: the reader may be waiting for just that room before the next outcome can come.
        """
        if outcome.held is not None:
            await self._context.scratch.drop(outcome.item.id)
        self._waiting.append(outcome)
        if len(self._waiting) >= BATCH_MAX or time.monotonic() - self._since > BATCH_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, []
        self._since = time.monotonic()
        if waiting:
            await write_outcomes(self._context, waiting)


async def quarantine_or_fail(
    context: TaskContext, staged: StagedEntry, judgement: Judgement | None = None
) -> Outcome:
    """The outcome of what cannot be saved: kept in quarantine; failed without bytes; left pending for a password."""
    found = staged.fault or ConvertError("nothing could be read").fault()
    item, fault, state = staged.item, replace(found, item=staged.item.name), ItemState.QUARANTINED
    if staged.held is None:
        return Outcome(item, lost_as(fault), fault.detail, judgement, None, fault, staged.kind)
    await context.record.keep(item, staged.held, fault)
    return Outcome(item, state, fault.detail, judgement, staged.held, fault, staged.kind)


def sent_meanwhile(batch: Sequence[Shipment], intents: Sequence[Intent]) -> list[Outcome]:
    """The outcomes of shipments that got no intent: this job has sent their content under another item meanwhile."""
    meant = {intent.shipment.item.id for intent in intents}
    twins = [shipment.item for shipment in batch if shipment.item.id not in meant]
    return [Outcome(twin, ItemState.DUPLICATE, DELIVERED_BEFORE) for twin in twins]


async def reconcile_intents(job: Job, record: Record, destination: Destination) -> None:
    """Ask the destination what became of the intents of a killed run."""
    after = 0
    while intents := await record.open_intents(after):
        await record.receive(await destination.look_up(job, intents))
        after = intents[-1].item_id


async def delivered_before(context: TaskContext, item: Item, held: Held) -> bool:
    """Whether an equal item was delivered here earlier and is still there."""
    twin = await context.record.duplicate_of(item, held.sha256)
    return bool(twin) and await context.destination.holds(twin or ())
