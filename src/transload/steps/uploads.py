"""Files brought to a destination before their album is sent, one item at a time, in entry order."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from transload.errors import PermanentError, StagedGoneError
from transload.json_codec import JsonObject
from transload.model import Held, Intent, ItemState, Outcome, Shipment
from transload.ports import Refusal, Stager, TaskContext
from transload.steps.albums import sent_meanwhile, staging_again
from transload.steps.patience import once, patiently
from transload.steps.prepare import DELIVERED_BEFORE, delivered_before
from transload.steps.staging import Flush
from transload.steps.streams import EntryStream


class Uploader:
    """Brings shipments to a destination that takes files before their album; elsewhere they are ready as they are.

    `flush` sends a token down the stages of a transfer, where the bytes of what is refused go at once; without it
    nothing goes before, and the caller may still need them. `staged` is what waits for its album already.
    """

    def __init__(
        self,
        context: TaskContext,
        flush: Callable[[Flush], Awaitable[None]] | None = None,
        staged: Sequence[Intent] = (),
    ) -> None:
        self._context = context
        destination = context.destination
        self._stager = destination if isinstance(destination, Stager) else None  # asked once
        self._flush = flush
        # Contents that wait for their album.
        self._unsent = {one.shipment.item.sha256 for one in staged} - {None}
        self.refusals: list[Refusal] = []  # of what was brought last

    async def bring(self, shipment: Shipment) -> Shipment | Intent | None:
        """What can be delivered of it; None (and written) when it was refused or its content was sent meanwhile."""
        self.refusals = []
        if self._stager is not None or self._context.destination.powers.gathers:
            await self._after_equals(shipment.item.sha256)
        if self._stager is None:
            return shipment
        staged = await self._stage(self._stager, shipment)
        # Alone, its album may be refused, and what is kept then is still here.
        if self._flush is not None:
            await self._context.scratch.drop(shipment.item_id)
        return staged

    async def _after_equals(self, sha256: str | None) -> None:
        """Wait for the receipt of an equal content: whether this one is a duplicate is decided by it."""
        if not self._context.job.drops_equals or sha256 is None or self._flush is None:
            return
        if sha256 in self._unsent:
            token = Flush()
            await self._flush(token)
            await token.done.wait()
            self._unsent.clear()
        self._unsent.add(sha256)

    async def _stage(self, stager: Stager, shipment: Shipment) -> Intent | None:
        context = self._context
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
            return await self._stage_stream(intent, partial(once, context, act, among), stream)
        said = await patiently(context, act, stager.staging_scopes(context.job))
        context.meter.leave(intent.item_id)
        if isinstance(said, Refusal):
            await self._refuse(said)
            return None
        await context.record.staged(intent, said, None)
        return replace(intent, staged=said)

    async def _bring_there(self, stager: Stager, intent: Intent) -> JsonObject | Refusal:
        job = self._context.job
        try:
            return await stager.stage(job, intent, self._context.uploads(intent.item_id))
        except StagedGoneError as error:
            error.within(staging_again(job))
            raise

    async def _stage_stream(
        self,
        intent: Intent,
        act: Callable[[], Awaitable[JsonObject | Refusal]],
        stream: EntryStream,
    ) -> Intent | None:
        """As `_stage`, of bytes that can be had once: what their sums tell is known only after they went through."""
        context = self._context
        try:
            said = await act()
            context.meter.leave(intent.item_id)
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
        await self._after_equals(held.sha256)
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
