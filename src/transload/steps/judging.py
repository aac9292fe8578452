"""Judging staged entries: several at once by as many decoders, while they go on in their order."""

import anyio

from transload.errors import PermanentError, StalledError
from transload.faults import Fault
from transload.ports import TaskContext
from transload.steps.prepare import Judged, delivered_before, is_probed, judge
from transload.steps.staging import StagedEntry

Found = Judged | Fault | None
"""The verdict on an entry, or why there can be none; None where an equal was delivered before."""


class Judging:
    """The judging of one entry that was read whole: begun ahead of its turn, or else when its result is asked for."""

    def __init__(self, context: TaskContext, staged: StagedEntry) -> None:
        self.staged = staged
        self._context = context
        self._begun = False
        self._found: Found = None
        self._done = anyio.Event()

    @property
    def takes_long(self) -> bool:
        """Whether a decoder is asked, so that it is worth while to begin ahead."""
        staged = self.staged
        whole = staged.held is not None and staged.fault is None and staged.skip is None
        return whole and is_probed(self._context, staged)

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
        if await delivered_before(self._context, staged.item, held.sha256):
            return None
        try:
            return await judge(self._context, staged, held)
        except (PermanentError, StalledError) as error:
            return error.fault()
