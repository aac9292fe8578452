"""Looking without delivering: list a source, inspect files, rehearse a job. Nothing is written but scratch."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from transload.entry import Entry, Limits, Listing, Opening, Place, ReadReport, Secret
from transload.errors import (
    PermanentError,
    SourceNotFoundError,
    StalledError,
    UnreadableError,
    UsageError,
)
from transload.faults import Fault, NextStep, Step
from transload.files.disk import SLACK_BYTES
from transload.files.scratch import JobScratch
from transload.jobs.hub import TaskMeter
from transload.jobs.worker import first_of
from transload.model import (
    MEDIA_KINDS,
    Facts,
    Files,
    Hevc,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Recipe,
    Verdict,
)
from transload.ports import ArchiveReader, Media, ReadContext, Source, Sources
from transload.states import LEFT_OUT
from transload.steps.prepare import judge
from transload.steps.read import NOT_WANTED, read_source
from transload.steps.staging import HEAD_BYTES, StagedEntry

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source holds, without its bodies."""

    source: str
    listing: Listing
    entries: tuple[Entry, ...]
    report: ReadReport


@dataclass(frozen=True, slots=True)
class Inspected:
    """One judged file or entry."""

    name: str
    size: int | None
    judgement: Judgement
    facts: Facts | None = None


async def list_source(sources: Sources, text: str, opening: Opening) -> Seen:
    """All entries of a source. Raises what opening it raises; damage inside is in the report."""

    def seen(ref: str, source: Source) -> Seen:
        listing = source.listing()
        entries = tuple(source.entries())
        return Seen(ref, listing, entries, source.finish())

    return await look_at(sources, text, opening, seen)


async def look_at(
    sources: Sources, text: str, opening: Opening, at: Callable[[str, Source], Answer]
) -> Answer:
    """What `at` answers for the source a text means, opened. Raises what opening it raises."""

    def look() -> Answer:
        ref = sources.resolve(text).ref
        with _spooling(opening) as given, closing(sources.open(ref, given)) as source:
            return at(ref, source)

    return await anyio.to_thread.run_sync(look)


