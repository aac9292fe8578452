"""Judging staged entries: several at once by as many decoders, while they go on in their order."""

from collections.abc import AsyncIterator

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from transload.errors import PermanentError, StalledError
from transload.faults import Fault
from transload.ports import TaskContext
from transload.steps.handover import Flush
from transload.steps.prepare import Judged, delivered_before, is_probed, judge, sums_of
from transload.steps.staging import EntryRun, StagedEntry

Found = Judged | Fault | None
"""The verdict on an entry, or why there can be none; None where an equal was delivered before."""


class Judging:
    """The judging of one entry that was read whole: begun ahead of its turn, or else when its result is asked for."""

    def __init__(self, context: TaskContext, staged: StagedEntry, *, was_delivered: bool) -> None:
        self.staged = staged
        self._context = context
        self._was_delivered = was_delivered
        self._begun = False
        self._found: Found = None
        self._done = anyio.Event()

    @property
    def takes_long(self) -> bool:
        """Whether a decoder is asked, so that it is worth while to begin ahead."""
        staged = self.staged
        whole = staged.held is not None and staged.fault is None and staged.skip is None
        return whole and not self._was_delivered and is_probed(self._context, staged)

    async def begin(self) -> None:
        """Judge it now, once. Raises what says nothing of the entry: a full disk, a lost lease."""
        if self._begun:
            return
        self._begun = True
        self._found = await self._judge()
        self._done.set()

    async def found(self) -> Found:
        """What was found, waited for."""
        await self.begin()
        await self._done.wait()
        return self._found

    async def _judge(self) -> Found:
        staged, held = self.staged, self.staged.held
        assert held is not None
        if self._was_delivered:
            return None
        try:
            return await judge(self._context, staged, held)
        except (PermanentError, StalledError) as error:
            return error.fault()


async def judgings(
    context: TaskContext, entries: MemoryObjectReceiveStream[EntryRun | Flush]
) -> AsyncIterator[Judging | Flush]:
    """A judging for each entry, none begun; of all that wait just now it is asked at once what was delivered before."""
    async for first in entries:
        waiting: list[EntryRun | Flush] = [first]
        while not isinstance(waiting[-1], Flush) and entries.statistics().current_buffer_used:
            waiting.append(entries.receive_nowait())
        flush = waiting.pop() if isinstance(waiting[-1], Flush) else None
        run = [staged for one in waiting if not isinstance(one, Flush) for staged in one]
        before = await delivered_before(context, sums_of(run))
        for staged in run:
            yield Judging(context, staged, was_delivered=staged.item.id in before)
        if isinstance(flush, Flush):
            yield flush


async def judging_of(context: TaskContext, staged: StagedEntry) -> Judging:
    """The judging of one entry."""
    before = await delivered_before(context, sums_of([staged]))
    return Judging(context, staged, was_delivered=bool(before))
