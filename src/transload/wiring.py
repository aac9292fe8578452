"""Which adapter stands behind which port: one function builds the installation, nothing else chooses.

What a listing takes of it is in `adapters.py`. What judges and converts media is loaded when it is first used: commands
that only look at jobs do without.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from transload.adapters import archives_of, known_destinations, local_sources
from transload.archives.open import Archives
from transload.config import DataFolder, Settings
from transload.destinations.registry import Destinations
from transload.entry import Limits, Opening
from transload.files.disk import SLACK_BYTES, has_room
from transload.files.folder_lock import FolderLock
from transload.files.scratch import SPOOL, JobScratch
from transload.jobs.dry_run import DryRunTools
from transload.jobs.embedded import EmbeddedEngine
from transload.jobs.failures import Failures
from transload.jobs.worker import Dependencies, Run, TaskHandler
from transload.ledger.children import Children
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger
from transload.ledger.quarantine import Quarantine
from transload.ledger.questions import system_clock
from transload.ledger.segments import SqlSegmentStore
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.ledger.turns import LedgerTurns
from transload.ledger.uploads import ItemUploads
from transload.ledger.waits import LedgerWaits
from transload.model import Job, Lane, Task
from transload.ports import Clock, Destination, Engine, Meter, Source, Sources, Stager, TaskContext
from transload.processes.registry import ChildRegistry
from transload.retry import RetryPolicy
from transload.sources.local import LazySource
from transload.sources.registry import SourceRegistry, open_sorted

if TYPE_CHECKING:
    from transload.destinations.telegram.line import Line
    from transload.media.toolbox import MediaToolbox
    from transload.net.fetch import Web
    from transload.sources.http import HttpSources


@dataclass(frozen=True)
class Installation:
    """The parts of one data folder, put together. Nothing is opened yet. `close` lets go of what was used."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    ledger: Ledger
    leases: Leases
    lock: FolderLock
    children: Children
    quarantine: Quarantine
    segment_store: SqlSegmentStore
    archives: Archives
    sources: SourceRegistry
    destinations: Destinations
    limits: Limits
    waits: LedgerWaits
    make_media: "Callable[[], MediaToolbox]"

    @cached_property
    def media(self) -> "MediaToolbox":
        """What judges and converts."""
        return self.make_media()

    async def close(self) -> None:
        """End the decoder, close connections and the ledger. Nothing works on any of it any more."""
        if "media" in self.__dict__:
            await self.media.aclose()
        await self.destinations.close()
        await anyio.to_thread.run_sync(self.ledger.database.close)

    @property
    def library_dir(self) -> Path:
        """Where `library:` without a folder points."""
        return self.settings.library_dir or self.folder.root / "library"

    def handler(self) -> TaskHandler:
        """What runs a task."""
        deps = Dependencies(
            ledger=self.ledger,
            media=self.media,
            contexts=TaskContexts(self),
            failures=Failures(self.waits),
            sweep_segments=self.segment_store.sweep,
            budget_bytes=self.settings.scratch_budget_bytes,
        )
        return TaskHandler(deps)

    def dry_run_tools(self) -> DryRunTools:
        """What a dry run works with."""
        open_as, scratch = self.archives.open_as, self.folder.scratch
        min_free = self.settings.min_free_bytes
        return DryRunTools(self.sources, self.media, open_as, self.limits, scratch, min_free)

    def engine(self, since_ms: int) -> Engine:
        """The engine for jobs asked for since then."""
        settings = self.settings
        slots = {
            Lane.TRANSFER: settings.transfer.concurrency,
            Lane.CONVERT: settings.convert.concurrency,
        }
        return EmbeddedEngine(
            self.leases.of_jobs_asked_since(since_ms),
            self.clock,
            slots,
            settings.convert.when,
            settings.heartbeat_s,
        )


@dataclass(frozen=True, slots=True)
class TaskContexts:
    """Builds what a run of a task works with (the worker's `Contexts`)."""

    parts: Installation

    def record(self, task: Task) -> TaskRecord:
        """What the task may write."""
        parts = self.parts
        room = partial(has_room, min_free=parts.settings.min_free_bytes)
        return TaskRecord(parts.ledger.database, parts.clock, task, parts.folder.quarantine, room)

    def destination(self, job: Job) -> Destination:
        """The process's own adapter of the job's destination."""
        return self.parts.destinations.of(job.destination)

    def scratch(self, job: Job, task: Task) -> JobScratch:
        """The working folder."""
        settings = self.parts.settings
        budget = settings.scratch_budget_bytes or SLACK_BYTES
        return JobScratch(
            self.parts.folder.scratch, job.id, budget, settings.min_free_bytes, task.id
        )

    async def source(self, job: Job, scratch: JobScratch) -> LazySource:
        """The job's source in the job's order, opened when it is first read."""
        opening = Opening(await self.parts.ledger.passwords(job.id), scratch.root / SPOOL)
        return LazySource(lambda: open_sorted(self.parts.sources, job, opening))

    async def context(self, run: Run, source: Source, meter: Meter) -> TaskContext:
        """All of it together."""
        parts = self.parts
        passwords = await parts.ledger.passwords(run.job.id)
        return TaskContext(
            job=run.job,
            task=run.task,
            source=source,
            media=parts.media,
            destination=run.destination,
            scratch=run.scratch,
            record=run.record,
            meter=meter,
            limits=parts.limits,
            open_inside=partial(parts.archives.open_as, passwords=passwords),
            segments=partial(parts.segment_store.of, run.record),
            uploads=partial(ItemUploads, parts.ledger.database, parts.clock, run.record),
            waits=parts.waits.of(run.job.id, run.destination.scopes(run.job)),
            should_yield=run.should_yield,
            limit_bytes=run.destination.limit_bytes,
            streams=run.destination.powers.streams and isinstance(run.destination, Stager),
        )


