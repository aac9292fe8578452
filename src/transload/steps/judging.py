"""Judging staged entries: several at once by as many decoders, while they go on in their order."""

from collections.abc import Mapping

import anyio

from transload.errors import PermanentError, StalledError
from transload.faults import Fault
from transload.model import Held
from transload.ports import TaskContext
from transload.steps.prepare import Judged, delivered_before, is_probed, judge, sums_of
from transload.steps.staging import EntryRun, StagedEntry

Found = Judged | Fault | None
"""The verdict on an entry, or why there can be none; None where an equal was delivered before."""


class Judging:
    """The judging of a run of entries: begun ahead of its turn, or else when its findings are asked for."""

    def __init__(self, context: TaskContext, run: EntryRun) -> None:
        self.run = run
        self._context = context
        self._sums = sums_of(run)
        self._findings: dict[int, Found] = {}
        self._begun = False
        self._done = anyio.Event()

    @property
    def takes_long(self) -> bool:
        """Whether a decoder is asked, so that it is worth while to begin ahead."""
        return any(one.item.id in self._sums and is_probed(self._context, one) for one in self.run)

    async def begin(self) -> None:
        """Judge them now, once. Raises what says nothing of the entries: a full disk, a lost lease."""
        if self._begun:
            return
        self._begun = True
        before = await delivered_before(self._context, self._sums)
        for one in self.run:
            if one.held is not None and one.item.id in self._sums:
                is_new = one.item.id not in before
                self._findings[one.item.id] = await self._judge(one, one.held) if is_new else None
        self._done.set()

    async def findings(self) -> Mapping[int, Found]:
        """What was found, waited for, of those that are here as they should be, by the id of the item."""
        await self.begin()
        await self._done.wait()
        return self._findings

    async def _judge(self, staged: StagedEntry, held: Held) -> Found:
        try:
            return await judge(self._context, staged, held)
        except (PermanentError, StalledError) as error:
            return error.fault()
