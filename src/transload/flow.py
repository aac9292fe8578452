"""The product on one page: source -> entry -> probe -> verdict -> (send now | defer) -> convert -> send -> recover.

Three tasks, each repeatable at any moment and on any machine: what must survive is in the ledger (`context.record`), an
effect outside is preceded by its intent and followed by its receipt. The page knows ports, never adapters.
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
from transload.ports import Destination, Landed, Page, Record, Refusal, Scratch, TaskContext
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
from transload.steps.refetch import fetch
from transload.steps.staging import StagedEntry

AHEAD, STAGED = 4, 64  # entries read before they are judged; items judged before they are sent

log = logging.getLogger(__name__)


async def transfer(context: TaskContext) -> None:
    """Deliver all that can go at once, in entry order; what needs long work is left deferred, what failed refused."""
    await reconcile_intents(context.job, context.record, context.destination)
    await context.destination.sweep(context.job)
    to_prepare, staged = anyio.create_memory_object_stream[StagedEntry](AHEAD)
    to_send, ready = anyio.create_memory_object_stream[Shipment](STAGED)
    stages = (
        partial(read_source, context, to_prepare),
        partial(prepare, context, staged, to_send),
        partial(send, context, ready),
    )
    async with anyio.create_task_group() as group:
        for stage in stages:
            group.start_soon(stage)


async def prepare(
    context: TaskContext,
    entries: MemoryObjectReceiveStream[StagedEntry],
    ready: MemoryObjectSendStream[Shipment],
) -> None:
    """What can be sent goes on to be sent; how the other entries end, or wait, is written in batches."""
    outcomes = OutcomeBatch(context)
    async with entries, ready:
        async for staged in entries:
            decided = await decide(context, staged)
            if isinstance(decided, Shipment):
                await ready.send(decided)
            else:
                await outcomes.add(decided)
        await outcomes.flush()


async def decide(context: TaskContext, staged: StagedEntry) -> Shipment | Outcome:
    """The shipment an entry becomes, or the outcome that keeps it out of the immediate path."""
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
    return await carry_out(context, staged, held, judged)


async def carry_out(
    context: TaskContext, staged: StagedEntry, held: Held, judged: Judged
) -> Shipment | Outcome:
    """What the verdict asks for, done now or put off until everything that can go at once is sent."""
    item, verdict = staged.item, judged.judgement
    if verdict.verdict is Verdict.AS_IS:
        return await untouched_shipment(context, item, held, verdict, judged.thumb)
    if verdict.verdict is Verdict.SKIP:
        return Outcome(item, ItemState.SKIPPED, verdict.why, verdict, held)
    if verdict.verdict is Verdict.UNSAVABLE:
        return await quarantine_or_fail(context, replace(staged, fault=verdict.fault), verdict)
    if verdict.deferred and item.judgement is None:
        return Outcome(item, ItemState.DEFERRED, verdict.why, verdict, held)
    return await convert_item(context, item, held, verdict)


async def send(context: TaskContext, ready: MemoryObjectReceiveStream[Shipment]) -> None:
    """Deliver what is ready, up to an album at once, in entry order."""
    async with ready:
        async for first in ready:
            batch = [first]
            while len(batch) < ALBUM_MAX and ready.statistics().current_buffer_used:
                batch.append(ready.receive_nowait())
            for part in equals_apart(batch) if context.job.drops_equals else [batch]:
                await deliver(context, part)
            await context.scratch.drop(*(shipment.item.id for shipment in batch))


async def deliver(context: TaskContext, batch: Sequence[Shipment]) -> list[Refusal]:
    """Intent, act, receipt; the outcome is each item's own. Returns what the destination refused."""
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
    """Convert a deferred item, or judge a kept original anew, and send it; a failure leaves it refused."""
    await reconcile_intents(context.job, context.record, context.destination)
    item = await context.record.item(item_id)
    if item.state not in (ItemState.DEFERRED, ItemState.PENDING):
        return
    staged = await fetch(context, item)
    made = await decide(context, staged)
    if isinstance(made, Outcome) and made.state is ItemState.DEFERRED:  # judged anew, its turn now
        made = await decide(context, replace(staged, item=replace(item, judgement=made.judgement)))
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
    staged = await fetch(context, item)
    fault = staged.fault or item.fault
    if staged.fault is None and staged.held is not None:
        fault = await second_chance(context, item, staged.held) if fault else fault
    if fault is not None:
        lost = await quarantine_or_fail(context, replace(staged, fault=fault), item.judgement)
        await write_outcomes(context, [lost])
    await context.scratch.drop(item.id)


async def second_chance(context: TaskContext, item: Item, held: Held) -> Fault | None:
    """Convert for recovery, by the first way that works, and send; the final fault, None when it has arrived."""
    try:
        probed = await context.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return error.fault()
    fault = item.fault
    failed = item.judgement if fault and not fault.kind.startswith("dest.") else None
    for way in context.media.judge_recovery(probed.facts, context.job.recipe, failed):
        why = f"{way.why} ({item.fault.detail})" if item.fault else way.why
        made = await convert_item(context, item, held, replace(way, why=why))
        if isinstance(made, Shipment):
            return next((no.fault for no in await deliver(context, [made])), None)
        fault = made.fault
    return fault


async def finish(record: Record, destination: Destination, scratch: Scratch, page: Page) -> None:
    """Submit a `convert` task for each deferred item, `recover` for each refused one; the last task closes the job."""
    if await record.end_task():
        return
    job, _ = await record.begin()
    try:
        await destination.sweep(job)
        await page(job)
    except (
        PermanentError
    ) as error:  # everything is delivered: a page that cannot be written undoes nothing
        log.warning("closing_page_failed", extra={"job": job.id, "detail": error.detail})
    await scratch.close()
    await record.end_job()
