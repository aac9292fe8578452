"""A source that is opened when it is first read: what has its bytes elsewhere never needs it."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import BinaryIO

from transload.entry import Entry, Limits, Listing, ReadReport
from transload.ports import Source, Want


class Later:
    """The `Source` port; `open`, or the first question about it, opens it and raises what opening it raises."""

    def __init__(self, open_it: Callable[[], Source]) -> None:
        self._open_it = open_it
        self._opened = False

    @cached_property
    def _source(self) -> Source:
        source = self._open_it()
        self._opened = True
        return source

    def open(self) -> None:
        """Open it now, if it is not open yet."""
        _ = self._source

    @property
    def title(self) -> str:
        """That of the source."""
        return self._source.title

    @property
    def listed(self) -> bool:
        """Whether the source has a directory."""
        return self._source.listed

    def listing(self) -> Listing:
        """That of the source."""
        return self._source.listing()

    def entries(self) -> Iterator[Entry]:
        """Those of the source."""
        return self._source.entries()

    def cost_to(self, index: int) -> int:
        """What reaching the entry costs the source."""
        return self._source.cost_to(index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """The source's own stream."""
        return self._source.stream(want, start, limits)

    def finish(self) -> ReadReport:
        """How reading went so far; nothing was read of what was never opened."""
        return self._source.finish() if self._opened else ReadReport(0)

    def close(self) -> None:
        """Close the source if it was opened."""
        if self._opened:
            self._source.close()
