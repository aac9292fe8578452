"""What the flow needs from the world, as protocols: the flow knows these, adapters have these shapes.

What is not awaited returns at once, unless it says that it blocks.
Adapters translate foreign errors at their edge: above a port only errors of `errors.py` exist. The ports of sources
and of destinations are in `source_port.py` and `destination_port.py`; they are imported from here like the others.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transload.destination_port import (
    Answer as Answer,
)
from transload.destination_port import (
    Claims as Claims,
)
from transload.destination_port import (
    CloseJob as CloseJob,
)
from transload.destination_port import (
    Destination as Destination,
)
from transload.destination_port import (
    Gone as Gone,
)
from transload.destination_port import (
    Holder as Holder,
)
from transload.destination_port import (
    Landed as Landed,
)
from transload.destination_port import (
    Picture as Picture,
)
from transload.destination_port import (
    Powers as Powers,
)
from transload.destination_port import (
    Records as Records,
)
from transload.destination_port import (
    Refusal as Refusal,
)
from transload.destination_port import (
    Stager as Stager,
)
from transload.destination_port import (
    Upload as Upload,
)
from transload.destination_port import (
    Uploads as Uploads,
)
from transload.entry import Entry, Limits, Place, ReadReport
from transload.errors import TransientError, Wait
from transload.facts import looks_of
from transload.faults import Fault
from transload.json_codec import JsonObject
from transload.model import (
    Facts,
    Held,
    Hevc,
    Intent,
    Item,
    ItemKind,
    Job,
    JobState,
    Judgement,
    Outcome,
    Output,
    Progress,
    Recipe,
    Shipment,
    Task,
)
from transload.plans import ConversionTerms, Converted, Looks, SegmentStore, ShouldYield
from transload.source_port import (
    ArchiveReader as ArchiveReader,
)
from transload.source_port import (
    OpenArchive as OpenArchive,
)
from transload.source_port import (
    OpenWithPasswords as OpenWithPasswords,
)
from transload.source_port import (
    Source as Source,
)
from transload.source_port import (
    SourceRef as SourceRef,
)
from transload.source_port import (
    Sources as Sources,
)
from transload.source_port import (
    Want as Want,
)
from transload.sums import Fingerprint

Clock = Callable[[], int]
"""UTC now in integer milliseconds."""

Moved = Callable[[Progress], None]
"""Takes each new state of a conversion."""


@dataclass(frozen=True, slots=True)
class Probed:
    """Facts of a file with a thumbnail (JPEG, at most 320 px and 16 KiB) where there is one."""

    facts: Facts
    thumb: bytes | None = None

    @property
    def looks(self) -> Looks:
        """What a player shows of it."""
        return looks_of(self.facts.found, self.thumb)


class Media(Protocol):
    """Sniffing, probing, judging and converting. Decoders run in children with limits, never in this process."""

    def sniff(self, head: bytes, name: str) -> ItemKind:
        """What the first 8 KiB say the entry is; the name only breaks ties. Only media are worth a `probe`. Pure."""
        ...

    async def probe(self, local: Path, name: str) -> Probed:
        """Facts of a local file. A file that no decoder opens is a fact too, not an error.

        Raises MemoryLimitError or CorruptError when the decoder died on it three times.
        """
        ...

    def judge(self, facts: Facts, recipe: Recipe, hevc: Hevc) -> Judgement:
        """The verdict for a recipe. Pure."""
        ...

    def judge_recovery(
        self, facts: Facts, recipe: Recipe, failed: Judgement | None = None
    ) -> Sequence[Judgement]:
        """Conversions to try one after the other on a refused item; empty when nothing is left.

        `failed` is the one of ours that failed, not to be offered again. Pure.
        """
        ...

    async def convert(
        self, local: Path, judgement: Judgement, into: Path, moved: Moved, terms: ConversionTerms
    ) -> Converted:
        """Carry out `judgement.plan` into the folder `into` and check the result against the original.

        Checked are streams, length, and that it decodes. A long one resumes after its last finished segment.

        Raises ConvertError, UnverifiedError, StalledError, MemoryLimitError, FfmpegMissingError, DiskFullError,
        TooBigError, GaveWay. Only the result is left in `into`; a cancelled call ends its child within 4 s.
        """
        ...


class Scratch(Protocol):
    """The job's working folder under a byte budget. Only it removes files there, but for a converter's temporaries."""

    @property
    def peak(self) -> int:
        """The most bytes held at once so far."""
        ...

    def before_waiting(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do this once before each wait for room."""
        ...

    async def reserve(self, item_id: int, size: int) -> None:
        """Count `size` more bytes, once they fit (a larger entry goes alone). DiskFullError: the disk has no room."""
        ...

    async def hold(self, item_id: int, size: int) -> None:
        """As `reserve`, for an archive that is read from here; its entries keep room. Call again as it grows."""
        ...

    def archive_file(self, item_id: int) -> Path:
        """Where such an archive is written; `drop` removes it."""
        ...

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes fit the budget right now."""
        ...

    def resize(self, item_id: int, size: int) -> None:
        """Correct what an item counts for, without waiting (a size not known before, an output made)."""
        ...

    def part(self, item_id: int) -> Path:
        """Where the bytes of an item are written; the name is a counter, never the entry's."""
        ...

    def whole(self, item_id: int) -> Path:
        """Where they are once complete: a file of this name is good."""
        ...

    def folder(self, item_id: int) -> Path:
        """A folder for what is made of an item; made if missing."""
        ...

    async def drop(self, *item_ids: int) -> None:
        """Remove all files of the items and free their share."""
        ...

    async def close(self) -> None:
        """Remove the folder: the job has ended."""
        ...


