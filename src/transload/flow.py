"""The product on one page: source -> entry -> probe -> verdict -> (send now | defer) -> convert -> send -> recover.

Three tasks, each repeatable at any moment and on any machine: what must survive is in the ledger (`bench.record`), an
effect outside is preceded by its intent and followed by its receipt. The page knows ports, never adapters.
"""

from collections.abc import Sequence
from dataclasses import replace

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from transload.aside import Aside, put_aside
from transload.errors import ConvertError, PermanentError, StalledError
from transload.fetching import fetch
from transload.intake import read_source
from transload.kinds import Fault
from transload.making import as_it_is, converted
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
from transload.packing import UNTOUCHED, equals_apart
from transload.ports import Bench, Landed, Refusal
from transload.settle import settle_intents
from transload.states import lost_as
from transload.taking import Load

AHEAD, STAGED = 4, 64  # entries read before they are judged; items judged before they are sent
TWIN = "delivered before"


async def transfer(bench: Bench) -> None:
    """Deliver all that can go at once, in entry order; what needs long work is left deferred, what failed refused."""
    await settle_intents(bench.job, bench.record, bench.destination)
    await bench.destination.sweep(bench.job)
    loads_in, loads_out = anyio.create_memory_object_stream[Load](AHEAD)
    ready_in, ready_out = anyio.create_memory_object_stream[Shipment](STAGED)
    async with anyio.create_task_group() as group:
        group.start_soon(read_source, bench, loads_in)
        group.start_soon(prepare, bench, loads_out, ready_in)
        group.start_soon(send, bench, ready_out)


async def prepare(
    bench: Bench, loads: MemoryObjectReceiveStream[Load], ready: MemoryObjectSendStream[Shipment]
) -> None:
    """Judge each load: what can go goes on, the rest is written down in batches."""
    aside = Aside(bench)
    async with loads, ready:
        async for load in loads:
            decided = await decide(bench, load)
            if isinstance(decided, Shipment):
                await ready.send(decided)
            else:
                await aside.add(decided)
        await aside.flush()


async def decide(bench: Bench, load: Load) -> Shipment | Outcome:
    """The shipment an entry becomes, or the outcome that keeps it out of the immediate path."""
    item, job, held = load.item, bench.job, load.held
    if load.skip is not None:
        return Outcome(item, ItemState.SKIPPED, load.skip, kind=load.kind)
    if load.fault is not None or held is None:
        return await lose(bench, load)
    if await delivered_before(bench, item, held):
        return Outcome(item, ItemState.DUPLICATE, TWIN, held=held, kind=load.kind)
    if item.judgement is not None:  # when it was deferred
        return await converted(bench, item, held, item.judgement)
    if load.kind not in MEDIA_KINDS or job.recipe is Recipe.ORIGINAL:
        return await as_it_is(bench, load.item, held, replace(UNTOUCHED, kind=load.kind))
    return await judged(bench, load, held)


async def judged(bench: Bench, load: Load, held: Held) -> Shipment | Outcome:
    """What becomes of a media file that was probed."""
    item, job = load.item, bench.job
    try:
        probed = await bench.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return await lose(bench, replace(load, fault=error.fault()))
    judgement = bench.media.judge(probed.facts, job.recipe, job.hevc)
    if judgement.verdict is Verdict.AS_IS:
        return await as_it_is(bench, item, held, judgement, probed.thumb)
    if judgement.verdict in (Verdict.SKIP, Verdict.UNSAVABLE):
        return await left_out(bench, load, held, judgement)
    if judgement.deferred:
        return Outcome(item, ItemState.DEFERRED, judgement.why, judgement, held)
    return await converted(bench, item, held, judgement)


async def left_out(bench: Bench, load: Load, held: Held, found: Judgement) -> Shipment | Outcome:
    """What nothing can be made of: untouched where all files are wanted, else skipped or kept in quarantine."""
    if bench.job.files == "all":
        return await as_it_is(bench, load.item, held, replace(UNTOUCHED, kind=found.kind))
    if found.verdict is Verdict.SKIP:
        return Outcome(load.item, ItemState.SKIPPED, found.why, found, held)
    return await lose(bench, replace(load, fault=found.fault), found)


