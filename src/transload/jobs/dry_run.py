"""A dry run: the job as it would be, read and judged by the same code, and nothing delivered."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from transload.entry import Entry, Limits, Opening, Place, ReadReport
from transload.errors import (
    PermanentError,
    StalledError,
    UnreadableError,
)
from transload.files.disk import SLACK_BYTES
from transload.files.scratch import JobScratch
from transload.jobs.failures import first_of
from transload.jobs.hub import TaskMeter
from transload.model import (
    Files,
    Hevc,
    Inspection,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Recipe,
    Verdict,
)
from transload.ports import Media, OpenWithPasswords, ReadContext, Source, Sources
from transload.states import LEFT_OUT
from transload.steps.prepare import judge
from transload.steps.read import ReadRun, read_source
from transload.steps.staging import EntryRun, StagedEntry

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
    open_as: OpenWithPasswords
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


async def rehearse(tools: DryRunTools, request: DryRunRequest) -> AsyncGenerator[Inspection, None]:
    """Judge every entry as a job would: read and judged by the same code, in a temporary folder, nothing delivered.

    What the filters leave out is not among them. The last one is the source itself where reading it went wrong.
    """
    async with _opened(tools, request) as context, _reading(context) as entries:
        async for run in entries:
            for staged in wanted_of(run):
                yield await _seen(context, staged)
                await context.scratch.drop(staged.item.id)
        fault = context.source.finish().fault
        if fault is not None:
            yield Inspection.of_lost(context.source.title, None, ItemKind.ARCHIVE, fault)


def wanted_of(run: ReadRun) -> EntryRun:
    """What is not left out by the filters. Nothing is held back here, so a flush asks for nothing."""
    if not isinstance(run, list):
        run.done.set()
        return []
    return [one for one in run if one.skip != LEFT_OUT]


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
                open_inside=lambda where, name: tools.open_as(where, name, opening.passwords),
            )


@asynccontextmanager
async def _reading(
    context: ReadContext,
) -> AsyncGenerator[MemoryObjectReceiveStream[ReadRun], None]:
    """The entries of the source as a job takes them in. What reading raises comes as it is, in no group.

    A caller that has seen enough ends the reading.
    """
    send, receive = anyio.create_memory_object_stream[ReadRun](0)
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


async def _seen(context: ReadContext, staged: StagedEntry) -> Inspection:
    item, held = staged.item, staged.held
    if staged.skip is not None:
        return Inspection(item.name, item.size, Judgement(staged.kind, Verdict.SKIP, staged.skip))
    if staged.fault is not None or held is None:
        fault = staged.fault or UnreadableError("nothing could be read").fault()
        return Inspection.of_lost(item.name, item.size, staged.kind, fault)
    try:
        judged = await judge(context, staged, held)
    except (PermanentError, StalledError) as error:
        return Inspection.of_lost(item.name, held.size_bytes, staged.kind, error.fault())
    return Inspection(item.name, held.size_bytes, judged.judgement, judged.facts)
