"""An installation with the object store as one more destination, in this process or in ones that are killed."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.scene import Scene
from tests.destinations.objects import SHAPES
from tests.inputs import packed, photo
from tests.installation import Home, finished
from tests.servers.objects import Store
from transload.app import App, Report

RUNS_MAX = 40


@dataclass
class Desk:
    """A data folder, and a store at `address`."""

    home: Home
    store: Store
    address: str
    clock: Callable[[], int] | None = None
    shape: str = "objects"

    @property
    def to(self) -> str:
        return f"{self.shape}:{self.address}/box"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[App]:
        async with self.home.open(clock=self.clock) as app:
            for word, at in SHAPES.items():
                app.installation.destinations.add(word, at)
            yield app

    async def send(self, source: Path, **options: object) -> Report:
        async with self.open() as app:
            return await finished(app, source, to=self.to, **options)

    def scene(self, source: Path) -> Scene:
        """The same as a command that can be killed."""
        return Scene(source, self.home.folder / "run", to=self.to)

    @property
    def sizes(self) -> list[int]:
        """How many members the albums have that were posted."""
        return [len(album.members) for album in self.store.log]

    def sizes_of(self, wanted: Sequence[str]) -> list[int]:
        """The same of those albums whose members all have such names."""
        return [
            len(album.members)
            for album in self.store.log
            if {one.name for one in album.members} <= set(wanted)
        ]

    def posted_of(self, wanted: Sequence[str]) -> list[str]:
        """What was posted of these names, in order."""
        return [name for name in self.store.posted if name in wanted]


def run_on(scene: Scene) -> int:
    """Run again after each kill until it ends by itself; gives the exit status."""
    for _ in range(RUNS_MAX):
        if (status := scene.run()) >= 0:
            return status
    raise AssertionError("the job does not move")


def names(count: int) -> list[str]:
    return [f"{n:03}.jpg" for n in range(count)]


def photos(folder: Path, count: int) -> Path:
    return packed(folder / "a.zip", {name: photo(n) for n, name in enumerate(names(count))})
