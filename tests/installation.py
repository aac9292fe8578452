"""A whole installation in a temporary folder, and destinations and sources that misbehave on purpose."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio

from transload.app import App, Report
from transload.config import DataFolder, Settings
from transload.destinations.library import Library
from transload.entry import Entry, Limits, Opening
from transload.errors import RejectedError
from transload.events import Event, JobMoved, Snapshot
from transload.model import Intent, ItemState, Job, JobState
from transload.ports import Answer, Destination, Refusal, Source, SourceRef, Sources, Want

SMALL = Settings(min_free_bytes=0)


class Picky(Library):
    """A library that refuses names so many times, remembers its batches and can hold them at its door."""

    def __init__(self, root: Path, refuse: dict[str, int] | None = None) -> None:
        super().__init__(root)
        self.refuse = refuse or {}
        self.batches: list[list[str]] = []
        self.reached, self.gate = anyio.Event(), anyio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        self.reached.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.batches.append([intent.shipment.item.name for intent in intents])
        answers: list[Answer] = []
        for intent in intents:
            item = intent.shipment.item
            if self.refuse.get(item.name, 0):
                self.refuse[item.name] -= 1
                answers.append(Refusal(item.id, RejectedError("not this one").fault()))
            else:
                answers += await super().deliver(job, [intent])
        return answers


@dataclass
class Counted:
    """A source that counts its passes and the bodies asked for."""

    inner: Source
    asked: "Counting"

    @property
    def listed(self) -> bool:
        return self.inner.listed

    @property
    def title(self) -> str:
        return self.inner.title

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        self.asked.before()
        self.asked.passes.append(start)
        return self.inner.stream(want, start, limits)


@dataclass
class Counting:
    """The sources of an installation, under the scheme `counted:`; `before` is done ahead of each pass."""

    inner: Sources
    passes: list[int] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def check(self, text: str) -> None:
        self.inner.check(text.removeprefix("counted:"))

    def resolve(self, text: str) -> SourceRef:
        ref = self.inner.resolve(text.removeprefix("counted:"))
        return SourceRef(f"counted:{ref.ref}", ref.identity, ref.title, ref.version)

    def open(self, ref: str, opening: Opening) -> Source:
        return Counted(self.inner.open(ref.removeprefix("counted:"), opening), self)  # type: ignore[return-value]


@dataclass
class Home:
    """A data folder and a library in one temporary folder."""

    folder: Path
    settings: Settings = SMALL

    @property
    def library(self) -> Path:
        return self.folder / "library"

    @property
    def data(self) -> DataFolder:
        return DataFolder(self.folder / "data")

    @property
    def to(self) -> str:
        return f"library:{self.library}"

    @asynccontextmanager
    async def open(
        self, picky: Destination | None = None, clock: Callable[[], int] | None = None
    ) -> AsyncIterator[App]:
        """The application, with `picky:` as one more destination."""
        app = App(self.settings, self.data, clock=clock)
        if picky is not None:
            app.installation.destinations.add("picky", lambda _: picky)
        with anyio.fail_after(50):
            async with app:
                yield app

    async def send(self, source: Path | str, **options: object) -> Report:
        """Send a source into the library, to the end."""
        async with self.open() as app:
            return await finished(app, source, to=self.to, **options)

    def delivered(self) -> dict[str, bytes]:
        """What lies in the library, without its gallery pages."""
        return {
            str(path.relative_to(self.library)): path.read_bytes()
            for path in sorted(self.library.rglob("*"))
            if path.is_file() and path.name != "gallery.html" and ".gallery" not in path.parts
        }

    def left_behind(self) -> list[Path]:
        """Temporaries in the library and files in scratch."""
        rooms = (*self.library.rglob(".transload*"), *self.data.scratch.rglob("*"))
        return [path for path in rooms if path.is_file()]


async def finished(app: App, source: Path | str, **options: object) -> Report:
    """The report of a job once it has ended."""
    job = await app.send(str(source), **options)  # type: ignore[arg-type]
    return await app.report((await app.wait(job.id)).id)


def state_told(event: Event) -> JobState | None:
    """The state of the job that an event tells, if it tells one."""
    match event.news:
        case Snapshot(job):
            return job.state
        case JobMoved(state):
            return state
        case _:
            return None


async def states_told(app: App, job: Job) -> list[JobState]:
    """All states that the job's history tells, in order."""
    return [state for one in await app.history(job.id) if (state := state_told(one)) is not None]


async def told(app: App, job: Job, *states: str) -> None:
    """Follow the job's events until it has been in these states, in this order."""
    waiting = list(states)
    async for event in app.events(job.id):
        if state_told(event) == waiting[0]:
            waiting.pop(0)
        if not waiting:
            return


def states(report: Report) -> dict[str, ItemState]:
    """State by name."""
    return {record.item.name: record.item.state for record in report.items}
