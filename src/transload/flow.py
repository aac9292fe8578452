"""The product on one page: source -> entry -> probe -> verdict -> (send now | defer) -> convert -> send -> recover.

Three tasks, `transfer`, `convert` and `recover`; the worker (`jobs/worker.py`) runs one and then `finish`. Each may be
repeated at any moment: what must survive is in the ledger (`context.record`), an effect outside is preceded by its
intent and followed by its receipt. This module knows ports, never adapters.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream as Out
from anyio.streams.memory import MemoryObjectSendStream as In

from transload.faults import Fault
from transload.model import Held, Intent, ItemState, Outcome, Shipment, Verdict
from transload.ports import CloseJob, Record, Refusal, Scratch, TaskContext
from transload.steps.albums import Ready, act, batches, commit_album, unsent
from transload.steps.handover import Flush, arriving, pass_on
from transload.steps.judging import Judging, judging_of, judgings
from transload.steps.prepare import (
    DELIVERED_BEFORE,
    Decided,
    Judged,
    OutcomeBatch,
    convert_for_recovery,
    convert_item,
    quarantine_or_fail,
    streamed,
    untouched_shipment,
    write_outcomes,
)
from transload.steps.read import read_source
from transload.steps.refetch import refetch
from transload.steps.staging import EntryRun, StagedEntry
from transload.steps.uploads import Uploader

READ_AHEAD, JUDGE_AHEAD, SEND_AHEAD = 8, 3, 100  # runs read, entries judged, items decided
STAGE_AHEAD = 20  # items staged before they are sent: two albums


async def transfer(context: TaskContext) -> None:
    """Deliver all that can go at once, in entry order. Long work is left DEFERRED, what failed REFUSED."""
    staged = await resume(context)
    await context.destination.sweep(context.job)
    entries_in, entries_out = anyio.create_memory_object_stream[EntryRun | Flush](READ_AHEAD)
    judging_in, judging_out = anyio.create_memory_object_stream[Judging | Flush](JUDGE_AHEAD)
    shipments_in, shipments_out = anyio.create_memory_object_stream[Shipment | Flush](SEND_AHEAD)
    ready_in, ready_out = anyio.create_memory_object_stream[Ready](STAGE_AHEAD)
    stages = (
        partial(read_source, context, entries_in),
        partial(judge_ahead, context, entries_out, judging_in),
        partial(prepare, context, judging_out, shipments_in),
        partial(stage, Uploader(context, staged), shipments_out, ready_in),
        partial(send, context, ready_out, staged),
    )
    async with anyio.create_task_group() as group:
        for one in stages:
            group.start_soon(one)


async def resume(context: TaskContext, item_id: int | None = None) -> list[Intent]:
    """Deliver the albums that a killed run had formed, of all items or one; returns what it staged beside them."""
    left = await unsent(context, item_id)
    for album in left.albums:
        await deliver(context, album)
    return left.staged


async def judge_ahead(
    context: TaskContext, entries_out: Out[EntryRun | Flush], judging_in: In[Judging | Flush]
) -> None:
    """Begin to judge the next entries while one waits for its turn, so that no decoder idles; order is kept."""
    async with entries_out, judging_in, anyio.create_task_group() as group:
        async for judging in judgings(context, entries_out):
            if isinstance(judging, Judging) and judging.takes_long:
                group.start_soon(judging.begin)
            await pass_on(judging_in, judging)


async def prepare(
    context: TaskContext, judging_out: Out[Judging | Flush], shipments_in: In[Shipment | Flush]
) -> None:
    """What can be sent goes on to be sent; how the other entries end, or wait, is written in batches."""
    outcomes = OutcomeBatch(context)
    async with judging_out, shipments_in:
        async for judging in arriving(judging_out):
            if isinstance(judging, Flush):
                await outcomes.flush()
                await pass_on(shipments_in, judging)
            elif isinstance(made := await decide(context, judging, may_defer=True), Shipment):
                await pass_on(shipments_in, made)
            else:
                await outcomes.add(made)
        await outcomes.flush()


async def decide(context: TaskContext, judging: Judging, *, may_defer: bool) -> Decided:
    """The shipment an entry becomes, or the outcome of what is not sent now; one judged before keeps its judgement."""
    staged, item, held = judging.staged, judging.staged.item, judging.staged.held
    if staged.skip is not None:
        return Outcome(item, ItemState.SKIPPED, staged.skip, kind=staged.kind)
    if staged.fault is not None or held is None:
        return streamed(staged) or await quarantine_or_fail(context, staged)
    found = await judging.found()
    if found is None:
        return Outcome(item, ItemState.DUPLICATE, DELIVERED_BEFORE, held=held, kind=staged.kind)
    if isinstance(found, Fault):
        return await quarantine_or_fail(context, replace(staged, fault=found))
    if found.judgement.deferred and may_defer:
        return Outcome(item, ItemState.DEFERRED, found.judgement.why, found.judgement, held)
    return await act_on(context, staged, held, found)


async def act_on(context: TaskContext, staged: StagedEntry, held: Held, judged: Judged) -> Decided:
    """What the verdict asks for, done now."""
    item, judgement = staged.item, judged.judgement
    if judgement.verdict is Verdict.AS_IS:
        return await untouched_shipment(context, item, held, judged)
    if judgement.verdict is Verdict.SKIP:
        return Outcome(item, ItemState.SKIPPED, judgement.why, judgement, held)
    if judgement.verdict is Verdict.UNSAVABLE:
        return await quarantine_or_fail(context, replace(staged, fault=judgement.fault), judgement)
    return await convert_item(context, item, held, judgement)


async def stage(
    uploader: Uploader, shipments_out: Out[Shipment | Flush], ready_in: In[Ready]
) -> None:
    """Where a destination takes files before their album, bring them there while the album before is being sent."""
    async with shipments_out, ready_in:
        await uploader.bring_all(shipments_out, ready_in)


async def send(context: TaskContext, ready_out: Out[Ready], staged: Sequence[Intent]) -> None:
    """Deliver in entry order: what is ready just now, or gathered albums as soon as they are full."""
    async with ready_out:
        async for batch in batches(context, ready_out, staged):
            await deliver(context, batch)
            await context.scratch.drop(*(one.item_id for one in batch))


async def deliver(context: TaskContext, batch: Sequence[Shipment | Intent]) -> list[Refusal]:
    """Intent, act, receipt; the outcome is each item's own. Returns the refusals, which are written already."""
    intents = await commit_album(context, batch)
    return await act(context, intents)


