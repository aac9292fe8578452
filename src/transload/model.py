"""The words of the project as types: entries, items, verdicts, albums, jobs. Values only, no I/O.

Times are UTC in integer milliseconds (`*_ms`), sizes are bytes, durations of media are seconds (`*_s`).
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Literal

from transload.blob import Blob, LocalBlob, MemoryBlob
from transload.entry import Place
from transload.facts import NOTHING_FOUND, FileFacts
from transload.faults import Fault
from transload.json_codec import Json, JsonObject
from transload.options import (
    AlbumMix as AlbumMix,
)
from transload.options import (
    Files as Files,
)
from transload.options import (
    Hevc as Hevc,
)
from transload.options import (
    Originals as Originals,
)
from transload.options import (
    Sort as Sort,
)
from transload.plans import UNTOUCHED, Looks, Plan

ALBUM_MAX = 10  # Telegram: messages.sendMultiMedia takes 2..10 members; every destination keeps the same shape.


class ItemKind(StrEnum):
    """What an entry is, judged by content."""

    PHOTO = "photo"
    VIDEO = "video"
    ANIMATION = "animation"
    AUDIO = "audio"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    JUNK = "junk"
    UNKNOWN = "unknown"


MEDIA_KINDS = frozenset({ItemKind.PHOTO, ItemKind.VIDEO, ItemKind.ANIMATION, ItemKind.AUDIO})


class Verdict(StrEnum):
    """What must be done so that the destination can use an item (contract section 1)."""

    AS_IS = "as_is"
    REWRAP = "rewrap"
    AUDIO = "audio"
    TRANSCODE = "transcode"
    SHRINK = "shrink"
    ANIMATION = "animation"
    SKIP = "skip"
    UNSAVABLE = "unsavable"


class JobState(StrEnum):
    """States of a job; the allowed moves are in `states.py`."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ItemState(StrEnum):
    """States of an item; `refused` waits for a recovery, `deferred` for its conversion, `staged` for its album."""

    PENDING = "pending"
    STAGED = "staged"
    DEFERRED = "deferred"
    REFUSED = "refused"
    SENT = "sent"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    """The three repeatable tasks of `flow.py`."""

    TRANSFER = "transfer"
    CONVERT = "convert"
    RECOVER = "recover"


class Lane(StrEnum):
    """Where a task runs: `transfer` waits for disks and networks, `convert` for the processor."""

    TRANSFER = "transfer"
    CONVERT = "convert"


class Recipe(StrEnum):
    """What the destination needs of an item.

    `mp4:H` caps the short side of videos at H pixels, `mp3:K` makes audio of K kbit/s of everything that has some.
    """

    TELEGRAM = "telegram"
    PLAYABLE = "playable"
    ORIGINAL = "original"
    MP4_2160 = "mp4:2160"
    MP4_1440 = "mp4:1440"
    MP4_1080 = "mp4:1080"
    MP4_720 = "mp4:720"
    MP4_480 = "mp4:480"
    MP4_360 = "mp4:360"
    MP3_320 = "mp3:320"
    MP3_192 = "mp3:192"
    MP3_128 = "mp3:128"

    @property
    def height_max(self) -> int | None:
        """Pixels of a video's short side, None for recipes that name none."""
        return self._number("mp4")

    @property
    def kbit_s(self) -> int | None:
        """Bit rate of the MP3, None for recipes that make none."""
        return self._number("mp3")

    def _number(self, family: str) -> int | None:
        name, _, number = self.value.partition(":")
        return int(number) if name == family else None


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of an entry: in the scratch folder, counted against its budget until they are dropped, or in memory.

    `complete` is false where reading broke off or a check failed: more may be had of the source. `users_own` is a file
    of the user's that was only looked at: it is never moved, and no store counts it. `content` is all of a small file
    that lies in no folder: its `path` leads nowhere.
    """

    path: Path
    size_bytes: int
    crc32: int
    sha256: str
    complete: bool = True
    users_own: bool = False
    content: bytes | None = field(default=None, repr=False)

    @property
    def blob(self) -> Blob:
        """What opens the bytes."""
        if self.content is None:
            return LocalBlob(self.path)
        return MemoryBlob(self.sha256, self.content)


@dataclass(frozen=True, slots=True)
class Facts:
    """What probing found of a file, and the kind that follows from it."""

    kind: ItemKind
    found: FileFacts = NOTHING_FOUND


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason.

    `plan` says what the converter does (stored with the item), `suffix` is the ending the delivered
    name must have (None: unchanged), `deferred` puts the work after everything that can go at once, `cost_s` is the
    estimated processor time of the conversion. `fault` is set when the verdict is `unsavable`.
    """

    kind: ItemKind
    verdict: Verdict
    why: str
    suffix: str | None = None
    deferred: bool = False
    partial: bool = False
    cost_s: float = 0.0
    plan: Plan = UNTOUCHED
    fault: Fault | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """One judged file or entry."""

    name: str
    size: int | None
    judgement: Judgement
    facts: Facts | None = None

    @classmethod
    def of_lost(cls, name: str, size: int | None, kind: ItemKind, fault: Fault) -> "Inspection":
        """Of one that cannot be delivered, or not even looked at."""
        return cls(name, size, Judgement(kind, Verdict.UNSAVABLE, fault.detail, fault=fault))


