"""All kinds of sources behind one door: a scheme chooses who answers."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from transload.entry import Entry, Limits, Listing, Opening, ReadReport, SourceContents
from transload.errors import BugError, TransloadError, UsageError
from transload.faults import NextStep, Step
from transload.options import Sort
from transload.source_port import Source, SourceRef, Sources, Want
from transload.web_address import shown

if TYPE_CHECKING:
    from transload.model import Job

Factory = Callable[[], Sources]
"""Makes the adapter of one scheme; called once, when the scheme is first needed."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: `C:` is a drive


class SourceRegistry:
    """The `Sources` port over adapters by scheme; what names no known scheme is a path and goes to `local`.

    What only `is_destination` stands in the wrong place of a command.
    """

    def __init__(
        self, local: Factory, is_destination: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._factories: dict[str, Factory] = {"local": local}
        self._is_destination = is_destination
        self._made: dict[str, Sources] = {}

    def add(self, scheme: str, factory: Factory) -> None:
        """Register an adapter. Raises BugError when another one has its scheme."""
        if scheme in self._factories:
            raise BugError(f"two sources claim the scheme {scheme!r}")
        self._factories[scheme] = factory

    def check(self, text: str) -> None:
        """As the port says; UsageError for a destination, and for a scheme that nobody serves."""
        self._adapter(text).check(text)

    def resolve(self, text: str) -> SourceRef:
        """The source a user means, as the port says; raises what `check` does."""
        return self._adapter(text).resolve(text)

    def open(self, ref: str, opening: Opening) -> Source:
        """Open a source for reading, as the port says."""
        return self._adapter(ref).open(ref, opening)

    def _adapter(self, text: str) -> Sources:
        match = _SCHEME.match(text)
        scheme = match[1].lower() if match else "local"  # keyboards of phones begin with a capital
        if scheme not in self._factories:
            if self._is_destination(text):
                raise UsageError(
                    f"{shown(text)} is a destination, not a source",
                    suggestion=Step(NextStep.CORRECT_DESTINATION, shown(text)),
                )
            if text.lower().startswith(f"{scheme}://"):
                known = ", ".join(sorted(self._factories))
                raise UsageError(f"no kind of source is called {scheme}:// (known: {known})")
            scheme = "local"
        if scheme not in self._made:
            self._made[scheme] = self._factories[scheme]()
        return self._made[scheme]


# A source in another order than its own: by name or by date, for those that have a listing.


class Ordered:
    """The `Source` port over another source; indices are places in the new order."""

    listed = True

    def __init__(self, inner: Source, sort: Sort) -> None:
        self._inner = inner
        entries = list(inner.entries())
        if sort == "name":
            from transload.sources.folder import natural_key

            entries.sort(key=lambda entry: natural_key(entry.name))
        else:
            entries.sort(key=lambda entry: (entry.mtime_ms is None, entry.mtime_ms or 0))
        self._entries = entries

    @property
    def title(self) -> str:
        """That of the source."""
        return self._inner.title

    def listing(self) -> Listing:
        """That of the source."""
        return self._inner.listing()

    def entries(self) -> Iterator[Entry]:
        """Every entry in the new order."""
        for place, entry in enumerate(self._entries):
            yield replace(entry, index=place)

    def cost_to(self, index: int) -> int:
        """What reaching the entry costs the source."""
        return self._inner.cost_to(self._entries[index].index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, each reached directly."""
        for place in range(start, len(self._entries)):
            own = self._entries[place]
            entry = replace(own, index=place)
            if (
                own.kind == "dir"
                or not want(entry)
                or own.kind == "link"
                or own.trouble is not None
            ):
                continue
            for _, body in self._inner.stream(partial(_is, own), own.index, limits):
                yield entry, body
                break

    def finish(self) -> ReadReport:
        """How reading went so far."""
        return self._inner.finish()

    def close(self) -> None:
        """Close the source."""
        self._inner.close()


def _is(wanted: Entry, entry: Entry) -> bool:
    return entry.index == wanted.index


def open_sorted(sources: Sources, job: "Job", opening: Opening) -> Source:
    """A job's source in the job's order; closed again where it cannot be read so. Raises as `Sources.open`."""
    source = sources.open(job.source, opening)
    try:
        return in_order(source, job.sort)
    except TransloadError:
        source.close()
        raise


def in_order(source: Source, sort: Sort) -> Source:
    """The source in the wanted order. Raises UsageError where only its own order can be read."""
    if sort == "archive":
        return source
    if not source.listed:
        raise UsageError(
            f"{source.title} can only be read in its own order (sort `archive`)",
            suggestion="Unpack it, or pack it as zip, to send it in another order.",
        )
    return Ordered(source, sort)


def contents_of(sources: Sources, text: str, opening: Opening) -> SourceContents:
    """All entries of the source that a text means. Raises what opening it raises; damage inside is in the report."""
    ref = sources.resolve(text).ref
    with closing(sources.open(ref, opening)) as source:
        listing = source.listing()
        entries = tuple(source.entries())
        return SourceContents(ref, listing, entries, source.finish())
