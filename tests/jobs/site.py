"""An installation whose tasks a test takes and runs itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.inputs import packed, photo
from tests.installation import SMALL, Home, Picky
from transload.model import ItemState, Job, JobState, Lane, Recipe, Task
from transload.plans import never_yield
from transload.wiring import Installation, build


@dataclass
class Site:
    """An installation whose tasks a test takes and runs itself, with a clock that it moves."""

    parts: Installation
    picky: Picky
    now_ms: int = 1_700_000_000_000

    async def submit(self, source: Path) -> Job:
        ref = self.parts.sources.resolve(str(source))
        to = self.parts.destinations.parse("picky:", self.parts.library_dir)
        job = replace(_JOB, source=ref.ref, destination=to, title=ref.title)
        return await self.parts.ledger.submit(job, "identity", ref.identity, detached=False)

    async def take(self, lane: Lane = Lane.TRANSFER) -> Task:
        task = await self.parts.leases.take(lane)
        assert task is not None
        return task

    async def run(self, lane: Lane = Lane.TRANSFER) -> None:
        await self.parts.handler()(await self.take(lane), never_yield)

    async def states(self, job: Job) -> list[ItemState]:
        return [one.item.state async for one in self.parts.ledger.records(job.id)]


_JOB = Job("", "", "", Recipe.PLAYABLE, "", JobState.QUEUED)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    home = Home(folder)
    home.data.root.mkdir()

    def clock() -> int:
        return made.now_ms

    made = Site(build(SMALL, home.data, clock), Picky(home.library))
    ledger = made.parts.ledger
    made.parts.destinations.add("picky", lambda _: made.picky)
    ledger.database.open()
    try:
        yield made
    finally:
        await made.parts.close()


def pictures(folder: Path, count: int = 3) -> Path:
    return packed(folder / "a.zip", {f"{n}.jpg": photo(n) for n in range(count)})