@dataclass(frozen=True, slots=True)
class Job:
    """One source on its way to one destination."""

    id: str
    source: str
    destination: str
    recipe: Recipe
    title: str
    state: JobState
    files: Files = "media"
    hevc: Hevc = "keep"
    album_mix: AlbumMix = "by_kind"
    sort: Sort = "archive"
    originals: Originals = "keep"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    caption: str | None = None
    again: bool = False
    folder: str | None = None
    created_ms: int = 0
    started_ms: int | None = None
    finished_ms: int | None = None
    wait_reason: str | None = None
    wait_until_ms: int | None = None
    fault: Fault | None = None
    warnings: tuple[str, ...] = ()
    bytes_read: int = 0
    bytes_sent: int = 0
    peak_scratch_bytes: int = 0
    attempt: int = 1
    seq: int = 0

    @property
    def drops_equals(self) -> bool:
        """Whether a content is delivered once only: with all files wanted, each is delivered where it stood."""
        return self.files == "media"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as a unit of work: one row of the ledger. (`index`, `inner`) is its entry's place in the source."""

    id: int
    job_id: str
    index: int
    name: str
    size: int | None
    state: ItemState
    kind: ItemKind = ItemKind.UNKNOWN
    verdict: Verdict | None = None
    why: str = ""
    crc32: int | None = None
    sha256: str | None = None
    mtime_ms: int | None = None
    partial: bool = False
    recovered: bool = False
    album: int | None = None
    fault: Fault | None = None
    judgement: Judgement | None = None
    sent_ms: int | None = None
    inner: str = ""

    @property
    def place(self) -> Place:
        """Its entry's place."""
        return self.index, self.inner


@dataclass(frozen=True, slots=True)
class Output:
    """One delivered file, with its true size and hash.

    `reference` is the destination's: a path relative to it, a message link, an object key.
    """

    reference: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item with what was delivered of it, as reports and galleries read it.

    `gave_way` says that its conversion had to: lines, preset, time or one file.
    """

    item: Item
    outputs: tuple[Output, ...]
    gave_way: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to become one delivered file. `name` is the wanted inner path (display text, not a path).

    `blob` opens its bytes; None for an intent read back from the ledger: its bytes are no longer at hand. One without a
    path is a stream that opens once; `sha256` is None then, for it is hashed on its way. `looks` is of media.
    """

    blob: Blob | None
    name: str
    size_bytes: int
    sha256: str | None
    mtime_ms: int | None = None
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """An item ready to go: its judgement and the files to deliver (first the one that is shown)."""

    item: Item
    judgement: Judgement
    parcels: tuple[Parcel, ...]
    thumb: bytes | None = None

    @property
    def item_id(self) -> int:
        """The id of its item."""
        return self.item.id


@dataclass(frozen=True, slots=True)
class Placement:
    """What a destination has planned for one parcel, committed before anything happens there.

    `reference` is where it will be, "" where only the delivery shows that. `claim` is a name that nothing else may have
    in the destination, None where none is needed. `data` is the destination's own.
    """

    reference: str = ""
    claim: str | None = None
    data: JsonObject = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to happen outside, committed before it happens: a placement for each parcel.

    `staged` is what the destination said of files that were uploaded before their album, `note` what it noted of the
    album before it was sent.
    """

    shipment: Shipment
    album: int | None
    placements: tuple[Placement, ...]
    staged: JsonObject | None = None
    note: JsonObject = field(default_factory=dict[str, Json])

    @property
    def item_id(self) -> int:
        """The id of its item."""
        return self.shipment.item.id


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item leaves the immediate path: skipped, duplicate, quarantined, failed, deferred, refused.

    Pending: not at all so far, for a fault that a password may mend.
    """

    item: Item
    state: ItemState
    why: str
    judgement: Judgement | None = None
    held: Held | None = None
    fault: Fault | None = None
    kind: ItemKind | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work under a lease. `epoch` is the fencing number every write of this run carries."""

    id: int
    job_id: str
    kind: TaskKind
    lane: Lane
    item_id: int | None
    epoch: int
    deaths: int = 0


Unit = Literal["bytes", "us", "items"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one piece of work is. `total`, `rate`, `eta_s` are None where no honest figure is known."""

    stage: str
    done: int
    total: int | None
    unit: Unit
    rate: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is: the progress object of the contract (section 4), with counters of its items.

    `done` to `eta_s` are of the work under way, `item` is the name of the one item it is about. `overall` is the share
    of the whole job. None where no honest figure is known.
    """

    stage: str
    item: str | None
    done: int
    total: int | None
    unit: Unit
    rate: float | None
    eta_s: float | None
    overall: float | None
    items: int
    items_total: int | None

    def after(self, before: "JobProgress | None") -> "JobProgress":
        """The same with an overall share that is never less than it was before."""
        shares = [one.overall for one in (before, self) if one is not None]
        furthest = max((share for share in shares if share is not None), default=None)
        return replace(self, overall=furthest)


@dataclass(frozen=True, slots=True)
class FinishedPart:
    """What of a job is finished by its rows: items and bytes of the closed ones, and of all known so far."""

    items: int = 0
    size_bytes: int = 0
    total_items: int = 0
    total_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the report; the finished states add up to `entries`."""

    entries: int = 0
    sent: int = 0
    skipped: int = 0
    duplicate: int = 0
    quarantined: int = 0
    failed: int = 0
    cancelled: int = 0
    deferred: int = 0
    recovered: int = 0
    albums: int = 0
    bytes_read: int = 0
    bytes_sent: int = 0
    peak_scratch_bytes: int = 0

    @property
    def lost(self) -> int:
        """Items that did not arrive although nobody called them off."""
        return self.quarantined + self.failed

    @property
    def closed(self) -> int:
        """Items that are done with."""
        return self.sent + self.skipped + self.duplicate + self.lost + self.cancelled


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """A kept original: why, and where its untouched bytes are (None: only a verified reference could be kept)."""

    id: str
    job_id: str
    item_id: int
    name: str
    reason: Fault
    path: Path | None
    size_bytes: int
    sha256: str | None
    created_ms: int
