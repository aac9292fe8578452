"""A bound on the CPU time of a piece of work in this process: what hangs is stopped and told."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(BaseException):
    """The work took longer than it may. No `Exception`: the code under test must not catch it."""


@contextmanager
def within_cpu_s(seconds: float) -> Iterator[None]:
    """Raise TooSlowError when what is done inside takes more CPU than that; main thread only.

    CPU and not the clock: another process on the machine makes nobody guilty.
    """
    before = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError("more CPU than one case may take")