def build(settings: Settings, folder: DataFolder, clock: Clock | None = None) -> Installation:
    """The installation of a data folder; no file is touched. `clock` is the one of its ledger."""
    clock = clock or system_clock
    database = Database(folder.ledger)
    machine = platform.node()
    children = Children(database, machine)
    archives = archives_of(settings, children)
    destinations = known_destinations()
    sources = local_sources(archives, machine, destinations)
    turns = LedgerTurns(database, clock)
    destinations.add("telegram", _telegram_chats(settings, folder, turns), _chat_text)
    for scheme in ("http", "https"):
        sources.add(scheme, lambda: _web_sources(settings, archives)[0])
    for scheme in ("webdav", "webdavs"):
        sources.add(scheme, lambda: _webdav_sources(settings, archives))
    return Installation(
        settings=settings,
        folder=folder,
        clock=clock,
        ledger=Ledger(database, clock),
        leases=Leases(database, clock, machine, int(settings.lease_s * 1000)),
        lock=FolderLock(folder.lock),
        children=children,
        quarantine=Quarantine(database, folder.quarantine),
        segment_store=SqlSegmentStore(database, clock, folder.segments, settings.min_free_bytes),
        archives=archives,
        sources=sources,
        destinations=destinations,
        limits=archives.limits,
        waits=LedgerWaits(
            database,
            clock,
            RetryPolicy(settings.retry.max_attempts, space_s=settings.retry.space_s),
        ),
        make_media=partial(_media, settings, children),
    )


def _chat_text(text: str) -> str:
    """A chat as a job stores it. Raises UsageError."""
    from transload.destinations.telegram.address import parse

    return str(parse(text))


def _telegram_chats(
    settings: Settings, folder: DataFolder, turns: LedgerTurns
) -> Callable[[str], Destination]:
    """Chats by their texts, those of one account over one connection; its library is loaded with the first."""
    lines: dict[str, Line] = {}

    def chat(text: str) -> Destination:
        from transload.clients.accounts import account
        from transload.destinations.telegram.address import parse
        from transload.destinations.telegram.destination import Manners, TelegramChat
        from transload.destinations.telegram.line import Line
        from transload.destinations.telegram.pace import Pacer

        address, given = parse(text), settings.telegram
        if address.account not in lines:
            found = account(settings, folder.telegram, address.account)
            lines[address.account] = Line(found, given.connections)
        pacer = Pacer(given.pace, turns, turns.clock)
        manners = Manners(pacer, given.captions, given.staged_life)
        return TelegramChat(lines[address.account], address, manners)

    return chat


def _media(settings: Settings, registry: ChildRegistry) -> "MediaToolbox":
    from transload.media.decoder_pool import decoders_for_cores
    from transload.media.encode.ffmpeg import EncoderLimits
    from transload.media.encode.quality import EncoderSettings
    from transload.media.judge.verdict import Wishes
    from transload.media.toolbox import MediaToolbox

    convert, decoders = settings.convert, settings.media.decoders
    return MediaToolbox(
        ffmpeg=settings.ffmpeg,
        ffprobe=settings.ffprobe,
        effort=EncoderSettings(convert.preset, convert.deadline_s),
        decoders=decoders_for_cores() if decoders == "auto" else decoders,
        wishes=Wishes(settings.languages, settings.telegram.photo_place == "keep"),
        encoder=EncoderLimits(threads=convert.threads, beside_bytes=convert.memory_bytes),
        registry=registry,
    )


def _webdav_sources(settings: Settings, archives: Archives) -> Sources:
    """Folders on WebDAV servers, over the same client."""
    from transload.sources.webdav import WebdavSources

    http, web = _web_sources(settings, archives)
    return WebdavSources(http, web, archives.limits.max_entries)


def _web_sources(settings: Settings, archives: Archives) -> "tuple[HttpSources, Callable[[], Web]]":
    """Sources on web servers, and their client: its library (25 MiB) is loaded with the first of them."""
    from transload.files.disk import reserve_of
    from transload.net.egress import Egress
    from transload.net.fetch import Web
    from transload.sources.http import HttpSources

    egress = Egress(settings.egress.allow_networks)

    def web() -> Web:
        return Web(egress)

    reserve = partial(reserve_of, wanted=settings.min_free_bytes)
    return HttpSources(archives, web, reserve), web
