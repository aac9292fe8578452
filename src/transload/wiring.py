"""Which adapter stands behind which port: one function builds the installation, nothing else chooses."""

import platform
import random
from dataclasses import dataclass
from pathlib import Path

from transload.archives.open import Archives
from transload.config import DataFolder, Settings
from transload.destinations.library import Library
from transload.destinations.registry import Destinations
from transload.entry import Limits
from transload.jobs.dry_run import DryRunTools
from transload.jobs.embedded import Embedded
from transload.jobs.folder_lock import FolderLock
from transload.jobs.worker import Dependencies, TaskHandler
from transload.ledger.children import Children
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger, system_clock
from transload.ledger.quarantine import Quarantine
from transload.ledger.segments import SqlSegmentStore
from transload.ledger.tasks import Leases
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.encode.quality import EncoderSettings
from transload.media.judge.verdict import Wishes
from transload.media.toolbox import MediaToolbox
from transload.model import Lane
from transload.ports import Clock, Sources
from transload.retry import RetryPolicy
from transload.sources.local import LocalSources
from transload.sources.registry import SourceRegistry


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts of one data folder, put together. Nothing is opened yet."""

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
    media: MediaToolbox
    limits: Limits
    retry: RetryPolicy

    @property
    def library_dir(self) -> Path:
        """Where `library:` without a folder points."""
        return self.settings.library_dir or self.folder.root / "library"

    def handler(self) -> TaskHandler:
        """What runs a task."""
        deps = Dependencies(
            ledger=self.ledger,
            clock=self.clock,
            media=self.media,
            sources=self.sources,
            archives=self.archives,
            destination=self.destinations.make,
            limits=self.limits,
            retry=self.retry,
            segment_store=self.segment_store,
            scratch_root=self.folder.scratch,
            quarantine_folder=self.folder.quarantine,
            min_free_bytes=self.settings.min_free_bytes,
            scratch_budget_bytes=self.settings.scratch_budget_bytes,
        )
        return TaskHandler(deps, random.random)

    def stage(self) -> DryRunTools:
        """What a dry run works with."""
        open_as, scratch = self.archives.open_as, self.folder.scratch
        return DryRunTools(self.sources, self.media, open_as, self.limits, scratch)

    def engine(self, since_ms: int) -> Embedded:
        """The engine for jobs asked for since then."""
        settings = self.settings
        slots = {
            Lane.TRANSFER: settings.transfer.concurrency,
            Lane.CONVERT: settings.convert.concurrency,
        }
        return Embedded(
            self.leases, self.clock, slots, settings.convert.when, settings.heartbeat_s, since_ms
        )


def build(settings: Settings, folder: DataFolder) -> Installation:
    """The installation of a data folder; no file is touched."""
    database = Database(folder.ledger)
    machine = platform.node()
    destinations = Destinations()
    destinations.add("library", lambda rest: Library(Path(rest)))
    archive = settings.archive
    limits = Limits(
        max_ratio=archive.max_ratio,
        max_entry_bytes=archive.max_entry_bytes,
        max_total_bytes=archive.max_total_bytes,
        max_entries=archive.max_entries,
        max_depth=archive.max_depth,
        max_dictionary_bytes=archive.max_dictionary_bytes,
    )
    children = Children(database, machine)
    archives = Archives(limits, archive.tool, children)
    sources = SourceRegistry(lambda: LocalSources(machine, archives))
    for scheme in ("http", "https"):
        sources.add(scheme, lambda: _web_sources(settings, archives))
    return Installation(
        settings=settings,
        folder=folder,
        clock=system_clock,
        ledger=Ledger(database, system_clock),
        leases=Leases(database, system_clock, machine, int(settings.lease_s * 1000)),
        lock=FolderLock(folder.lock),
        children=children,
        quarantine=Quarantine(database, folder.quarantine),
        segment_store=SqlSegmentStore(
            database, system_clock, folder.segments, settings.min_free_bytes
        ),
        archives=archives,
        sources=sources,
        destinations=destinations,
        media=MediaToolbox(
            ffmpeg=settings.ffmpeg,
            ffprobe=settings.ffprobe,
            effort=EncoderSettings(settings.convert.preset, settings.convert.deadline_s),
            wishes=Wishes(settings.languages, settings.telegram.photo_place == "keep"),
            encoder=EncoderLimits(
                threads=settings.convert.threads, beside_bytes=settings.convert.memory_bytes
            ),
            roll=children,
        ),
        limits=limits,
        retry=RetryPolicy(settings.retry.max_attempts, space_s=settings.retry.space_s),
    )


def _web_sources(settings: Settings, archives: Archives) -> Sources:
    """Sources on web servers; the client library (25 MiB) is loaded with the first of them."""
    from transload.files.scratch import reserve_of
    from transload.net.egress import Egress
    from transload.net.fetch import Web
    from transload.sources.http import HttpSources

    egress = Egress(settings.egress.allow_networks)
    return HttpSources(
        archives, lambda: Web(egress), lambda folder: reserve_of(folder, settings.min_free_bytes)
    )
