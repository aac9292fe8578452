"""The adapters have the shapes of the ports: assigned here for the type checker, compared at run time."""

import inspect
from pathlib import Path

import pytest

from transload import ports
from transload.archives.open import Archives
from transload.destinations.library import Library
from transload.entry import Limits
from transload.files.scratch import JobScratch
from transload.jobs.embedded import EmbeddedEngine
from transload.jobs.hub import TaskMeter
from transload.ledger.task_writes import TaskRecord
from transload.media.toolbox import MediaToolbox
from transload.sources.folder import FileReader, FolderReader
from transload.sources.local import LocalSources
from transload.sources.registry import Ordered, SourceRegistry

PAIRS: list[tuple[type, type]] = [
    (ports.Source, FolderReader),
    (ports.Source, FileReader),
    (ports.Source, Ordered),
    (ports.Sources, LocalSources),
    (ports.Sources, SourceRegistry),
    (ports.Destination, Library),
    (ports.Media, MediaToolbox),
    (ports.Meter, TaskMeter),
    (ports.Record, TaskRecord),
    (ports.Scratch, JobScratch),
    (ports.Engine, EmbeddedEngine),
]


def words(owner: type) -> dict[str, object]:
    return {
        name: value
        for base in reversed(owner.__mro__[:-1])
        for name, value in vars(base).items()
        if not name.startswith("_")
    }


@pytest.mark.parametrize(("port", "adapter"), PAIRS, ids=lambda one: one.__name__)
def test_every_method_is_there_with_its_parameters(port: type, adapter: type) -> None:
    for name, wanted in words(port).items():
        if not inspect.isfunction(wanted):
            continue
        own = getattr(adapter, name)
        assert inspect.iscoroutinefunction(own) == inspect.iscoroutinefunction(wanted), name
        assert list(inspect.signature(own).parameters) == list(
            inspect.signature(wanted).parameters
        ), name


def test_the_type_checker_agrees(tmp_path: Path) -> None:
    sources: ports.Sources = LocalSources("here", Archives(Limits()))
    source: ports.Source = FolderReader(tmp_path)
    destination: ports.Destination = Library(tmp_path)
    media: ports.Media = MediaToolbox()
    meter: ports.Meter = TaskMeter("fetch")
    scratch: ports.Scratch = JobScratch(tmp_path, "j", 1, 0)
    assert None not in (sources, destination, media, meter, scratch)
    assert list(source.entries()) == []
