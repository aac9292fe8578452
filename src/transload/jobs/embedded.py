"""The engine inside this process: takes due tasks from the ledger by lane and runs them as coroutines."""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from transload.ledger.tasks import Leases
from transload.model import Lane, Task
from transload.ports import Clock, Handler

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often is looked for tasks that were cancelled or paused, and for those of other processes.

What this process submits wakes it at once.
"""
GIVE_BACK_S = 5.0  # a clean stop may take this long to free its leases


class EmbeddedEngine:
    """Runs the tasks that `leases` may take; at most `slots[lane]` of a lane at once."""

    def __init__(
        self,
        leases: Leases,
        clock: Clock,
        slots: dict[Lane, int],
        convert_when: Literal["idle", "always"],
        heartbeat_s: float,
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._slots = slots
        self._convert_when = convert_when
        self._heartbeat_s = heartbeat_s
        self._running: dict[int, tuple[Task, anyio.CancelScope]] = {}
        self._giving: set[int] = set()
        self._woken = anyio.Event()

    async def submit(self, task_id: int) -> None:  # noqa: ARG002  which task is next, lanes and priorities say
        """Look for due tasks now: this one may be among them."""
        self._woken.set()

    async def run(self, handler: Handler) -> None:
        """Serve tasks until cancelled; then its running tasks end and their leases are free for others at once."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._heartbeat)
            group.start_soon(self._watch)
            while True:
                await self._fill(group, handler)
                await self._woken.wait()
                self._woken = anyio.Event()

    async def _fill(self, group: TaskGroup, handler: Handler) -> None:
        for lane in (Lane.TRANSFER, Lane.CONVERT):
            while self._has_room(lane) and await self._may_start(lane):
                task = await self._leases.take(lane, list(self._held()))
                if task is None:
                    break
                scope = anyio.CancelScope()
                self._running[task.id] = (task, scope)
                group.start_soon(self._serve, task, scope, handler)

    def _busy(self, lane: Lane) -> int:
        return sum(task.lane is lane for task, _ in self._running.values())

    def _has_room(self, lane: Lane) -> bool:
        """Whether a task of the lane could run beside those that do."""
        return self._busy(lane) < self._slots[lane] and not (
            self._makes_way(lane) and self._busy(Lane.TRANSFER)
        )

    def _makes_way(self, lane: Lane) -> bool:
        return lane is Lane.CONVERT and self._convert_when == "idle"

    async def _may_start(self, lane: Lane) -> bool:
        """A conversion starts only when nothing that can be sent at once is waiting or under way."""
        if not self._makes_way(lane):
            return True
        return not self._busy(Lane.TRANSFER) and not await self._leases.transfer_waits()

    async def _should_yield(self, task: Task, left: float) -> bool:
        """Whether a shorter conversion could start in place of this one; asked by two at once, one gives way."""
        if self._giving or self._busy(task.lane) < self._slots[task.lane]:
            return False
        self._giving.add(task.id)
        held = list(self._held())
        if await self._may_start(task.lane) and await self._leases.shorter_waits(task, left, held):
            return True
        self._giving.discard(task.id)
        return False

    async def _serve(self, task: Task, scope: anyio.CancelScope, handler: Handler) -> None:
        try:
            with scope:
                await handler(task, partial(self._should_yield, task))
        finally:
            # Still ours only when the handler was cut off; else the row is gone or has a due time of its own.
            with anyio.CancelScope(shield=True), anyio.move_on_after(GIVE_BACK_S):
                await self._leases.release(task, self._clock())
            self._running.pop(task.id, None)
            self._giving.discard(task.id)
            self._woken.set()

    def _held(self) -> Iterable[Task]:
        return (task for task, _ in self._running.values())

    async def _heartbeat(self) -> None:
        while True:
            await anyio.sleep(self._heartbeat_s)
            self._drop(await self._leases.keep(list(self._held())))

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(LOOK_S)
            free = [lane for lane in Lane if self._has_room(lane)]
            news = await self._leases.look(list(self._held()), free)
            self._drop(news.lost)
            if news.due:
                self._woken.set()

    def _drop(self, lost: Iterable[int]) -> None:
        for task_id in lost:
            if task_id in self._running:
                log.info("task_revoked", extra={"task": task_id})
                self._running[task_id][1].cancel()
