"""The adapters that are chosen by a text, as far as a listing needs them, too: it builds no whole installation."""

from pathlib import Path
from typing import TYPE_CHECKING

from transload.archives.open import Archives
from transload.config import Settings
from transload.destinations.registry import Destinations
from transload.entry import Limits
from transload.processes.registry import ChildRegistry
from transload.sources.local import LocalSources
from transload.sources.registry import SourceRegistry

if TYPE_CHECKING:
    from transload.archives.sevenzip.tool import SevenZip
    from transload.destination_port import Destination


def known_destinations() -> Destinations:
    """Every kind of destination there is."""
    destinations = Destinations()
    destinations.add("library", _library)
    return destinations


def _library(folder: str) -> "Destination":
    from transload.destinations.library import Library

    return Library(Path(folder))


def limits_of(settings: Settings) -> Limits:
    """The bounds on what an archive may cost."""
    archive = settings.archive
    return Limits(
        max_ratio=archive.max_ratio,
        max_entry_bytes=archive.max_entry_bytes,
        max_total_bytes=archive.max_total_bytes,
        max_entries=archive.max_entries,
        max_depth=archive.max_depth,
        max_dictionary_bytes=archive.max_dictionary_bytes,
    )


def archives_of(settings: Settings, registry: ChildRegistry) -> Archives:
    """The door to archives, whose programs `registry` records."""

    def tool() -> "SevenZip":
        from transload.archives.sevenzip.tool import find_sevenzip

        return find_sevenzip(settings.archive.tool, registry)

    return Archives(limits_of(settings), tool)


def local_sources(archives: Archives, machine: str, destinations: Destinations) -> SourceRegistry:
    """The sources on this machine, which is named `machine`; others are added where there is a network."""
    return SourceRegistry(lambda: LocalSources(machine, archives), destinations.is_meant)
