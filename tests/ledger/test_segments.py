"""Segments of long transcodes: found again when they are whole, removed when they are of no more use."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.ledger.conftest import Desk, entries
from transload.errors import LostLeaseError
from transload.ledger.schema import receipts
from transload.ledger.segments import KEPT_MS, ROWLESS_MS, SqlSegmentStore, TaskParts
from transload.ledger.task_writes import TaskRecord
from transload.model import Held, ItemState, Outcome
from transload.plans import QualityChoice, Segment

pytestmark = pytest.mark.anyio

SOURCE = "ab" * 32
BYTES = b"pictures"
PART = Segment(0, 0, 250, 0, 9960, len(BYTES), hashlib.sha256(BYTES).hexdigest(), "guard")


def store_of(desk: Desk, tmp_path: Path) -> SqlSegmentStore:
    return SqlSegmentStore(desk.database, desk.clock, tmp_path / "segments")


async def one_segment(segments: TaskParts) -> Path:
    folder = await segments.begin("settings")
    assert folder is not None
    (folder / "00000.nut").write_bytes(BYTES)
    await segments.add("settings", PART)
    return folder


async def test_a_segment_is_found_by_the_next_run(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    record = await desk.begin()
    segments = store_of(desk, tmp_path).of(record, SOURCE)
    folder = await one_segment(segments)
    (folder / "00001.nut.part").write_bytes(b"half")
    later = store_of(desk, tmp_path).of(record, SOURCE)
    assert await later.begin("settings") == folder
    assert await later.known("settings") == [PART]
    assert [path.name for path in folder.iterdir()] == ["00000.nut"]
    assert await later.known("others") == []


async def test_a_segment_is_progress(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    for deaths, makes_one in ((0, False), (1, True), (1, False), (2, False)):
        task = await desk.take()
        assert task.deaths == deaths
        record = TaskRecord(desk.database, desk.clock, task, desk.kept)
        await record.begin()
        if makes_one:
            await one_segment(store_of(desk, tmp_path).of(record, SOURCE))
        await desk.leases.release_dead()


async def test_the_disk_keeps_its_reserve(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    record = await desk.begin()
    usage = shutil.disk_usage(tmp_path)
    rooms = []
    for reserve in (0, 1 << 60):
        store = SqlSegmentStore(desk.database, desk.clock, tmp_path / "segments", reserve)
        segments = store.of(record, SOURCE)
        assert await segments.begin("settings") is not None
        rooms.append(await segments.free_bytes("settings"))
    assert rooms[0] - rooms[1] == pytest.approx(usage.total // 10, abs=1 << 30)
    assert rooms[0] == pytest.approx(usage.free, abs=1 << 30)


async def test_a_file_that_changed_is_no_segment(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    segments = store_of(desk, tmp_path).of(await desk.begin(), SOURCE)
    folder = await one_segment(segments)
    (folder / "00000.nut").write_bytes(b"Pictures")
    assert await segments.known("settings") == []
    await segments.add("settings", replace(PART, sha256=hashlib.sha256(b"Pictures").hexdigest()))
    assert len(await segments.known("settings")) == 1


async def test_one_conversion_at_a_time_works_in_a_folder(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    record, store = await desk.begin(), store_of(desk, tmp_path)
    first, second = store.of(record, SOURCE), store.of(record, SOURCE)
    assert await first.begin("settings") is not None
    assert await second.begin("settings") is None
    first.leave("settings")
    assert await second.begin("settings") is not None


async def test_a_folder_that_cannot_be_made_is_not_held(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    store = store_of(desk, tmp_path)
    segments = store.of(await desk.begin(), SOURCE)
    (tmp_path / "segments").write_bytes(b"in the way")
    with pytest.raises(NotADirectoryError):
        await segments.begin("settings")
    (tmp_path / "segments").unlink()
    assert await segments.begin("settings") is not None


async def test_a_task_that_was_taken_over_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    record = await desk.begin()
    segments = store_of(desk, tmp_path).of(record, SOURCE)
    desk.clock.now_ms += 3_600_000
    await desk.take()
    with pytest.raises(LostLeaseError):
        await one_segment(segments)


async def test_dropped_segments_are_gone(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    segments = store_of(desk, tmp_path).of(await desk.begin(), SOURCE)
    folder = await one_segment(segments)
    await segments.drop("settings")
    assert not folder.exists()
    assert await store_of(desk, tmp_path).rows(folder.name) == []


async def test_segments_outlive_a_job_by_a_week(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    store = store_of(desk, tmp_path)
    segments = store.of(await desk.begin(), SOURCE)
    folder = await one_segment(segments)
    segments.leave("settings")
    assert await store.sweep() == []
    desk.clock.now_ms += KEPT_MS + 1
    assert await store.sweep(dry_run=True) == [(folder / "00000.nut", len(BYTES))]
    assert folder.exists()
    assert await store.sweep() == [(folder / "00000.nut", len(BYTES))]
    assert not folder.exists()
    assert await store.rows(folder.name) == []


async def test_segments_of_a_waiting_item_and_of_a_running_conversion_stay(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.submit()
    record, store = await desk.begin(), store_of(desk, tmp_path)
    (item,) = await record.admit(entries(1))
    held = Held(tmp_path / "film", 7, 0, SOURCE)
    await record.conclude([Outcome(item, ItemState.DEFERRED, "hevc", None, held)])
    waiting, running = store.of(record, SOURCE), store.of(record, "cd" * 32)
    folders = [await one_segment(waiting), await one_segment(running)]
    waiting.leave("settings")
    desk.clock.now_ms += KEPT_MS + 1
    assert await store.sweep() == []
    assert all(folder.exists() for folder in folders)


async def test_a_folder_without_rows_may_be_anothers_until_it_is_old(
    desk: Desk, tmp_path: Path
) -> None:
    store = store_of(desk, tmp_path)
    folder = store.folder("key")
    folder.mkdir(parents=True)
    (folder / "00000.nut.part").write_bytes(b"half")
    desk.clock.now_ms = int(folder.stat().st_mtime * 1000)
    assert await store.sweep() == []
    desk.clock.now_ms += ROWLESS_MS + 1000
    assert await store.sweep() == [(folder / "00000.nut.part", 4)]
    assert not folder.exists()


async def test_segments_of_what_was_delivered_go_at_once(desk: Desk, tmp_path: Path) -> None:
    await desk.submit()
    record, store = await desk.begin(), store_of(desk, tmp_path)
    (item,) = await record.admit(entries(1))
    segments = store.of(record, SOURCE)
    folder = await one_segment(segments)
    segments.leave("settings")
    receipt = insert(receipts).values(
        item_id=item.id,
        job_id=item.job_id,
        destination="library:/out",
        recipe="telegram",
        source_identity="local:/photos.zip",
        idx=0,
        sha256=SOURCE,
        sent_ms=desk.clock.now_ms,
    )
    await desk.database.run(lambda db: db.execute(receipt))
    assert await store.sweep() == [(folder / "00000.nut", len(BYTES))]
    assert not folder.exists()


async def test_a_choice_is_made_once_and_lives_as_long_as_segments(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.submit()
    record = await desk.begin()
    store = store_of(desk, tmp_path)
    segments = store.of(record, SOURCE)
    assert await segments.chosen("film") is None
    first = QualityChoice("veryfast", 720, "too slow")
    await segments.choose("film", first)
    await segments.choose("film", QualityChoice("fast", 1080))
    assert await store.of(record, SOURCE).chosen("film") == first
    assert await store.of(record, "cd" * 32).chosen("film") is None
    await store.sweep()
    assert await segments.chosen("film") == first
    desk.clock.now_ms += KEPT_MS + 1
    await store.sweep(dry_run=True)
    assert await segments.chosen("film") == first
    await store.sweep()
    assert await segments.chosen("film") is None