async def convert(context: TaskContext, item_id: int) -> None:
    """Convert a DEFERRED item, or one PENDING again whose original was kept, and send it; what fails is REFUSED."""
    await resume(context, item_id)
    item = await context.record.item(item_id)
    if item.state not in (ItemState.DEFERRED, ItemState.PENDING):
        return
    staged = await refetch(context, item)
    made = await decide(context, await judging_of(context, staged), may_defer=False)
    if isinstance(made, Outcome):
        await write_outcomes(context, [made])
    else:
        await send_alone(context, made)
        await context.scratch.drop(item.id)


async def send_alone(context: TaskContext, shipment: Shipment) -> list[Refusal]:
    """Bring and deliver what was made of one item by itself."""
    uploader = Uploader(context)
    ready = await uploader.bring(shipment)
    return uploader.refusals if ready is None else await deliver(context, [ready])


async def recover(context: TaskContext, item_id: int) -> None:
    """The one second chance: convert for recovery and send again, else keep the original with the reason."""
    await resume(context, item_id)
    item = await context.record.item(item_id)
    if item.state is not ItemState.REFUSED:
        return
    staged = await refetch(context, item)
    had_it = item.fault if item.recovered else None  # then a kill came before its quarantine
    made = had_it or await convert_for_recovery(context, item, staged)
    refusals = await send_alone(context, made) if isinstance(made, Shipment) else []
    fault = made if isinstance(made, Fault) else next((one.fault for one in refusals), None)
    if fault is not None:
        lost = await quarantine_or_fail(context, replace(staged, fault=fault), item.judgement)
        await write_outcomes(context, [lost])
    await context.scratch.drop(item.id)


async def finish(record: Record, scratch: Scratch, close_there: CloseJob) -> None:
    """End a task: submit `convert` for DEFERRED items, `recover` for REFUSED ones; with none left, close the job."""
    if await record.end_task():
        return
    job, _ = await record.begin()  # read anew: its sums have changed
    await close_there(job)
    await scratch.close()
    await record.end_job()
