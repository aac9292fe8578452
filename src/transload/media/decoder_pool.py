"""Several decoder children side by side: each is started when those that run are busy, all end together."""

import contextlib
import os

import anyio

from transload.media.decoder import Decoder, DecoderLimits
from transload.media.requests import A, Operation, R
from transload.processes.registry import NO_REGISTRY, ChildRegistry

MOST = 4
"""Children at once by default: each holds about 30 MiB, and one reader feeds no more of them."""


def decoders_for_cores() -> int:
    """One for each core that this process may use, at most `MOST`."""
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(usable(0)) if usable is not None else os.cpu_count() or 1
    return min(cores, MOST)


class DecoderPool:
    """At most `most` children. A request goes to the one used last that is free, so further ones stay unstarted.

    Heavy requests are answered one after the other: what two would take is not within the memory of one.
    """

    def __init__(
        self,
        limits: DecoderLimits | None = None,
        registry: ChildRegistry = NO_REGISTRY,
        *,
        most: int = 1,
    ) -> None:
        self.most = most
        self._free = [Decoder(limits or DecoderLimits(), registry) for _ in range(most)]
        self._all = tuple(self._free)
        self._turn = anyio.Semaphore(most)
        self._heavy = anyio.Lock()

    @property
    def starts(self) -> int:
        """How many children were started so far."""
        return sum(decoder.starts for decoder in self._all)

    async def ask(self, operation: Operation[R, A], request: R) -> A:
        """The answer of one of the children; errors as `Decoder.ask` says."""
        alone = self._heavy if operation.heavy else contextlib.nullcontext()
        async with alone, self._turn:
            decoder = self._free.pop()
            try:
                return await decoder.ask(operation, request)
            finally:
                self._free.append(decoder)

    async def aclose(self) -> None:
        """End all children and reap them."""
        for decoder in self._all:
            await decoder.aclose()
