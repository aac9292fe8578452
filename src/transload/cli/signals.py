"""A clean end of what runs on the event loop, on Ctrl-C and SIGTERM."""

import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import anyio

from transload.cli.streams import leave_at_once, say
from transload.faults import EXIT_INTERRUPTED, EXIT_OK

LEAVE_S = 3.8  # a stop is clean within this time or it is ended: the ledger survives either


async def until_signal(act: Callable[[], Awaitable[int]], interrupted: str) -> int:
    """The exit status of `act`; 130 and the line `interrupted` when a signal ends it."""
    status, work = EXIT_OK, anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(_listen, work)
        with work:
            status = await act()
        group.cancel_scope.cancel()
    if work.cancel_called:
        say(interrupted, sys.stderr)
        return EXIT_INTERRUPTED
    return status


async def _listen(work: anyio.CancelScope) -> None:
    """Cancel the work at the first signal, end the process at the second.

    Also when the clean stop takes too long: a thread may hang in a dead network drive. A stop in time calls that off.
    """
    with _deadline() as late, anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if work.cancel_called:
                leave_at_once()
            work.cancel()
            late.start()


@contextmanager
def _deadline() -> Generator[threading.Timer, None, None]:
    """A timer that ends the process, called off at the end of the block."""
    late = threading.Timer(LEAVE_S, leave_at_once)
    late.daemon = True
    try:
        yield late
    finally:
        late.cancel()
