"""A job that an error ends before its destination could say what arrived: `retry`, and the same command anew."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.destinations.objects import SHAPES, ObjectStore
from tests.inputs import packed, photo
from tests.installation import Home
from tests.servers.objects import Store, serving
from tests.store_desk import Desk, names, photos
from transload.destinations.library import Library
from transload.errors import DeniedError
from transload.model import Intent, ItemState, Job, JobState
from transload.ports import Answer, Destination, Landed, Powers

pytestmark = pytest.mark.anyio
PARTIAL = 3  # exit status
NO = "the account was closed"


class Closing:
    """A destination that can be closed to everybody, before or behind an effect."""

    closes: str | None = None  # "before" or "behind" the next delivery
    is_closed = False

    def close_there(self, when: str) -> None:
        if self.closes == when:
            self.is_closed = True
        if self.is_closed:
            raise DeniedError(NO)

    def reopen(self) -> None:
        self.closes, self.is_closed = None, False


class ClosingLibrary(Closing, Library):
    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        self.close_there("before")
        answers = await super().deliver(job, intents)
        self.close_there("behind")
        return answers

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        self.close_there("look")
        return await super().look_up(job, intents)


class ClosingStore(Closing, ObjectStore):
    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        self.close_there("before")
        answers = await super().deliver(job, intents)
        self.close_there("behind")
        return answers

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        self.close_there("look")
        return await super().look_up(job, intents)


@pytest.fixture
def store() -> Iterator[tuple[Store, ClosingStore]]:
    store = Store()
    with serving(store) as address:
        yield store, ClosingStore(address)


async def failed(home: Home, place: Destination, source: Path) -> str:
    """Send, and see the job end in failure; gives its id."""
    async with home.open(place) as app:
        job = await app.send(source, to="picky:")
        ended = await app.wait(job.id)
        assert (ended.state, ended.fault and ended.fault.detail) == (JobState.FAILED, NO)
        return job.id


async def retried(home: Home, place: Destination, job_id: str) -> None:
    async with home.open(place) as app:
        await app.retry(job_id)
        assert (await app.wait(job_id)).state is JobState.SUCCEEDED


def delivered(library: Path) -> dict[str, bytes]:
    """What lies there beside the gallery's own pictures."""
    return {one.name: one.read_bytes() for one in sorted(library.glob("*/*.jpg"))}


@pytest.mark.parametrize("when", ["before", "behind"])
async def test_a_retry_asks_a_folder_what_arrived(tmp_path: Path, when: str) -> None:
    place, home = ClosingLibrary(tmp_path / "there"), Home(tmp_path)
    place.closes = when
    job_id = await failed(home, place, photos(tmp_path, 12))
    place.reopen()
    await retried(home, place, job_id)
    assert list(delivered(place.root)) == names(12)


async def test_the_same_command_anew_gets_the_names_where_nothing_lies(tmp_path: Path) -> None:
    place, home, source = ClosingLibrary(tmp_path / "there"), Home(tmp_path), photos(tmp_path, 12)
    place.closes = "before"
    first = await failed(home, place, source)
    place.reopen()
    async with home.open(place) as app:
        job = await app.send(source, to="picky:")
        assert job.id != first
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
    assert list(delivered(place.root)) == names(12)


async def test_it_keeps_out_of_the_way_of_what_arrived(tmp_path: Path) -> None:
    """Nobody can say yet whose these files are: neither is overwritten."""
    place, home, source = ClosingLibrary(tmp_path / "there"), Home(tmp_path), photos(tmp_path, 3)
    place.closes = "behind"
    first = await failed(home, place, source)
    before = delivered(place.root)
    place.reopen()
    async with home.open(place) as app:
        job = await app.send(source, to="picky:")
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
    await retried(home, place, first)
    after = delivered(place.root)
    assert before.items() <= after.items()
    assert before
    assert sorted(after) == sorted([*names(3), *(one.replace(".", " (2).") for one in before)])


@pytest.mark.parametrize("when", ["before", "behind"])
async def test_a_retry_posts_an_album_once_and_stages_nothing_again(
    store: tuple[Store, ClosingStore], tmp_path: Path, when: str
) -> None:
    books, place = store
    home = Home(tmp_path)
    place.closes = when
    job_id = await failed(home, place, photos(tmp_path, 25))
    assert len(books.posted) == (10 if when == "behind" else 0)
    place.reopen()
    await retried(home, place, job_id)
    assert sorted(books.posted) == names(25)
    assert books.sent_again == 0


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_kill_before_the_quarantine_gives_no_third_chance(
    tmp_path: Path, shape: str
) -> None:
    """What was made of it was refused, too, and its original was not yet kept when the program died."""
    with serving(books := Store()) as address:
        desk = Desk(Home(tmp_path), books, address, shape=shape)
        for name in ("004.jpg", "004.png"):
            books.refuse(name, "stage", times=9)
        scene = desk.scene(photos(tmp_path, 10))
        assert scene.run(("commit-keep:1", "before")) < 0
        staged = books.counts["stage"]
        assert scene.run() == PARTIAL
        assert books.counts["stage"] == staged
        assert "004.jpg" not in books.posted


