"""Files brought to a destination before their album is sent, two items at a time, handed on in entry order."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from transload.errors import PermanentError, StagedGoneError
from transload.json_codec import JsonObject
from transload.model import Held, Intent, ItemState, Outcome, Progress, Shipment
from transload.ports import Meter, Refusal, Stager, TaskContext, Upload, Uploads
from transload.steps.albums import Ready, sent_meanwhile, staging_again
from transload.steps.handover import Flush, arriving, pass_on
from transload.steps.patience import once, patiently
from transload.steps.prepare import DELIVERED_BEFORE, delivered_before
from transload.steps.streams import EntryStream

AT_ONCE = 2  # items on their way: while one is looked at there, the parts of the next travel
SHOWN_BYTES = 8 << 20  # what takes no longer than a photo needs no bar of its own


@dataclass(slots=True)
class Place:
    """One item's place in the order: what it gives to the next stage, and tokens that must go before it."""

    number: int
    _given: list[Ready] = field(default_factory=list[Ready])
    _is_over: bool = False
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def give(self, one: Ready) -> None:
        """Hand on, once everything before this place was."""
        self._given.append(one)
        self._changed.set()

    async def flush(self, token: Flush) -> None:
        """Hand on a token: what stands before is to be delivered."""
        self.give(token)

    def close(self) -> None:
        """There will be no more."""
        self._is_over = True
        self._changed.set()

    async def all_given(self) -> AsyncGenerator[Ready]:
        """What is given, as it comes, to its end."""
        while self._given or not self._is_over:
            if not self._given:
                await self._changed.wait()
                self._changed = anyio.Event()
            while self._given:
                yield self._given.pop(0)


