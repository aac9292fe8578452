"""What a SOURCE or a DEST text chooses."""

from dataclasses import replace
from pathlib import Path

import pytest

from transload.adapters import archives_of, known_destinations, limits_of, local_sources
from transload.config import Archive, Settings
from transload.destinations.library import Library
from transload.errors import SevenZipMissingError, UsageError
from transload.processes.registry import NO_REGISTRY


def test_a_library_is_a_destination(tmp_path: Path) -> None:
    known = known_destinations()
    made = known.of(known.parse(f"library:{tmp_path}", Path("/elsewhere")))
    assert isinstance(made, Library)
    assert made.root == tmp_path


def test_what_is_a_destination_is_no_source(tmp_path: Path) -> None:
    sources = local_sources(archives_of(Settings(), NO_REGISTRY), "here", known_destinations())
    sources.check("photos.zip")
    assert sources.resolve(str(tmp_path)).identity == f"local:here:{tmp_path}"
    for text, wrong in (("library:out", "is a destination"), ("https://host/a", "no kind of")):
        with pytest.raises(UsageError, match=wrong):
            sources.check(text)


def test_bounds_and_the_tool_are_those_of_the_settings(tmp_path: Path) -> None:
    archive = Archive(max_entries=6, max_dictionary_bytes=7, tool=tmp_path / "none")
    settings = replace(Settings(), archive=archive)
    assert (limits_of(settings).max_entries, limits_of(settings).max_dictionary_bytes) == (6, 7)
    archives = archives_of(settings, NO_REGISTRY)
    assert archives.limits == limits_of(settings)
    with pytest.raises(SevenZipMissingError, match="none is no 7-Zip"):
        assert archives.tool
