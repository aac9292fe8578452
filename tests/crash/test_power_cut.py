"""What a power cut may not take: bytes are durable before their name, both before the row that counts on them."""

import os
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.films import film
from tests.inputs import clip, packed, photo
from tests.installation import Home
from tests.servers.ranged import ranged
from transload.config import Egress, Settings
from transload.ledger.database import Database
from transload.model import JobState

pytestmark = pytest.mark.anyio

LOOPBACK = Settings(min_free_bytes=0, egress=Egress(("127.0.0.0/8",)))


@dataclass
class Disk:
    """What was made durable, and what got another name, in the order in which it happened."""

    events: list[tuple[str, Any, str]] = field(default_factory=list[tuple[str, Any, str]])
    acts: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])

    def synced(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        self.events.append(("sync", (found.st_dev, found.st_ino), ""))

    def renamed(self, target: str | os.PathLike[str]) -> None:
        path = Path(target)
        found, folder = path.stat(), path.parent.stat()
        names = ((found.st_dev, found.st_ino), (folder.st_dev, folder.st_ino))
        self.events.append(("name", names, str(path)))

    def committed(self, act: str) -> None:
        self.events.append(("commit", act, ""))

    def named(self, *words: str) -> list[int]:
        """Where in the events a name was given that has one of these words in it."""
        return [
            at
            for at, (what, _, path) in enumerate(self.events)
            if what == "name" and any(word in path for word in words)
        ]

    def is_synced(self, file: object, first: int, last: int) -> bool:
        """Whether a file or folder was made durable between these two events."""
        return ("sync", file, "") in self.events[first:last]

    def next_commit(self, at: int, *acts: str) -> int:
        """The first commit of one of these acts behind an event."""
        found = enumerate(self.events[at:], at)
        later = [n for n, (what, act, _) in found if what == "commit" and act in acts]
        assert later, f"no commit of {acts} behind {self.events[at]}"
        return later[0]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The real disk, watched."""
    disk = Disk()
    fsync, begin = os.fsync, Database.run

    def watched_sync(descriptor: int) -> None:
        fsync(descriptor)
        disk.synced(descriptor)

    async def watched_run(self: Database, act: Any, *, durable: bool = False) -> Any:  # noqa: ANN401
        done = await begin(self, act, durable=durable)
        inner = (act.__closure__ or ()) and act.__closure__[0].cell_contents
        named = inner if callable(inner) and act.__name__ == "checked" else act
        name = named.__qualname__.split(".<locals>")[0].rpartition(".")[2]
        disk.acts.append((name, durable))
        disk.committed(name)
        return done

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Database, "run", watched_run)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, _watched(disk, getattr(os, name)))
    return disk


def _watched(disk: Disk, act: Any) -> Any:  # noqa: ANN401  functions of the system
    def rename(source: Any, target: Any, **more: Any) -> None:  # noqa: ANN401
        act(source, target, **more)
        if not more:
            disk.renamed(target)

    return rename


async def test_a_file_is_durable_before_its_name_and_its_name_before_its_receipt(
    tmp_path: Path, disk: Disk
) -> None:
    tree = {f"{n // 3}/{n}.jpg": photo(n) for n in range(6)}
    tree["clip.avi"] = clip(tmp_path / "clip.avi").read_bytes()
    source = packed(tmp_path / "a.zip", tree)
    report = await Home(tmp_path).send(source)
    assert report.job.state is JobState.SUCCEEDED
    landed = [at for at in disk.named("/library/a/") if "/.gallery" not in disk.events[at][2]]
    pages = disk.named("gallery.html")
    files = [at for at in landed if at not in pages]
    assert len(files) == 8  # the clip's original, too
    for at in files:
        _, (file, folder), path = disk.events[at]
        assert disk.is_synced(file, 0, at), f"{path}: named before its bytes were durable"
        receipt = disk.next_commit(at, "receive")
        assert disk.is_synced(folder, at, receipt), f"{path}: received before its name was durable"
    assert len(pages) == 1
    assert disk.is_synced(disk.events[pages[0]][1][0], 0, pages[0])


async def test_small_files_of_a_batch_are_all_durable_before_the_first_name(
    tmp_path: Path, disk: Disk
) -> None:
    tree = {f"{n % 2}/{n}.bin": b"%d" % n for n in range(230)}
    report = await Home(tmp_path).send(packed(tmp_path / "a.zip", tree), files="all")
    assert report.totals.sent == 230
    landed = [at for at in disk.named("/library/a/") if disk.events[at][2].endswith(".bin")]
    batches = [at for at, (_, act, _) in enumerate(disk.events) if act == "receive"]
    assert len(batches) <= 10
    assert len(landed) == 230
    for first, receipt in pairwise([0, *batches]):
        own = [at for at in landed if first < at < receipt]
        for at in own:
            _, (file, folder), path = disk.events[at]
            assert disk.is_synced(file, first, own[0]), f"{path}: others were named before it was"
            assert disk.is_synced(folder, own[-1], receipt), path
            assert disk.events[own[-1] : receipt].count(("sync", folder, "")) == 1


async def test_what_others_count_on_is_committed_for_good(tmp_path: Path, disk: Disk) -> None:
    source = packed(tmp_path / "a.zip", {"0.jpg": photo(0), "broken.jpg": photo(1)[:300]})
    await Home(tmp_path).send(source)
    durable = {act for act, for_good in disk.acts if for_good}
    assert {"submit", "settle_folder", "intend", "end_job"} <= durable
    assert "receive" not in durable  # the library can be asked


async def test_a_segment_of_a_film_is_durable_before_its_row(tmp_path: Path, disk: Disk) -> None:
    report = await Home(tmp_path).send(film(tmp_path / "asp.avi"))
    assert report.job.state is JobState.SUCCEEDED
    parts = disk.named("/parts/")
    assert len(parts) >= 3
    for at in parts:
        _, (file, folder), path = disk.events[at]
        assert disk.is_synced(file, 0, at), path
        assert disk.is_synced(folder, at, disk.next_commit(at, "advance")), path
    assert ("advance", True) in disk.acts


async def test_what_was_fetched_is_durable_before_it_is_called_whole(
    tmp_path: Path, disk: Disk
) -> None:
    (tmp_path / "served").mkdir()
    packed(tmp_path / "served" / "a.zip", {"0.jpg": photo(0)})
    with ranged(tmp_path / "served") as server:
        server.does.ranges = False
        report = await Home(tmp_path, LOOPBACK).send(server.url("a.zip"))
    assert report.job.state is JobState.SUCCEEDED
    (at,) = disk.named(".whole")
    assert disk.is_synced(disk.events[at][1][0], 0, at)