class EntryRecord(Protocol):
    """What reading a source asks and records of its entries: in the ledger, or in a dry run that keeps nothing."""

    async def admit(self, entries: Sequence[Entry]) -> list[Item]:
        """One item for each entry that is a file or a link, known ones with their state. Order kept."""
        ...

    async def half_read(self) -> set[Place]:
        """Places of opened archives inside the source that still have pending items."""
        ...

    async def doubt(self, first: Place) -> None:
        """A sum after the bytes was wrong: mark all items of the archive from a place on, also those yet to be sent."""
        ...

    async def source_read(self, report: ReadReport, peak_scratch_bytes: int) -> None:
        """Sums and warnings of a pass over the source; its fault becomes the job's."""
        ...


class Record(EntryRecord, Protocol):
    """The ledger as one task may write it: every write carries the task's fencing number.

    Each method raises LostLeaseError when another worker took the task over, StoreError when the ledger is unusable.
    """

    async def begin(self) -> tuple[Job, str | None]:
        """The job, now running, and what a command asked for meanwhile ("cancel" or None)."""
        ...

    async def end_task(self) -> bool:
        """Submit a task for each item that is left and end this one, in one commit.

        False: no item is left, and this task stays until `end_job` ends it with the job.
        """
        ...

    async def end_job(self) -> JobState:
        """The job's last commit: its final state with its sums, its secrets gone."""
        ...

    async def conclude(self, outcomes: Sequence[Outcome]) -> None:
        """Write what became of items that are not sent now; one that wants a password stays pending."""
        ...

    async def duplicates_of(
        self, wanted: Sequence[tuple[Item, str]]
    ) -> Mapping[int, tuple[Output, ...]]:
        """What an equal item delivered to this destination earlier, by the job's rule for duplicates."""
        ...

    async def intend(self, shipments: Sequence[Shipment], destination: Destination) -> list[Intent]:
        """Placements, committed durably, and albums where none are gathered; earlier ones of the same content kept.

        A shipment whose equal this job has sent meanwhile gets no intent.
        """
        ...

    async def form_album(self, members: Sequence[Intent], note: JsonObject) -> list[Intent]:
        """The next album of the job with these members, committed durably before it is sent."""
        ...

    async def staged(self, intent: Intent, staged: JsonObject, read: Fingerprint | None) -> None:
        """The item's files are there, its album is not sent: STAGED. `read` has the sums of a stream, read by now."""
        ...

    async def unstaged(self, gone: Sequence[Gone]) -> None:
        """These items must be read and staged again: PENDING."""
        ...

    async def receive(self, landed: Sequence[Landed], *, durable: bool = False) -> None:
        """Write receipts: these items are sent. `durable`: fsynced, for what cannot be asked for again."""
        ...

    async def is_whole_album(self, item_ids: Sequence[int]) -> bool:
        """Whether these items are all that was not sent of the album that the first of them is in."""
        ...

    async def open_intents(self, after: int) -> list[Intent]:
        """Up to 100 intents without a receipt with item id > `after`, their bytes not at hand."""
        ...

    async def refused(self, refusals: Sequence[Refusal]) -> None:
        """These items get their one recovery; their intents are withdrawn."""
        ...

    async def item(self, item_id: int) -> Item:
        """The item as it is now."""
        ...

    async def deferred_near(self, item_id: int, limit: int) -> list[Item]:
        """Deferred items from this one on, in entry order, for sources that are read in passes."""
        ...

    async def keep(self, item: Item, held: Held, fault: Fault) -> None:
        """Keep a copy of the original with its reason.

        Only a fingerprint where the disk has no room, or where the bytes are the user's own file.
        """
        ...

    async def kept(self, item: Item) -> Held | None:
        """The item's original in the quarantine if it is complete and, read anew, has the SHA-256 it was kept with."""
        ...


