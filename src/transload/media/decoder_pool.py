"""Several decoder children side by side: each is started when those that run are busy, all end together."""

import contextlib
import os

import anyio

from transload.media.decoder import Decoder, DecoderLimits
from transload.media.requests import A, Operation, R
from transload.processes.registry import NO_REGISTRY, ChildRegistry

PATIENCE_S, START_S = 0.03, 0.5
"""How long a request waits for a child that runs before a further one is started, which costs 0.12 s of processor time.
Until the first has answered it is loading its libraries, and what waits meanwhile may be done in no time."""
MOST = 4
"""Children at once by default: each holds about 30 MiB, and one reader feeds no more of them."""


def decoders_for_cores() -> int:
    """One for each core that this process may use, at most `MOST`."""
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(usable(0)) if usable is not None else os.cpu_count() or 1
    return min(cores, MOST)


class DecoderPool:
    """At most `most` children. A request goes to the one used last; a further one is started when none is free in time.

    Requests about films go to one child alone, whose video library takes as much memory as a further child. Heavy ones
    are answered one after the other: what two would take is not within the memory of one.
    """

    def __init__(
        self,
        limits: DecoderLimits | None = None,
        registry: ChildRegistry = NO_REGISTRY,
        *,
        most: int = 1,
    ) -> None:
        self.most = most
        self._all = tuple(Decoder(limits or DecoderLimits(), registry) for _ in range(most))
        self._of_films = self._all[-1]
        self._free = list(self._all)
        self._changed = anyio.Event()
        self._heavy = anyio.Lock()

    @property
    def starts(self) -> int:
        """How many children were started so far."""
        return sum(decoder.starts for decoder in self._all)

    async def ask(self, operation: Operation[R, A], request: R) -> A:
        """The answer of one of the children; errors as `Decoder.ask` says."""
        async with self._heavy if operation.heavy else contextlib.nullcontext():
            decoder = await self._take(of_films=operation.films)
            try:
                return await decoder.ask(operation, request)
            finally:
                self._give(decoder)

    async def aclose(self) -> None:
        """End all children and reap them."""
        for decoder in self._all:
            await decoder.aclose()

    async def make_room(self) -> None:
        """End the idle children but one: what comes next, an encoder, needs their memory more."""
        idle = [decoder for decoder in self._free if decoder.pid is not None]
        kept = self._of_films if self._of_films in idle else next(reversed(idle), None)
        for decoder in idle:
            if decoder is not kept and decoder in self._free:
                self._free.remove(decoder)
                try:
                    await decoder.aclose()
                finally:
                    self._give(decoder)

    async def _take(self, *, of_films: bool) -> Decoder:
        """The free child used last, or that of films, waited for."""
        asked = since = anyio.current_time()
        while True:
            now = anyio.current_time()
            if self._is_loading() and now < asked + START_S:
                since = now
            decoder = (
                self._film_decoder() if of_films else self._any(may_start=now - since >= PATIENCE_S)
            )
            if decoder is not None:
                self._free.remove(decoder)
                return decoder
            with anyio.move_on_after(PATIENCE_S):
                await self._changed.wait()

    def _is_loading(self) -> bool:
        busy = [decoder for decoder in self._all if decoder not in self._free]
        return not all(decoder.has_answered for decoder in busy)

    def _film_decoder(self) -> Decoder | None:
        return self._of_films if self._of_films in self._free else None

    def _any(self, *, may_start: bool) -> Decoder | None:
        if not self._free:
            return None
        running = [decoder for decoder in self._free if decoder.pid is not None]
        is_first = len(self._free) == self.most
        return running[-1] if running else self._free[-1] if is_first or may_start else None

    def _give(self, decoder: Decoder) -> None:
        self._free.append(decoder)
        self._changed.set()
        self._changed = anyio.Event()