async def delivered_before(bench: Bench, item: Item, held: Held) -> bool:
    """Whether an equal item was delivered here earlier and is still there."""
    twin = await bench.record.twin(item, held.sha256)
    return bool(twin) and await bench.destination.holds(twin or ())


async def lose(bench: Bench, load: Load, judgement: Judgement | None = None) -> Outcome:
    """The outcome of what cannot be saved: kept in quarantine; failed without bytes; left pending for a password."""
    found = load.fault or ConvertError("nothing could be read").fault()
    item, fault, state = load.item, replace(found, item=load.item.name), ItemState.QUARANTINED
    if load.held is None:
        return Outcome(item, lost_as(fault), fault.detail, judgement, None, fault, load.kind)
    await bench.record.keep(item, load.held, fault)
    return Outcome(item, state, fault.detail, judgement, load.held, fault, load.kind)


async def send(bench: Bench, ready: MemoryObjectReceiveStream[Shipment]) -> None:
    """Deliver what is ready, up to an album at once, in entry order."""
    async with ready:
        async for first in ready:
            batch = [first]
            while len(batch) < ALBUM_MAX and ready.statistics().current_buffer_used:
                batch.append(ready.receive_nowait())
            for part in equals_apart(batch) if bench.job.drops_equals else [batch]:
                await deliver(bench, part)
            await bench.scratch.drop(*(shipment.item.id for shipment in batch))


async def deliver(bench: Bench, batch: Sequence[Shipment]) -> list[Refusal]:
    """Intent, act, receipt; the outcome is each item's own. Gives what the destination refused."""
    intents = await bench.record.intend(batch, bench.destination)
    answers = await bench.destination.put(bench.job, intents)
    landed = [answer for answer in answers if isinstance(answer, Landed)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    bench.meter.leave(*(shipment.item.id for shipment in batch))
    await bench.record.receive(landed)
    await bench.record.refused(refused)
    meant = {intent.shipment.item.id for intent in intents}
    twins = [shipment.item for shipment in batch if shipment.item.id not in meant]
    await bench.record.conclude([Outcome(twin, ItemState.DUPLICATE, TWIN) for twin in twins])
    return refused


async def convert(bench: Bench, item_id: int) -> None:
    """Convert a deferred item, or judge a kept original anew, and send it; a failure leaves it refused."""
    await settle_intents(bench.job, bench.record, bench.destination)
    item = await bench.record.item(item_id)
    if item.state not in (ItemState.DEFERRED, ItemState.PENDING):
        return
    load = await fetch(bench, item)
    made = await decide(bench, load)
    if isinstance(made, Outcome) and made.state is ItemState.DEFERRED:  # judged anew, its turn now
        made = await decide(bench, replace(load, item=replace(item, judgement=made.judgement)))
    if isinstance(made, Outcome):
        await put_aside(bench, [made])
    else:
        await deliver(bench, [made])
        await bench.scratch.drop(item.id)


async def recover(bench: Bench, item_id: int) -> None:
    """The one second chance: convert for recovery and send again, else keep the original with the reason."""
    await settle_intents(bench.job, bench.record, bench.destination)
    item = await bench.record.item(item_id)
    if item.state is not ItemState.REFUSED:
        return
    load = await fetch(bench, item)
    fault = load.fault or item.fault
    if load.fault is None and load.held is not None:
        fault = await second_chance(bench, item, load.held) if fault else fault
    if fault is not None:
        await put_aside(bench, [await lose(bench, replace(load, fault=fault), item.judgement)])
    await bench.scratch.drop(item.id)


async def second_chance(bench: Bench, item: Item, held: Held) -> Fault | None:
    """Convert for recovery, by the first way that works, and send; gives the final fault, None when it has arrived."""
    try:
        probed = await bench.media.probe(held.path, item.name)
    except (PermanentError, StalledError) as error:
        return error.fault()
    fault = item.fault
    failed = item.judgement if fault and not fault.kind.startswith("dest.") else None
    for way in bench.media.judge_recovery(probed.facts, bench.job.recipe, failed):
        told = f"{way.why} ({item.fault.detail})" if item.fault else way.why
        made = await converted(bench, item, held, replace(way, why=told))
        if isinstance(made, Shipment):
            return next((no.fault for no in await deliver(bench, [made])), None)
        fault = made.fault
    return fault