class Waits(Protocol):
    """Waits of a job's scopes, as rows: shared by all jobs, workers and restarts."""

    async def longest(self, among: Collection[str] | None = None) -> Wait | None:
        """The wait that ends last of those that still go on, of all scopes of the job or `among` some."""
        ...

    def now_ms(self) -> int:
        """The time by the clock that waits are counted with."""
        ...

    async def add(self, error: TransientError, since_ms: int) -> Wait:
        """Write the wait that an error with a scope asks for, of an act begun at `since_ms`.

        Of acts that fail one after the other each waits longer than the one before.
        """
        ...


class Meter(Protocol):
    """What a task reports of its work beside the rows it writes, for progress. Cheap; never waits."""

    def expect(self, entries: int | None, size: int | None) -> None:
        """Set what the source's listing names, None where it does not say."""
        ...

    def read(self, size: int) -> None:
        """Add bytes taken from the source."""
        ...

    def leave(self, *item_ids: int) -> None:
        """Forget the conversions and uploads of items whose rows are about to say what became of them."""
        ...

    def weigh(self, item_id: int, size: int) -> None:
        """Tell how many source bytes the conversion or upload of an item stands for."""
        ...

    def under_way(self, item_id: int, progress: Progress, name: str = "") -> None:
        """The state of a running conversion or upload of an item."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """All that reading a source and judging its entries works with."""

    job: Job
    source: Source
    media: Media
    scratch: Scratch
    record: EntryRecord
    meter: Meter
    limits: Limits
    open_inside: OpenArchive
    limit_bytes: int | None = None  # the most bytes of one file at the destination
    streams: bool = (
        False  # whether what nobody has to look into goes there without touching the disk
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext(ReadContext):
    """All that a task works with, put together by `wiring`."""

    task: Task
    destination: Destination
    record: Record
    segments: Callable[[str], SegmentStore]  # by the SHA-256 of the source
    uploads: Callable[[int], Uploads]  # by the id of the item
    waits: Waits
    should_yield: ShouldYield


Handler = Callable[[Task, ShouldYield], Awaitable[None]]


class Engine(Protocol):
    """Runs each due task at least once, somewhere; leases in the ledger keep two workers from running one at a time."""

    async def submit(self, task_id: int) -> None:
        """Run a task of the ledger once it is due. A hint: it may be given twice, late, or never."""
        ...

    async def run(self, handler: Handler) -> None:
        """Serve tasks until cancelled; ends its running tasks and releases their leases."""
        ...
