"""The page towards a destination that gathers albums and takes their files before: what is posted, and how often."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from tests.destinations.objects import SHAPES
from tests.inputs import clip, packed, photo
from tests.installation import SMALL, Home, finished, states
from tests.servers.objects import Conduct, Store, serving
from tests.store_desk import Desk, names, photos, run_on
from transload import wiring
from transload.destinations.library import Library
from transload.errors import ConnectionLostError
from transload.json_codec import JsonObject
from transload.model import Intent, ItemState, Job, JobState
from transload.ports import Answer, Powers
from transload.retry import RetryPolicy

pytestmark = pytest.mark.anyio
SENT, DUPLICATE, QUARANTINED = ItemState.SENT, ItemState.DUPLICATE, ItemState.QUARANTINED
PLAYS = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """What is lost on the way is tried again at once."""
    soon = partial(RetryPolicy, first_s=0.01, longest_s=0.05)
    monkeypatch.setattr(wiring, "RetryPolicy", soon)
    with serving(store := Store()) as address:
        yield Desk(Home(tmp_path), store, address)


async def test_a_hundred_and_twenty_photos_are_twelve_albums_in_order(
    desk: Desk, tmp_path: Path
) -> None:
    report = await desk.send(photos(tmp_path, 120))
    assert set(states(report).values()) == {SENT}
    assert desk.sizes == [10] * 12
    assert desk.store.posted == names(120)
    assert [one.item.album for one in report.items] == [n // 10 + 1 for n in range(120)]
    assert desk.store.counts["part"] == 120
    assert desk.store.counts["album"] == 12
    assert not list(desk.home.data.scratch.iterdir())


Kill = tuple[str, Literal["kill before", "kill after"], int]
KILLS: Sequence[Kill] = (
    ("stage", "kill after", 4),
    ("part", "kill before", 12),
    ("album", "kill before", 0),
    ("album", "kill after", 1),
    ("begin", "kill after", 24),
    ("album", "kill after", 2),
)


def killed_at(desk: Desk, kills: Sequence[Kill]) -> None:
    for request, moment, skip in kills:
        desk.store.plan(request, Conduct(moment), skip=skip)


def test_kills_in_between_change_no_album(desk: Desk, tmp_path: Path) -> None:
    killed_at(desk, KILLS)
    assert run_on(desk.scene(photos(tmp_path, 40))) == 0
    assert desk.store.kills == len(KILLS)
    assert desk.sizes == [10] * 4
    assert desk.store.posted == names(40)
    assert desk.store.sent_again == 0


@pytest.mark.kills
@pytest.mark.timeout(300)
def test_kills_at_every_third_album_change_none(desk: Desk, tmp_path: Path) -> None:
    more: list[Kill] = [("album", "kill before", 3), ("album", "kill after", 3)] * 3
    killed_at(desk, (*KILLS, *more))
    assert run_on(desk.scene(photos(tmp_path, 120))) == 0
    assert desk.store.kills == len(KILLS) + len(more)
    assert (desk.sizes, desk.store.posted) == ([10] * 12, names(120))
    assert desk.store.sent_again == 0


def test_what_is_staged_is_not_read_again(desk: Desk, tmp_path: Path) -> None:
    each = 200_000
    entries = {name: photo(n) + bytes(each) for n, name in enumerate(names(12))}
    desk.store.plan("stage", Conduct("kill before"), skip=8)  # eight are staged, no album is formed
    scene = desk.scene(packed(tmp_path / "a.zip", entries))
    assert scene.run() < 0
    with closing(sqlite3.connect(scene.data / "ledger.db")) as ledger:
        (before,) = ledger.execute("SELECT bytes_read FROM jobs").fetchone()
    assert run_on(scene) == 0
    assert desk.store.posted == names(12)
    read = scene.report()["totals"]["bytes_read"] - before
    assert read < 5 * (each + 10_000)  # eight of the twelve were staged


def photos_and_films(folder: Path) -> Path:
    """Twelve photos; the first three have a film behind them that plays as it is."""
    entries: dict[str, bytes] = {}
    for n in range(12):
        entries[f"{n:02}.jpg"] = photo(n)
        if n < 3:
            film = clip(folder / f"{n}.mp4", n, words=PLAYS)
            entries[f"{n:02}.mp4"] = film.read_bytes()
    return packed(folder / "a.zip", entries)


async def test_photos_and_films_travel_apart(desk: Desk, tmp_path: Path) -> None:
    report = await desk.send(photos_and_films(tmp_path), recipe="telegram")
    assert set(states(report).values()) == {SENT}
    assert desk.sizes == [10, 3, 2]
    kinds = [{one.name[-3:] for one in album.members} for album in desk.store.log]
    assert kinds == [{"jpg"}, {"mp4"}, {"jpg"}]


async def test_photos_and_films_travel_together(desk: Desk, tmp_path: Path) -> None:
    report = await desk.send(photos_and_films(tmp_path), recipe="telegram", album_mix="mixed")
    assert desk.sizes == [10, 5]
    assert desk.store.posted == [one.item.name for one in report.items]


async def test_equal_contents_are_posted_once(desk: Desk, tmp_path: Path) -> None:
    pictures = {f"{n}.jpg": photo(n % 4) for n in range(12)}
    report = await desk.send(packed(tmp_path / "a.zip", pictures))
    assert desk.store.posted == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert report.totals.duplicate == 8


def test_equal_contents_are_posted_once_after_a_kill(desk: Desk, tmp_path: Path) -> None:
    pictures = {f"{n}.jpg": photo(n) for n in range(3)} | {"twin.jpg": photo(0)}
    desk.store.plan("stage", Conduct("kill before"), skip=2)
    assert run_on(desk.scene(packed(tmp_path / "a.zip", pictures))) == 0
    assert desk.store.kills == 1
    assert desk.store.posted == ["0.jpg", "1.jpg", "2.jpg"]


class Collector(Library):
    """A library that takes albums as one act, and nothing before it. `broken` albums end before their act."""

    powers = Powers(gathers=True)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.albums: list[list[str]] = []
        self.notes: list[JsonObject] = []
        self.breaks_at = 0
        self.seen = 0

    async def foresee(self, job: Job, intents: Sequence[Intent]) -> JsonObject:  # noqa: ARG002
        self.seen += 1
        return {"key": self.seen}

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        self.notes += [one.note for one in intents]
        if self.seen == self.breaks_at:
            self.breaks_at = 0
            raise ConnectionLostError
        self.albums.append([one.shipment.item.name for one in intents])
        return await super().deliver(job, intents)


@pytest.mark.parametrize("albums", [1, 0.3], ids=["one album", "three photos"])
async def test_a_small_scratch_folder_never_stops_what_gathers(
    tmp_path: Path, albums: float
) -> None:
    budget = int(sum(len(photo(n)) for n in range(10)) * albums)
    home = Home(tmp_path, replace(SMALL, scratch_budget_bytes=budget))
    collector = Collector(tmp_path / "library")
    async with home.open(collector) as app:
        report = await finished(app, photos(tmp_path, 35), to="picky:")
    assert set(states(report).values()) == {SENT}
    assert [name for album in collector.albums for name in album] == names(35)
    assert report.totals.peak_scratch_bytes <= budget + max(len(photo(n)) for n in range(35))


async def test_a_small_scratch_folder_does_not_tear_what_is_staged(
    desk: Desk, tmp_path: Path
) -> None:
    budget = 3 * max(len(photo(n)) for n in range(35))
    desk.home = Home(tmp_path, replace(SMALL, scratch_budget_bytes=budget))
    report = await desk.send(photos(tmp_path, 35))
    assert set(states(report).values()) == {SENT}
    assert desk.store.posted == names(35)
    assert report.totals.peak_scratch_bytes <= budget


async def test_gathered_albums_without_staging_hold_ten(tmp_path: Path) -> None:
    collector = Collector(tmp_path / "library")
    async with Home(tmp_path).open(collector) as app:
        report = await finished(app, photos(tmp_path, 23), to="picky:")
    assert set(states(report).values()) == {SENT}
    assert [len(album) for album in collector.albums] == [10, 10, 3]
    assert all(note for note in collector.notes)


async def test_an_album_that_was_formed_keeps_its_note(desk: Desk, tmp_path: Path) -> None:
    """Its members are read again: nothing of them was staged."""
    collector = Collector(tmp_path / "library")
    collector.breaks_at = 2
    async with desk.home.open(collector) as app:
        report = await finished(app, photos(tmp_path, 23), to="picky:")
    assert set(states(report).values()) == {SENT}
    assert [len(album) for album in collector.albums] == [10, 10, 3]
    assert [note["key"] for note in collector.notes] == [1] * 10 + [2] * 20 + [3] * 3


async def test_one_refused_at_staging_keeps_nobody_else(desk: Desk, tmp_path: Path) -> None:
    desk.store.refuse("004.jpg", "stage")
    report = await desk.send(photos(tmp_path, 20))
    assert set(states(report).values()) == {SENT}
    assert report.totals.recovered == 1
    assert desk.sizes == [10, 9, 2]  # what was made of it, and its original
    assert len(set(desk.store.posted)) == 21


async def test_one_refused_in_its_album_keeps_nobody_else(desk: Desk, tmp_path: Path) -> None:
    desk.store.refuse("004.jpg", "album")
    report = await desk.send(photos(tmp_path, 20))
    assert report.totals.recovered == 1
    assert desk.sizes == [9, 10, 2]  # what was made of it, and its original
    assert len(set(desk.store.posted)) == len(desk.store.posted) == 21


@pytest.mark.parametrize("at", ["stage", "album"])
async def test_one_refused_again_and_again_is_kept(desk: Desk, tmp_path: Path, at: str) -> None:
    for name in ("004.jpg", "004.png"):
        desk.store.refuse(name, "stage" if at == "stage" else "album", times=9)
    report = await desk.send(photos(tmp_path, 10))
    assert report.job.state is JobState.PARTIAL
    assert states(report).pop("004.jpg") is QUARANTINED
    assert (report.totals.sent, desk.sizes) == (9, [9])
    async with desk.home.open() as app:
        (kept,) = await app.quarantined()
    assert (kept.name, kept.path is not None) == ("004.jpg", True)


async def test_what_expires_before_its_album_is_staged_again(desk: Desk, tmp_path: Path) -> None:
    def expire(asked: dict[str, object]) -> None:
        if asked["request"] == "album" and desk.store.counts["album"] in (1, 3):
            desk.store.expire("003.jpg", "004.jpg", "014.jpg")

    desk.store.heard = expire
    report = await desk.send(photos(tmp_path, 20))
    assert set(states(report).values()) == {SENT}
    assert sorted(desk.store.posted) == names(20)


def test_what_expired_while_nobody_ran_is_staged_again(desk: Desk, tmp_path: Path) -> None:
    desk.store.plan("album", Conduct("kill before"))
    scene = desk.scene(photos(tmp_path, 12))
    assert scene.run() < 0
    desk.store.expire()
    assert run_on(scene) == 0
    assert sorted(desk.store.posted) == names(12)


async def test_conversions_go_behind_the_albums(desk: Desk, tmp_path: Path) -> None:
    films = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(2)}
    source = packed(tmp_path / "a.zip", films | {f"{n}.jpg": photo(n) for n in range(3)})
    report = await desk.send(source, recipe="telegram")
    assert set(states(report).values()) == {SENT}
    assert desk.sizes == [3, 1, 1]


def test_a_killed_conversion_is_neither_made_nor_sent_again(desk: Desk, tmp_path: Path) -> None:
    films = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(2)}
    desk.store.plan("album", Conduct("kill before"))
    desk.store.plan("album", Conduct("kill after"), skip=1)
    assert run_on(desk.scene(packed(tmp_path / "a.zip", films))) == 0
    assert (desk.store.kills, desk.sizes) == (2, [1, 1])
    assert (desk.store.sent_again, desk.store.counts["begin"]) == (0, 2)
    assert (
        desk.store.counts["album"] == 3
    )  # the first one twice; of the last only its receipt was missing


@pytest.mark.parametrize("shape", SHAPES)
async def test_lost_answers_double_nothing(desk: Desk, tmp_path: Path, shape: str) -> None:
    desk.shape = shape
    for request in ("begin", "part", "stage", "album"):
        for skip in range(3):
            desk.store.plan(request, Conduct("lose" if skip % 2 else "drop"), skip=2 * skip)
    report = await desk.send(photos(tmp_path, 30))
    assert set(states(report).values()) == {SENT}
    assert desk.sizes == ([1] * 30 if shape == "ungathered" else [10] * 3)
    assert (desk.store.posted, desk.store.sent_again) == (names(30), 0)


async def test_a_lost_answer_to_an_album_with_one_refused(desk: Desk, tmp_path: Path) -> None:
    desk.store.refuse("004.jpg", "album")
    desk.store.plan("album", Conduct("lose"), skip=1)
    report = await desk.send(photos(tmp_path, 10))
    assert len(set(desk.store.posted)) == len(desk.store.posted) == 11
    assert report.totals.recovered == 1