class Uploader:
    """Brings shipments to a destination that takes files before their album; elsewhere they are ready as they are.

    `staged` is what waits for its album already.
    """

    def __init__(self, context: TaskContext, staged: Sequence[Intent] = ()) -> None:
        self._context = context
        destination = context.destination
        self._stager = destination if isinstance(destination, Stager) else None  # asked once
        self._numbers = count(1)
        # Contents that wait for their album, by the place of the last of each.
        self._unsent = {one.shipment.item.sha256: 0 for one in staged}
        self.refusals: list[Refusal] = []  # of what was brought alone

    async def bring_all(
        self,
        shipments: MemoryObjectReceiveStream[Shipment | Flush],
        ready: MemoryObjectSendStream[Ready],
    ) -> None:
        """Bring what comes to the end of the stage before, and hand on in its order what can be delivered of it."""
        if self._stager is None:
            await self._gather(shipments, ready)
            return
        begun_in, begun_out = anyio.create_memory_object_stream[Place](AT_ONCE - 1)
        async with anyio.create_task_group() as group, begun_out:
            group.start_soon(self._begin_all, self._stager, shipments, begun_in)
            async for place in arriving(begun_out):
                async for made in place.all_given():
                    await pass_on(ready, made)

    async def _gather(
        self,
        shipments: MemoryObjectReceiveStream[Shipment | Flush],
        ready: MemoryObjectSendStream[Ready],
    ) -> None:
        """Where nothing is brought: all of it is ready, an equal content once the first has its receipt."""
        async for one in arriving(shipments):
            if isinstance(one, Shipment) and self._context.destination.powers.gathers:
                await self._after_equals(one.item.sha256, next(self._numbers), ready.send)
            await pass_on(ready, one)

    async def _begin_all(
        self,
        stager: Stager,
        shipments: MemoryObjectReceiveStream[Shipment | Flush],
        begun: MemoryObjectSendStream[Place],
    ) -> None:
        async with begun, anyio.create_task_group() as group:
            async for one in arriving(shipments):
                place = Place(next(self._numbers))
                await begun.send(place)
                if isinstance(one, Shipment) and isinstance(one.parcels[0].blob, EntryStream):
                    await self._bring_to(stager, one, place)  # what it equals is known at its end
                else:
                    group.start_soon(self._bring_to, stager, one, place)

    async def _bring_to(self, stager: Stager, one: Shipment | Flush, place: Place) -> None:
        """Bring one in its place; what is refused gives up its bytes, too."""
        made: Ready | None = one if isinstance(one, Flush) else None
        if isinstance(one, Shipment):
            made = await self._stage(stager, one, place)
            await self._context.scratch.drop(one.item_id)
        if made is not None:
            place.give(made)
        place.close()

    async def bring(self, shipment: Shipment) -> Shipment | Intent | None:
        """What can be delivered of one by itself; None (and written) when it was refused or its content was sent.

        Its album may be refused, too, and what is kept then is still here: its bytes stay.
        """
        self.refusals = []
        if self._stager is None:
            return shipment
        return await self._stage(self._stager, shipment, None)

    async def _after_equals(
        self, sha256: str | None, number: int, give: Callable[[Flush], Awaitable[None]]
    ) -> None:
        """Wait for the receipt of an equal content: whether this one is a duplicate is decided by it."""
        if not self._context.job.drops_equals or sha256 is None:
            return
        if sha256 in self._unsent:
            token = Flush()
            await give(token)
            await token.done.wait()
            self._unsent = {one: place for one, place in self._unsent.items() if place > number}
        self._unsent[sha256] = number

    async def _stage(
        self, stager: Stager, shipment: Shipment, place: Place | None
    ) -> Intent | None:
        context = self._context
        if place is not None:
            await self._after_equals(shipment.item.sha256, place.number, place.flush)
        intents = await context.record.intend([shipment], context.destination)
        await context.record.conclude(sent_meanwhile([shipment], intents))
        stream = shipment.parcels[0].blob
        if not intents:
            if isinstance(stream, EntryStream):
                stream.close()
            return None
        (intent,) = intents
        act = partial(self._bring_there, stager, intent)
        if isinstance(stream, EntryStream):
            among = stager.staging_scopes(context.job)
            act = partial(once, context, act, among)
            return await self._stage_stream(intent, act, stream, place)
        said = await patiently(context, act, stager.staging_scopes(context.job))
        if isinstance(said, Refusal):
            await self._refuse(said)
            return None
        await context.record.staged(intent, said, None)
        return replace(intent, staged=said)

    async def _bring_there(self, stager: Stager, intent: Intent) -> JsonObject | Refusal:
        context, job = self._context, self._context.job
        uploads = MeteredUploads(context.uploads(intent.item_id), context.meter, intent)
        try:
            return await stager.stage(job, intent, uploads)
        except StagedGoneError as error:
            error.within(staging_again(job))
            raise

    async def _stage_stream(
        self,
        intent: Intent,
        act: Callable[[], Awaitable[JsonObject | Refusal]],
        stream: EntryStream,
        place: Place | None,
    ) -> Intent | None:
        """As `_stage`, of bytes that can be had once: what their sums tell is known only after they went through."""
        context = self._context
        try:
            said = await act()
            fault = None if isinstance(said, Refusal) else await stream.end()
        except PermanentError:
            if stream.fault is None:
                raise
            said, fault = {}, stream.fault
        finally:
            stream.close()
        if fault is not None:  # the recovery reads it again, and keeps what can be had of it
            said = Refusal(intent.item_id, fault)
        if isinstance(said, Refusal):
            await self._refuse(said)
            return None
        read, item = stream.read, intent.shipment.item
        held = Held(Path(), read.size_bytes, read.crc32, read.sha256)
        if place is not None:
            await self._after_equals(held.sha256, place.number, place.flush)
        if await delivered_before(context, {item.id: (item, held.sha256)}):
            twin = Outcome(item, ItemState.DUPLICATE, DELIVERED_BEFORE, held=held)
            await context.record.conclude([twin])
            return None
        item = replace(item, sha256=held.sha256)
        await context.record.staged(intent, said, stream.read)
        return replace(intent, shipment=replace(intent.shipment, item=item), staged=said)

    async def _refuse(self, refusal: Refusal) -> None:
        await self._context.record.refused([refusal])
        self.refusals = [refusal]


@dataclass(slots=True)
class MeteredUploads:
    """The uploads of an item, told to the meter as they go: of large files, how many bytes have arrived."""

    inner: Uploads
    meter: Meter
    intent: Intent
    _arrived: dict[int, int] = field(default_factory=dict[int, int])
    _part_bytes: int = 0

    async def begin(self, n: int, file_id: str, size_bytes: int, part_bytes: int) -> Upload:
        """As the port says."""
        upload = await self.inner.begin(n, file_id, size_bytes, part_bytes)
        self._part_bytes = part_bytes
        self._tell(n, len(upload.done))
        return upload

    async def add(self, n: int, sums: Mapping[int, int]) -> None:
        """As the port says."""
        await self.inner.add(n, sums)
        self._tell(n, self._arrived.get(n, 0) + len(sums))

    async def forget(self, n: int) -> None:
        """As the port says."""
        await self.inner.forget(n)
        self._tell(n, 0)

    def _tell(self, n: int, parts: int) -> None:
        self._arrived[n] = parts
        item = self.intent.shipment.item
        total = sum(one.size_bytes for one in self.intent.shipment.parcels)
        if total < SHOWN_BYTES:
            return
        done = min(total, sum(self._arrived.values()) * self._part_bytes)
        self.meter.weigh(item.id, item.size or total)
        self.meter.under_way(item.id, Progress("upload", done, total, "bytes"), item.name)