@contextmanager
def _spooling(opening: Opening) -> Generator[Opening]:
    """The opening with a folder for what must be fetched, which is made when it is needed and removed at the end."""
    folder = Path(tempfile.gettempdir()) / f"transload-{secrets.token_hex(8)}"
    try:
        yield replace(opening, spool=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def inspect_file(media: Media, path: Path, recipe: Recipe, hevc: Hevc) -> Inspected:
    """Facts and verdict of a local file. Raises SourceNotFoundError or UnreadableError."""
    head, size = await anyio.to_thread.run_sync(_beginning, path)
    kind = media.sniff(head, path.name)
    if kind not in MEDIA_KINDS:
        why = OPENS if kind is ItemKind.ARCHIVE else NOT_WANTED[kind]
        return Inspected(str(path), size, Judgement(kind, Verdict.SKIP, why))
    try:
        facts = (await media.probe(path, path.name)).facts
    except (PermanentError, StalledError) as error:
        return _lost(str(path), size, kind, error.fault())
    return Inspected(str(path), size, media.judge(facts, recipe, hevc), facts)


def _beginning(path: Path) -> tuple[bytes, int]:
    """What sniffing looks at, and the size."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES), path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise UsageError(
            f"{path} is a folder",
            suggestion=Step(NextStep.JUDGE_FOLDER, str(path)),
        ) from error
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror})") from error


def _lost(name: str, size: int | None, kind: ItemKind, fault: Fault) -> Inspected:
    lost = Judgement(kind, Verdict.UNSAVABLE, fault.detail, fault=fault)
    return Inspected(name, size, lost)


OPENS = "an archive: not itself is delivered, but what is in it"
UNAIDED = Opening()


@dataclass(frozen=True, slots=True)
class DryRunRequest:
    """What a dry run is to look at, in the words of a job."""

    ref: str
    recipe: Recipe
    files: Files = "media"
    hevc: Hevc = "keep"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    opening: Opening = UNAIDED


@dataclass(frozen=True, slots=True)
class DryRunTools:
    """What a dry run works with; `scratch` is where its temporary folder is made."""

    sources: Sources
    media: Media
    open_as: Callable[[Path, str, tuple[Secret, ...]], ArchiveReader]
    limits: Limits
    scratch: Path
    min_free_bytes: int


class _NoLedger:
    """The `EntryRecord` port of a run that remembers nothing."""

    def __init__(self) -> None:
        self._ids = count(1)

    async def admit(self, entries: Sequence[Entry]) -> list[Item]:
        """An item for each, all of them new."""
        return [
            Item(
                id=next(self._ids),
                job_id="",
                index=entry.index,
                inner=entry.inner,
                name=entry.name,
                size=entry.size,
                state=ItemState.PENDING,
            )
            for entry in entries
            if entry.kind != "dir"
        ]

    async def half_read(self) -> set[Place]:
        """None: no run came before."""
        return set()

    async def doubt(self, first: Place) -> None:
        """Nothing was sent of what is doubted."""

    async def source_read(self, report: ReadReport, peak_scratch_bytes: int) -> None:
        """The source itself is asked how reading went."""


async def rehearse(tools: DryRunTools, request: DryRunRequest) -> AsyncGenerator[Inspected, None]:
    """Judge every entry as a job would: read and judged by the same code, in a temporary folder, nothing delivered.

    What the filters leave out is not among them. The last one is the source itself where reading it went wrong.
    """
    async with _opened(tools, request) as context, _reading(context) as entries:
        async for staged in entries:
            if staged.skip != LEFT_OUT:
                yield await _seen(context, staged)
            await context.scratch.drop(staged.item.id)
        fault = context.source.finish().fault
        if fault is not None:
            yield _lost(context.source.title, None, ItemKind.ARCHIVE, fault)


@asynccontextmanager
async def _opened(tools: DryRunTools, request: DryRunRequest) -> AsyncGenerator[ReadContext, None]:
    """What reading the source works with, in a folder that is removed at the end."""
    await anyio.Path(tools.scratch).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tools.scratch) as folder:
        opening = replace(request.opening, spool=Path(folder) / "spool")
        source = await anyio.to_thread.run_sync(tools.sources.open, request.ref, opening)
        scratch = JobScratch(Path(folder), "", SLACK_BYTES, tools.min_free_bytes)
        with closing(source):
            await scratch.open(item_id=None)
            yield ReadContext(
                job=_job_of(request, source),
                source=source,
                media=tools.media,
                scratch=scratch,
                record=_NoLedger(),
                meter=TaskMeter("fetch"),
                limits=tools.limits,
                open_inside=lambda path, name: tools.open_as(path, name, opening.passwords),
            )


@asynccontextmanager
async def _reading(
    context: ReadContext,
) -> AsyncGenerator[MemoryObjectReceiveStream[StagedEntry], None]:
    """The entries of the source as a job takes them in, one at a time. What reading raises comes as it is, in no group.

    A caller that has seen enough ends the reading.
    """
    send, receive = anyio.create_memory_object_stream[StagedEntry](0)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(read_source, context, send)
            try:
                yield receive
            finally:
                group.cancel_scope.cancel()  # before the stream closes under the reader's hands
                receive.close()
    except BaseExceptionGroup as raised:
        raise first_of(raised) from None


def _job_of(request: DryRunRequest, source: Source) -> Job:
    """The job that is asked about."""
    return Job(
        id="",
        source=request.ref,
        destination="",
        recipe=request.recipe,
        title=source.title,
        state=JobState.RUNNING,
        files=request.files,
        hevc=request.hevc,
        include=tuple(request.include),
        exclude=tuple(request.exclude),
    )


async def _seen(context: ReadContext, staged: StagedEntry) -> Inspected:
    item, held = staged.item, staged.held
    if staged.skip is not None:
        return Inspected(item.name, item.size, Judgement(staged.kind, Verdict.SKIP, staged.skip))
    if staged.fault is not None or held is None:
        fault = staged.fault or UnreadableError("nothing could be read").fault()
        return _lost(item.name, item.size, staged.kind, fault)
    try:
        judged = await judge(context, staged, held)
    except (PermanentError, StalledError) as error:
        return _lost(item.name, held.size_bytes, staged.kind, error.fault())
    return Inspected(item.name, held.size_bytes, judged.judgement, judged.facts)
