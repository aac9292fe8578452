"""The port of destinations: what the flow and the ledger need of a place where media is delivered.

Its adapter translates foreign errors at its edge: above it only errors of `errors.py` exist.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from transload.faults import Fault
from transload.json_codec import JsonObject
from transload.model import Intent, ItemRecord, Job, Output, Placement, Shipment


@dataclass(frozen=True, slots=True)
class Landed:
    """A delivery that happened: what lies at the destination now."""

    item_id: int
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """What was staged of an item is there no more: it must be staged again."""

    item_id: int
    detail: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery refused for this item alone: a foreign file at its path, a size that is not taken."""

    item_id: int
    fault: Fault


Answer = Landed | Refusal | Gone
"""What a destination says of one intent of an album."""

Records = Callable[[], AsyncIterator[ItemRecord]]
"""All items that the page of a job's folder shows: those that any job delivered into it, and those of this
job that were not delivered; the oldest job first, then in entry order."""

Picture = Callable[[ItemRecord, Path], Awaitable[bytes | None]]
"""Makes the small picture (JPEG) of a delivered file again; None where there is none."""

CloseJob = Callable[[Job], Awaitable[None]]
"""Closes a job at its destination, with its items (`Destination.close_job`). Raises TransientError."""

Holder = Literal["output", "claim", "doubtful"]
"""Who has a name in a destination: a delivered or planned file, a claim for something else (a folder), or a file of a
job that ended before it could be asked whether it arrived. Only a destination that sees what lies there may give a
doubtful name away: the intent of the ended job is forgotten then."""


class Claims(Protocol):
    """Names that are given once in a destination, across jobs and machines; committed with the intents that use them.

    Blocking, to be used only while planning.
    """

    def holder(self, claim: str) -> Holder | None:
        """Who has a name."""
        ...

    def look_up(self, claims: Collection[str]) -> None:
        """Ask for many names at once: `holder` of them is asked of nobody then."""
        ...

    def owned_by(self, owner: str) -> str | None:
        """The value of the claim that an owner has, None where it has none."""
        ...

    def add(self, claim: str, value: str, owner: str | None = None) -> None:
        """Claim a name for something that is no output; one that is claimed already stays as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What a destination asks of the flow.

    `gathers`: an album is one act there, so its members are collected first. `streams`: what is staged may come from a
    stream that can be read once. `durable_receipts`: what was delivered cannot be found again cheaply, so receipts are
    fsynced.
    """

    gathers: bool = False
    streams: bool = False
    durable_receipts: bool = False


class Destination(Protocol):
    """Where media is delivered: one adapter for all jobs of a process that go there, some of them at the same time.

    Every act may raise a `TransientError` with the `scope` that has to wait: it is then repeated after that wait.
    """

    limit_bytes: int | None  # the most bytes of one file; None: any size
    powers: Powers

    def scopes(self, job: Job) -> tuple[str, ...]:
        """What its waits may be named by (an account, a chat, a host), as `kind:name`: while one waits, its jobs do.

        Users see these names, so they must hold no secret. Pure.
        """
        ...

    async def open(self, job: Job) -> None:
        """Make the destination ready. Raises DeniedError, UnreachableError, DiskFullError."""
        ...

    def claim_folder(self, job: Job, source_identity: str, claims: Claims) -> str | None:
        """What all deliveries of this source have in common there (a library: its folder), chosen once for good.

        None where there is no such thing. Blocking, no effects.
        """
        ...

    def plan(
        self, job: Job, shipments: Sequence[Shipment], claims: Claims
    ) -> list[tuple[Placement, ...]]:
        """Where each parcel of each shipment goes, with what must be known to find it again.

        Blocking, no effects, no network.
        """
        ...

    async def foresee(self, job: Job, intents: Sequence[Intent]) -> JsonObject:
        """What must be noted of an album before it is sent so that it is found again (a chat's last message).

        Asked only of destinations that gather.
        """
        ...

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        """Deliver up to one album, or up to 100 items that are in none, in order; one answer an intent.

        Repeated, it leaves one delivery, not two.

        Raises DeniedError, UnreachableError, DiskFullError when nothing can go on; `look_up` finds what had landed.
        """
        ...

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        """Those of the intents, read back from the ledger, that did happen."""
        ...

    async def holds(self, outputs: Sequence[Output]) -> bool:
        """Whether an earlier delivery is still there."""
        ...

    async def sweep(self, job: Job) -> None:
        """Remove what a killed run of this job left half done (temporary names)."""
        ...

    async def close_job(self, job: Job, records: Records, picture: Picture) -> None:
        """The job's last act there (a library writes the page of the job's folder). May be repeated."""
        ...

    async def close(self) -> None:
        """Let go of connections: no job of this process uses the destination any more. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in parts. `done` has the CRC-32 of each part that is there, counted from 0."""

    file_id: str
    size_bytes: int
    part_bytes: int
    done: Mapping[int, int]
    first_part_ms: int | None


class Uploads(Protocol):
    """What is known of the uploads of one item, across kills: for destinations that can go on after parts they have."""

    async def begin(self, n: int, file_id: str, size_bytes: int, part_bytes: int) -> Upload:
        """The upload of the item's file `n` that is under way with these sizes, else a new one of that id, durably."""
        ...

    async def add(self, n: int, sums: Mapping[int, int]) -> None:
        """Remember parts that arrived, with their CRC-32: a part that reads otherwise later is another file's."""
        ...

    async def forget(self, n: int) -> None:
        """The parts are worth nothing any more."""
        ...


@runtime_checkable
class Stager(Protocol):
    """A destination to which files go one by one before their album is sent."""

    def staging_scopes(self, job: Job) -> tuple[str, ...]:
        """Those of its scopes that staging waits for: it goes on while the others wait. Pure."""
        ...

    async def stage(self, job: Job, intent: Intent, uploads: Uploads) -> JsonObject | Refusal:
        """Bring an item's files there; what `deliver` needs of them, or the refusal. Nothing is shown to anybody yet.

        Repeated after a kill it sends only what is missing.
        """
        ...
