"""The product on one page: source -> entry -> probe -> verdict -> (send now | defer) -> convert -> send -> recover.

Three tasks, `transfer`, `convert` and `recover`; the worker (`jobs/worker.py`) runs one and then `finish`. Each may be
repeated at any moment: what must survive is in the ledger (`context.record`), an effect outside is preceded by its
intent and followed by its receipt. This module knows ports, never adapters.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from transload.errors import PermanentError, StalledError
from transload.faults import Fault
from transload.model import ALBUM_MAX, Held, Item, ItemState, Outcome, Shipment, Verdict
from transload.ports import CloseJob, Destination, Landed, Record, Refusal, Scratch, TaskContext
from transload.steps.prepare import (
    DELIVERED_BEFORE,
    Judged,
    OutcomeBatch,
    convert_item,
    delivered_before,
    equals_apart,
    judge,
    quarantine_or_fail,
    reconcile_intents,
    sent_meanwhile,
    untouched_shipment,
    write_outcomes,
)
from transload.steps.read import read_source
from transload.steps.refetch import refetch
from transload.steps.staging import StagedEntry

READ_AHEAD = 4  # entries read before they are judged
SEND_AHEAD = 64  # items judged before they are sent
EntriesOut = MemoryObjectReceiveStream[StagedEntry]
ShipmentsIn = MemoryObjectSendStream[Shipment]
ShipmentsOut = MemoryObjectReceiveStream[Shipment]

log = logging.getLogger(__name__)


async def transfer(context: TaskContext) -> None:
    """Deliver all that can go at once, in entry order. Long work is left DEFERRED, what failed REFUSED."""
    await reconcile_intents(context.job, context.record, context.destination)
    await context.destination.sweep(context.job)
    entries_in, entries_out = anyio.create_memory_object_stream[StagedEntry](READ_AHEAD)
    shipments_in, shipments_out = anyio.create_memory_object_stream[Shipment](SEND_AHEAD)
    stages = (
        partial(read_source, context, entries_in),
        partial(prepare, context, entries_out, shipments_in),
        partial(send, context, shipments_out),
    )
    async with anyio.create_task_group() as group:
        for stage in stages:
            group.start_soon(stage)


async def prepare(context: TaskContext, entries_out: EntriesOut, shipments_in: ShipmentsIn) -> None:
    """What can be sent goes on to be sent; how the other entries end, or wait, is written in batches."""
    outcomes = OutcomeBatch(context)
    async with entries_out, shipments_in:
        async for staged in entries_out:
            decided = await decide(context, staged, may_defer=True)
            if isinstance(decided, Shipment):
                await shipments_in.send(decided)
            else:
                await outcomes.add(decided)
        await outcomes.flush()


async def decide(
    context: TaskContext, staged: StagedEntry, *, may_defer: bool
) -> Shipment | Outcome:
    """The shipment an entry becomes, or the outcome of what is not sent now; one judged before keeps its judgement."""
    item, held = staged.item, staged.held
    if staged.skip is not None:
        return Outcome(item, ItemState.SKIPPED, staged.skip, kind=staged.kind)
    if staged.fault is not None or held is None:
        return await quarantine_or_fail(context, staged)
    if await delivered_before(context, item, held):
        return Outcome(item, ItemState.DUPLICATE, DELIVERED_BEFORE, held=held, kind=staged.kind)
    try:
        judged = await judge(context, staged, held)
    except (PermanentError, StalledError) as error:
        return await quarantine_or_fail(context, replace(staged, fault=error.fault()))
    if judged.judgement.deferred and may_defer:
        return Outcome(item, ItemState.DEFERRED, judged.judgement.why, judged.judgement, held)
    return await carry_out(context, staged, held, judged)


async def carry_out(
    context: TaskContext, staged: StagedEntry, held: Held, judged: Judged
) -> Shipment | Outcome:
    """What the verdict asks for, done now."""
    item, judgement = staged.item, judged.judgement
    if judgement.verdict is Verdict.AS_IS:
        return await untouched_shipment(context, item, held, judgement, judged.thumb)
    if judgement.verdict is Verdict.SKIP:
        return Outcome(item, ItemState.SKIPPED, judgement.why, judgement, held)
    if judgement.verdict is Verdict.UNSAVABLE:
        return await quarantine_or_fail(context, replace(staged, fault=judgement.fault), judgement)
    return await convert_item(context, item, held, judgement)


async def send(context: TaskContext, shipments_out: ShipmentsOut) -> None:
    """Deliver what is ready, up to an album at once, in entry order."""
    async with shipments_out:
        async for first in shipments_out:
            batch = [first]
            while len(batch) < ALBUM_MAX and shipments_out.statistics().current_buffer_used:
                batch.append(shipments_out.receive_nowait())
            for part in equals_apart(batch) if context.job.drops_equals else [batch]:
                await deliver(context, part)
            await context.scratch.drop(*(shipment.item.id for shipment in batch))


async def deliver(context: TaskContext, batch: Sequence[Shipment]) -> list[Refusal]:
    """Intent, act, receipt; the outcome is each item's own. Returns the refusals, which are written already."""
    intents = await context.record.intend(batch, context.destination)
    answers = await context.destination.put(context.job, intents)
    landed = [answer for answer in answers if isinstance(answer, Landed)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    context.meter.leave(*(shipment.item.id for shipment in batch))
    await context.record.receive(landed)
    await context.record.refused(refused)
    await context.record.conclude(sent_meanwhile(batch, intents))
    return refused


async def convert(context: TaskContext, item_id: int) -> None:
    """Convert a DEFERRED item, or one PENDING again whose original was kept, and send it; what fails is REFUSED."""
    await reconcile_intents(context.job, context.record, context.destination)
    item = await context.record.item(item_id)
    if item.state not in (ItemState.DEFERRED, ItemState.PENDING):
        return
    staged = await refetch(context, item)
    made = await decide(context, staged, may_defer=False)
    if isinstance(made, Outcome):
        await write_outcomes(context, [made])
    else:
        await deliver(context, [made])
        await context.scratch.drop(item.id)


async def recover(context: TaskContext, item_id: int) -> None:
    """The one second chance: convert for recovery and send again, else keep the original with the reason."""
    await reconcile_intents(context.job, context.record, context.destination)
    item = await context.record.item(item_id)
    if item.state is not ItemState.REFUSED:
        return
    staged = await refetch(context, item)
    fault = staged.fault or item.fault
    if staged.fault is None and staged.held is not None:
        fault = await second_chance(context, item, staged.held) if fault else fault
    if fault is not None:
        lost = await quarantine_or_fail(context, replace(staged, fault=fault), item.judgement)
        await write_outcomes(context, [lost])
    await context.scratch.drop(item.id)


async def second_chance(context: TaskContext, item: Item, held: Held) -> Fault | None:
    """Convert for recovery, by the first way that converts, and send; the final fault, None when it has arrived."""
    try:
        probed = await context.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return error.fault()
    fault = item.fault
    failed = item.judgement if fault and not fault.is_of_destination else None  # our own try
    for way in context.media.judge_recovery(probed.facts, context.job.recipe, failed):
        why = f"{way.why} ({item.fault.detail})" if item.fault else way.why
        made = await convert_item(context, item, held, replace(way, why=why))
        if isinstance(made, Shipment):
            refusals = await deliver(context, [made])
            return refusals[0].fault if refusals else None
        fault = made.fault
    return fault


async def finish(
    record: Record, destination: Destination, scratch: Scratch, close_there: CloseJob
) -> None:
    """End a task: submit `convert` for DEFERRED items, `recover` for REFUSED ones; with none left, close the job."""
    if await record.end_task():
        return
    job, _ = await record.begin()  # read anew: its sums have changed
    try:
        await destination.sweep(job)
        await close_there(job)
    # Everything is delivered: neither leftovers nor a page that cannot be written undo that.
    except PermanentError as error:
        log.warning("closing_page_failed", extra={"job": job.id, "detail": error.detail})
    await scratch.close()
    await record.end_job()
