"""Files brought to a destination before their album is sent, one item at a time, in entry order."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from transload.model import Intent, Shipment
from transload.ports import Refusal, Stager, TaskContext
from transload.steps.albums import sent_meanwhile
from transload.steps.patience import patiently
from transload.steps.staging import Flush


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
        self._flush = flush
        # Contents that wait for their album.
        self._unsent = {one.shipment.item.sha256 for one in staged} - {None}
        self.refusals: list[Refusal] = []  # of what was brought last

    async def bring(self, shipment: Shipment) -> Shipment | Intent | None:
        """What can be delivered of it; None (and written) when it was refused or its content was sent meanwhile."""
        self.refusals = []
        if self._context.destination.powers.gathers:
            await self._after_equals(shipment)
        if not isinstance(self._context.destination, Stager):
            return shipment
        return await self._stage(self._context.destination, shipment)

    async def _after_equals(self, shipment: Shipment) -> None:
        """Wait for the receipt of an equal content: whether this one is a duplicate is decided by it."""
        sha256 = shipment.item.sha256
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
        for intent in intents:
            uploads = context.uploads(intent.item_id)
            act = partial(stager.stage, context.job, intent, uploads)
            said = await patiently(context, act, stager.staging_scopes(context.job))
            context.meter.leave(intent.item_id)
            if isinstance(said, Refusal):
                await context.record.refused([said])
                self.refusals = [said]
                break
            await context.record.staged(intent, said, None)
            await self._let_go(shipment)
            return replace(intent, staged=said)
        await self._let_go(shipment)
        return None

    async def _let_go(self, shipment: Shipment) -> None:
        """Free its scratch at once, unless it is brought alone: its album may be refused, and it be kept then."""
        if self._flush is not None:
            await self._context.scratch.drop(shipment.item_id)
