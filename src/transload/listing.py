"""What `list` shows: the entries of a source that are wanted. Without a loop, a ledger or a decoder, for those who ask
it of many files: nothing that is not needed for the source at hand is loaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from transload.adapters import archives_of, known_destinations, local_sources
from transload.config import Settings
from transload.entry import Entry, Opening, SourceContents
from transload.options import Files
from transload.processes.registry import NO_REGISTRY
from transload.sources.registry import contents_of

HERE = ""  # this machine: its name is asked for identities only


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a listing is shown: all or only what its name calls media, and of that what the filters leave."""

    files: Files = "all"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def of(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """The entries that are wanted. Raises UsageError when `include` fits none of those there are."""
        fits = self._fitting(entries) if self.include or self.exclude else entries
        if self.files == "all":
            return iter(fits)
        from transload.media.probe.sniff import kind_of_name

        return (one for one in fits if kind_of_name(one.name) is not None)

    def _fitting(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        from transload.arguments import nothing_fits
        from transload.steps.nested import is_included

        fits = [one for one in entries if is_included(one.name, self.include, self.exclude)]
        if self.include and entries and not fits:
            raise nothing_fits(self.include, self.exclude, [one.name for one in entries])
        return fits


EVERYTHING = Wanted()


def list_here(
    settings: Settings, text: str, passwords: Sequence[str] = (), wanted: Wanted = EVERYTHING
) -> SourceContents:
    """The wanted entries of a source on this machine, nothing delivered. Blocking. Raises what `Lookups.list` does."""
    sources = local_sources(archives_of(settings, NO_REGISTRY), HERE, known_destinations())
    seen = contents_of(sources, text, Opening.trying(passwords))
    return replace(seen, entries=tuple(wanted.of(seen.entries)))
