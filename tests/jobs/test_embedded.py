"""The engine: lanes, order, revoked and interrupted tasks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from tests.films import film
from tests.inputs import clip, packed
from tests.installation import SMALL, Home
from transload.config import Convert
from transload.entry import Entry
from transload.events import JobMoved
from transload.jobs.embedded import EmbeddedEngine
from transload.ledger.database import Database
from transload.ledger.jobs import Ledger
from transload.ledger.questions import system_clock
from transload.ledger.task_writes import TaskRecord
from transload.ledger.tasks import Leases
from transload.model import (
    ItemKind,
    ItemState,
    Job,
    JobProgress,
    JobState,
    Judgement,
    Lane,
    Outcome,
    Recipe,
    Task,
    TaskKind,
    Verdict,
)
from transload.plans import ShouldYield
from transload.ports import Handler
from transload.states import TURN

pytestmark = pytest.mark.anyio


class Shop:
    """A ledger, an engine on it, and a diary of what its tasks did."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "ledger.db")
        self.database.open()
        self.ledger = Ledger(self.database, system_clock)
        self.leases = Leases(self.database, system_clock, "here", 30_000)
        self.folder = folder
        self.diary: list[str] = []

    def engine(self, transfers: int = 1) -> EmbeddedEngine:
        slots = {Lane.TRANSFER: transfers, Lane.CONVERT: 1}
        return EmbeddedEngine(self.leases, system_clock, slots, "idle", 10)

    async def submit(self, name: str) -> Job:
        job = Job("", name, "library:/o", Recipe.TELEGRAM, name, JobState.QUEUED)
        return await self.ledger.submit(job, name, name, detached=False)

    def record(self, task: Task) -> TaskRecord:
        return TaskRecord(self.database, system_clock, task, self.folder)

    async def state(self, job: Job) -> JobState:
        return (await self.ledger.job(job.id)).state


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.database.close()


async def run_until(
    shop: Shop, engine: EmbeddedEngine, handler: Handler, done: anyio.Event
) -> None:
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(engine.run, handler)
            await done.wait()
            group.cancel_scope.cancel()


async def test_conversions_start_only_when_no_transfer_is_left(shop: Shop) -> None:
    done, later = anyio.Event(), Judgement(ItemKind.VIDEO, Verdict.TRANSCODE, "later")
    engine = shop.engine()
    await shop.submit("one")
    await shop.submit("two")

    async def handle(task: Task, _should_yield: ShouldYield) -> None:
        record = shop.record(task)
        job, _ = await record.begin()
        shop.diary.append(f"{task.kind.value} {job.title}")
        if task.kind is TaskKind.TRANSFER:
            (item,) = await record.admit([Entry(0, "a.avi", b"a.avi", 1)])
            await record.conclude([Outcome(item, ItemState.DEFERRED, "later", later)])
        elif task.item_id is not None:
            item = await record.item(task.item_id)
            await record.conclude([Outcome(item, ItemState.DUPLICATE, "so")])
        if not await record.end_task():
            await record.end_job()
        if len(shop.diary) == 4:
            done.set()

    await run_until(shop, engine, handle, done)
    assert shop.diary == ["transfer one", "transfer two", "convert one", "convert two"]


async def test_a_cancelled_job_is_let_go_and_settled_by_a_new_task(shop: Shop) -> None:
    started, settled = anyio.Event(), anyio.Event()
    job = await shop.submit("one")

    async def handle(task: Task, _should_yield: ShouldYield) -> None:
        record = shop.record(task)
        _, control = await record.begin()
        if control == "cancel":
            await record.end_task()
            await record.end_job()
            settled.set()
            return
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            shop.diary.append("let go")

    async def command() -> None:
        await started.wait()
        await shop.ledger.control(job.id, "cancel")

    async with anyio.create_task_group() as group:
        group.start_soon(command)
        await run_until(shop, shop.engine(), handle, settled)
    assert shop.diary == ["let go"]
    assert await shop.state(job) is JobState.CANCELLED


async def test_an_interrupted_task_is_free_at_once(shop: Shop) -> None:
    started = anyio.Event()
    job = await shop.submit("one")

    async def handle(task: Task, _should_yield: ShouldYield) -> None:
        await shop.record(task).begin()
        started.set()
        await anyio.sleep_forever()

    await run_until(shop, shop.engine(), handle, started)
    assert await shop.state(job) is JobState.QUEUED
    again = await Leases(shop.database, system_clock, "other", 30_000).take(Lane.TRANSFER)
    assert again is not None
    assert again.epoch == 2


async def test_no_more_transfers_than_slots_run_at_once(shop: Shop) -> None:
    full, done = anyio.Event(), anyio.Event()
    running: list[str] = []
    for name in ("a", "b", "c", "d", "e"):
        await shop.submit(name)

    async def handle(task: Task, _should_yield: ShouldYield) -> None:
        running.append(task.job_id)
        shop.diary.append(str(len(running)))
        if len(running) == 2:
            full.set()
        with anyio.fail_after(5):
            await full.wait()
        record = shop.record(task)
        await record.begin()
        await record.end_task()
        await record.end_job()
        running.remove(task.job_id)
        if len(shop.diary) == 5:
            done.set()

    await run_until(shop, shop.engine(transfers=2), handle, done)
    assert max(shop.diary) == "2"


async def test_a_task_that_still_runs_here_is_not_taken_again(shop: Shop) -> None:
    job = await shop.submit("one")
    task = await shop.leases.take(Lane.TRANSFER)
    assert task is not None
    await shop.ledger.control(job.id, "pause")
    await shop.ledger.control(job.id, None)
    assert await shop.leases.take(Lane.TRANSFER, [task]) is None
    assert await shop.leases.take(Lane.TRANSFER) is not None


async def test_two_encoders_are_for_two_jobs(tmp_path: Path) -> None:
    """One scratch folder a job, which each of its tasks sweeps: beside each other they took away each other's files."""
    home = Home(tmp_path, replace(SMALL, convert=Convert(concurrency=3)))
    tree = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(4)}
    report = await home.send(packed(tmp_path / "a.zip", tree))
    assert [one.item.state for one in report.items] == [ItemState.SENT] * 4
    assert home.left_behind() == []


async def test_a_long_conversion_gives_its_place_to_a_job_that_came_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    long = film(tmp_path / "asp.avi", seconds=90, size="480x270")
    settings = replace(SMALL, convert=Convert(memory_bytes=1))  # one part a run
    alone, beside = Home(tmp_path / "alone", settings), Home(tmp_path / "beside", settings)
    await alone.send(long, originals="drop")
    short = clip(tmp_path / "short.avi")
    caplog.clear()
    caplog.set_level("INFO", logger="transload.media")
    async with beside.open() as app:
        first = await app.send(str(long), to=beside.to, originals="drop")
        async for event in app.events(first.id):
            if isinstance(event.news, JobProgress) and event.news.stage == "convert":
                break
        second = await app.send(str(short), to=beside.to, originals="drop")
        reports = [await app.report((await app.wait(job.id)).id) for job in (first, second)]
        told = [
            one.news.reason for one in await app.history(first.id) if isinstance(one.news, JobMoved)
        ]
    (film_sent, clip_sent) = (report.items[0].item.sent_ms for report in reports)
    assert film_sent is not None
    assert clip_sent is not None
    assert clip_sent < film_sent
    (whole,) = alone.delivered().values()
    assert whole in beside.delivered().values()
    taken = [
        vars(one)["segments"] for one in caplog.records if one.message == "segments_taken_over"
    ]
    assert taken[0] == 0 < taken[1]
    assert TURN in told
    assert beside.left_behind() == []
