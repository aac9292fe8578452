"""The product on one page: source -> entry -> probe -> verdict -> (send now | defer) -> convert -> send -> recover.

Three tasks, each repeatable at any moment and on any machine: what must survive is in the ledger (`context.record`), an
effect outside is preceded by its intent and followed by its receipt. The page knows ports, never adapters.
"""

from collections.abc import Sequence
from dataclasses import replace

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from transload.errors import PermanentError, StalledError
from transload.kinds import Fault
from transload.model import (
    ALBUM_MAX,
    MEDIA_KINDS,
    Held,
    Item,
    ItemState,
    Judgement,
    Outcome,
    Recipe,
    Shipment,
    Verdict,
)
from transload.ports import Landed, Refusal, TaskContext
from transload.steps.outcomes import (
    OutcomeBatch,
    quarantine_or_fail,
    reconcile_intents,
    write_outcomes,
)
from transload.steps.prepare import UNTOUCHED, convert_item, equals_apart, untouched_shipment
from transload.steps.read import read_source
from transload.steps.refetch import fetch
from transload.steps.staging import StagedEntry

AHEAD, STAGED = 4, 64  # entries read before they are judged; items judged before they are sent
DELIVERED_BEFORE = "delivered before"


async def transfer(context: TaskContext) -> None:
    """Deliver all that can go at once, in entry order; what needs long work is left deferred, what failed refused."""
    await reconcile_intents(context.job, context.record, context.destination)
    await context.destination.sweep(context.job)
    staged_in, staged_out = anyio.create_memory_object_stream[StagedEntry](AHEAD)
    ready_in, ready_out = anyio.create_memory_object_stream[Shipment](STAGED)
    async with anyio.create_task_group() as group:
        group.start_soon(read_source, context, staged_in)
        group.start_soon(prepare, context, staged_out, ready_in)
        group.start_soon(send, context, ready_out)


async def prepare(
    context: TaskContext,
    entries: MemoryObjectReceiveStream[StagedEntry],
    ready: MemoryObjectSendStream[Shipment],
) -> None:
    """Judge each staged entry: what can be sent goes on, other outcomes are written in batches."""
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
    item, job, held = staged.item, context.job, staged.held
    if staged.skip is not None:
        return Outcome(item, ItemState.SKIPPED, staged.skip, kind=staged.kind)
    if staged.fault is not None or held is None:
        return await quarantine_or_fail(context, staged)
    if await delivered_before(context, item, held):
        return Outcome(item, ItemState.DUPLICATE, DELIVERED_BEFORE, held=held, kind=staged.kind)
    if item.judgement is not None:  # when it was deferred
        return await convert_item(context, item, held, item.judgement)
    if staged.kind not in MEDIA_KINDS or job.recipe is Recipe.ORIGINAL:
        untouched = replace(UNTOUCHED, kind=staged.kind)
        return await untouched_shipment(context, item, held, untouched)
    return await judged(context, staged, held)


async def judged(context: TaskContext, staged: StagedEntry, held: Held) -> Shipment | Outcome:
    """What becomes of a media file that was probed."""
    item, job = staged.item, context.job
    try:
        probed = await context.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return await quarantine_or_fail(context, replace(staged, fault=error.fault()))
    judgement = context.media.judge(probed.facts, job.recipe, job.hevc)
    if judgement.verdict is Verdict.AS_IS:
        return await untouched_shipment(context, item, held, judgement, probed.thumb)
    if judgement.verdict in (Verdict.SKIP, Verdict.UNSAVABLE):
        return await left_out(context, staged, held, judgement)
    if judgement.deferred:
        return Outcome(item, ItemState.DEFERRED, judgement.why, judgement, held)
    return await convert_item(context, item, held, judgement)


async def left_out(
    context: TaskContext, staged: StagedEntry, held: Held, found: Judgement
) -> Shipment | Outcome:
    """What nothing can be made of: untouched where all files are wanted, else skipped or kept in quarantine."""
    if context.job.files == "all":
        untouched = replace(UNTOUCHED, kind=found.kind)
        return await untouched_shipment(context, staged.item, held, untouched)
    if found.verdict is Verdict.SKIP:
        return Outcome(staged.item, ItemState.SKIPPED, found.why, found, held)
    return await quarantine_or_fail(context, replace(staged, fault=found.fault), found)


async def delivered_before(context: TaskContext, item: Item, held: Held) -> bool:
    """Whether an equal item was delivered here earlier and is still there."""
    twin = await context.record.duplicate_of(item, held.sha256)
    return bool(twin) and await context.destination.holds(twin or ())


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
    """Intent, act, receipt; the outcome is each item's own. Gives what the destination refused."""
    intents = await context.record.intend(batch, context.destination)
    answers = await context.destination.put(context.job, intents)
    landed = [answer for answer in answers if isinstance(answer, Landed)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    context.meter.leave(*(shipment.item.id for shipment in batch))
    await context.record.receive(landed)
    await context.record.refused(refused)
    meant = {intent.shipment.item.id for intent in intents}
    twins = [shipment.item for shipment in batch if shipment.item.id not in meant]
    known = [Outcome(twin, ItemState.DUPLICATE, DELIVERED_BEFORE) for twin in twins]
    await context.record.conclude(known)
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
    """Convert for recovery, by the first way that works, and send; gives the final fault, None when it has arrived."""
    try:
        probed = await context.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return error.fault()
    fault = item.fault
    failed = item.judgement if fault and not fault.kind.startswith("dest.") else None
    for way in context.media.judge_recovery(probed.facts, context.job.recipe, failed):
        told = f"{way.why} ({item.fault.detail})" if item.fault else way.why
        made = await convert_item(context, item, held, replace(way, why=told))
        if isinstance(made, Shipment):
            return next((no.fault for no in await deliver(context, [made])), None)
        fault = made.fault
    return fault
