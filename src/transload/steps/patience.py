"""Acts at a destination that may have to wait: for what the other side asks, or until the network is back."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias, TypeVar

import anyio

from transload.errors import TransientError, WaitingError
from transload.ports import TaskContext
from transload.retry import SIT_OUT_S

T = TypeVar("T")
Act: TypeAlias = Callable[[], Awaitable[T]]
Scopes: TypeAlias = Collection[str] | None
"""Those that hold an act up; None: all of the job."""

LOOK_S = 1.0  # a clock that was set meanwhile is noticed after so long


async def patiently(context: TaskContext, act: Act[T], among: Scopes = None) -> T:
    """What the act returns, after the waits of the job's scopes; a wait that it raises is written, for all jobs.

    An act that only some scopes hold up names them in `among`; whatever it raises itself it waits for, too.
    Raises WaitingError where a wait is longer than `SIT_OUT_S`: the task is taken up again when it is over.
    """
    while True:
        try:
            return await once(context, act, among)
        except WaitingError as error:
            if error.wait.left_s > SIT_OUT_S:
                raise
            among = among if among is None else {*among, error.wait.scope}


async def once(context: TaskContext, act: Act[T], among: Scopes = None) -> T:
    """As `patiently`, of an act that cannot be repeated here: any wait that it raises frees the slot of the task."""
    await _sit_out(context, among)
    since_ms = context.waits.now_ms()
    try:
        return await act()
    except TransientError as error:
        if error.scope is None:
            raise
        raise WaitingError(await context.waits.add(error, since_ms)) from error


async def _sit_out(context: TaskContext, among: Scopes) -> None:
    while (wait := await context.waits.longest(among)) is not None:
        if wait.left_s > SIT_OUT_S:
            raise WaitingError(wait)
        await anyio.sleep(min(wait.left_s, LOOK_S))