async def test_a_folder_that_was_changed_while_a_job_was_open_hides_nothing(
    tmp_path: Path, store: tuple[Store, ClosingStore]
) -> None:
    books, place = store
    home, folder = Home(tmp_path), tmp_path / "in"
    folder.mkdir()
    for n in range(1, 13):
        (folder / f"{n:03}.jpg").write_bytes(photo(n))
    place.closes = "behind"
    job_id = await failed(home, place, folder)
    (folder / "000.jpg").write_bytes(photo(0))
    place.reopen()
    async with home.open(place) as app:
        await app.retry(job_id)
        ended = await app.wait(job_id)
        assert ended.fault is not None
        assert "changed while it was read" in ended.fault.detail
        again = await app.send(folder, to="picky:")
        assert (await app.wait(again.id)).state is JobState.SUCCEEDED
    assert sorted(books.posted) == names(13)


async def test_an_outage_holds_up_a_command_that_comes_again(
    store: tuple[Store, ClosingStore], tmp_path: Path
) -> None:
    """Whether all is there still cannot be asked: that is waited for, and nothing is posted again."""
    books, place = store
    home, source = Home(tmp_path), photos(tmp_path, 3)
    async with home.open(place) as app:
        await app.wait((await app.send(source, to="picky:")).id)
        books.outage(3)
        again = await app.send(source, to="picky:")
        assert (await app.wait(again.id)).state is JobState.SUCCEEDED
    assert sorted(books.posted) == names(3)


@pytest.mark.parametrize("when", ["before", "behind"])
async def test_one_item_taken_up_alone_leaves_the_intents_of_others(
    store: tuple[Store, ClosingStore], tmp_path: Path, when: str
) -> None:
    books, place = store
    home = Home(tmp_path)
    place.closes = when
    source = photos(tmp_path, 5)
    job_id = await failed(home, place, source)
    place.reopen()
    async with home.open(place) as app:
        report = await app.report(job_id)
        await app.installation.ledger.retry(job_id, [report.items[0].item.id])
        assert (await app.send(source, to="picky:")).id == job_id
        assert (await app.wait(job_id)).state is not JobState.SUCCEEDED
        await app.retry(job_id)
        assert (await app.wait(job_id)).state is JobState.SUCCEEDED
    assert sorted(books.posted) == names(5)


class ClosingUngathered(ClosingStore):
    powers = Powers(durable_receipts=True)


async def test_what_was_staged_and_is_in_no_album_is_sent(tmp_path: Path) -> None:
    with serving(books := Store()) as address:
        place, home = ClosingUngathered(address), Home(tmp_path)
        place.closes = "before"
        texts = {f"{n}.txt": b"text %d" % n for n in range(3)}
        async with home.open(place) as app:
            job = await app.send(packed(tmp_path / "a.zip", texts), to="picky:", files="all")
            assert (await app.wait(job.id)).state is JobState.FAILED
        place.reopen()
        await retried(home, place, job.id)
    assert sorted(books.posted) == sorted(texts)
    assert books.sent_again == 0


async def test_an_equal_stream_is_known_by_a_receipt_that_was_found_later(
    store: tuple[Store, ClosingStore], tmp_path: Path
) -> None:
    books, place = store
    home = Home(tmp_path)
    place.closes = "behind"
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(1)})
    async with home.open(place) as app:
        job = await app.send(source, to="picky:", recipe="original")
        await app.wait(job.id)
    place.reopen()
    await retried(home, place, job.id)
    assert books.posted == ["a.jpg"]


class LateLibrary(Library):
    """Nothing can be delivered, or asked about, from the third act on."""

    acts = 0

    async def deliver(self, job: Job, intents: Sequence[Intent]) -> list[Answer]:
        self.acts += 1
        if self.acts >= 3:
            raise DeniedError(NO)
        return await super().deliver(job, intents)

    async def look_up(self, job: Job, intents: Sequence[Intent]) -> list[Landed]:
        if self.acts >= 3:
            raise DeniedError(NO)
        return await super().look_up(job, intents)


async def test_answers_before_an_error_are_written(tmp_path: Path) -> None:
    place, home = LateLibrary(tmp_path / "there"), Home(tmp_path)
    async with home.open(place) as app:
        job = await app.send(photos(tmp_path, 40), to="picky:")
        await app.wait(job.id)
        report = await app.report(job.id)
    sent = [one.item.name for one in report.items if one.item.state is ItemState.SENT]
    assert sorted(sent) == list(delivered(place.root))
    assert sent
