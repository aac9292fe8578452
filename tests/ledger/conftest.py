"""A ledger in a temporary folder, with one job in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from transload.entry import Entry
from transload.events import Event
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.model import Job, JobState, Lane, Recipe, Task

LEASE_MS = 30_000


@dataclass
class Clock:
    """A clock that tests move."""

    now_ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Desk:
    """The ledger's doors around one database file."""

    database: Database
    clock: Clock
    ledger: Ledger
    leases: Leases
    kept: Path

    async def submit(
        self,
        source: str = "/photos.zip",
        *,
        passwords: Sequence[str] = (),
        scopes: Sequence[str] = (),
        **options: object,
    ) -> Job:
        job = Job("", source, "library:/out", Recipe.TELEGRAM, "photos", JobState.QUEUED, **options)  # type: ignore[arg-type]
        return await self.ledger.submit(
            job,
            f"id|{source}",
            f"local:{source}",
            detached=False,
            passwords=passwords,
            scopes=scopes,
        )

    async def take(self) -> Task:
        task = await self.leases.take(Lane.TRANSFER)
        assert task is not None
        return task

    async def begin(self) -> TaskRecord:
        record = self.record(await self.take())
        await record.begin()
        return record

    async def events(self, job_id: str, after: int = 0) -> list[Event]:
        last = (await self.ledger.job(job_id)).seq
        return [event async for event in self.ledger.events(job_id, after, last)]

    def record(self, task: Task) -> TaskRecord:
        return TaskRecord(self.database, self.clock, task, self.kept)


def entries(count: int) -> list[Entry]:
    """Entries as a listing gives them."""
    return [Entry(n, f"in/{n}.jpg", f"in/{n}.jpg".encode(), 100 + n, crc=n) for n in range(count)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = Clock()
    database = Database(tmp_path / "data" / "ledger.db")
    database.open()
    ledger = Ledger(database, clock)
    yield Desk(
        database, clock, ledger, Leases(database, clock, "here", LEASE_MS), tmp_path / "kept"
    )
    database.close()
