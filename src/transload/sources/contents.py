"""What a source holds, looked at once: opened, listed and closed again."""

from contextlib import closing

from transload.entry import Opening, SourceContents
from transload.source_port import Sources


def contents_of(sources: Sources, text: str, opening: Opening) -> SourceContents:
    """All entries of the source that a text means. Raises what opening it raises; damage inside is in the report."""
    ref = sources.resolve(text).ref
    with closing(sources.open(ref, opening)) as source:
        listing = source.listing()
        entries = tuple(source.entries())
        return SourceContents(ref, listing, entries, source.finish())
