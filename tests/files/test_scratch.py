"""Bytes on their way stay within their budget and leave nothing behind."""

import shutil
from pathlib import Path

import anyio
import pytest

from transload.errors import DiskFullError, NeverFitsError
from transload.files.disk import SLACK_BYTES
from transload.files.scratch import (
    ALBUM_WINDOW_MAX,
    JobScratch,
    budget_for,
)
from transload.sources.folder import FolderReader
from transload.units import MIB

pytestmark = pytest.mark.anyio


async def opened(root: Path, budget: int = 100, min_free: int = 0) -> JobScratch:
    scratch = JobScratch(root, "job", budget, min_free)
    await scratch.open(item_id=None)
    return scratch


async def test_a_reader_waits_until_something_is_dropped(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    await scratch.reserve(1, 70)
    order: list[str] = []

    async def read() -> None:
        await scratch.reserve(2, 60)
        order.append("reserved")

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        order.append("dropping")
        await scratch.drop(1)
    assert order == ["dropping", "reserved"]
    assert (scratch.used, scratch.peak) == (60, 70)


async def test_an_entry_larger_than_the_budget_goes_alone(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    await scratch.reserve(1, 500)
    assert not scratch.has_room(1)
    await scratch.drop(1)
    assert scratch.has_room(100)


async def test_drop_removes_every_file_of_an_item(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    for item_id in (1, 2):
        scratch.part(item_id).write_bytes(b"x")
        scratch.whole(item_id).write_bytes(b"x")
        (scratch.folder(item_id) / "made.mp4").write_bytes(b"x")
    await scratch.drop(1)
    assert {path.name for path in scratch.root.iterdir()} == {"2.0.part", "2.in", "2.out"}


async def test_opening_sweeps_a_killed_run_but_keeps_whole_entries_for_conversions(
    tmp_path: Path,
) -> None:
    scratch = await opened(tmp_path)
    scratch.part(1).write_bytes(b"half")
    scratch.whole(2).write_bytes(b"whole")
    scratch.folder(1)
    again = JobScratch(tmp_path, "job", 100, 0)
    await again.open(item_id=1)
    assert {path.name for path in again.root.iterdir()} == {"2.in"}
    assert again.used == 5
    await again.open(item_id=None)
    assert list(again.root.iterdir()) == []


async def test_what_grows_beyond_the_disk_is_told_before_it_is_written(tmp_path: Path) -> None:
    scratch = await opened(tmp_path, budget=1 << 62)
    await scratch.reserve(1, 10)
    with pytest.raises(NeverFitsError):
        scratch.resize(1, 1 << 60)
    assert scratch.used == 10
    scratch.resize(1, 5)
    assert scratch.used == 5


async def test_conversions_of_one_job_leave_each_others_files_alone(tmp_path: Path) -> None:
    one, other = (JobScratch(tmp_path, "job", 100, 0, task) for task in (7, 8))
    await one.open(item_id=1)
    one.part(1).write_bytes(b"half")
    one.archive_file(9).write_bytes(b"read")
    (one.folder(1) / "rough.mp4").write_bytes(b"half")
    await other.open(item_id=2)
    other.part(1).write_bytes(b"fetched ahead")
    await other.drop(2)
    assert one.part(1).read_bytes() == b"half"
    assert one.archive_file(9).exists()
    assert (one.root / "1.out" / "rough.mp4").exists()
    await one.open(item_id=1)  # taken up again after a kill
    assert [path.name for path in one.root.iterdir()] == [other.part(1).name]


async def test_the_reserve_of_free_space_is_left_alone(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    scratch = await opened(tmp_path, budget=1 << 62)
    with pytest.raises(DiskFullError, match="free"):
        await scratch.reserve(1, free + (1 << 30))
    with pytest.raises(NeverFitsError, match="whole disk"):
        await scratch.reserve(1, 1 << 60)
    assert scratch.used == 0


async def test_closing_removes_the_folder(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    scratch.part(1).write_bytes(b"x")
    await scratch.close()
    assert not scratch.root.exists()


async def test_an_archive_that_stays_leaves_its_entries_room(tmp_path: Path) -> None:
    scratch = await opened(tmp_path, 40 * MIB)
    await scratch.hold(1, 39 * MIB)
    await scratch.reserve(2, MIB)
    assert scratch.has_room(SLACK_BYTES - MIB)
    assert not scratch.has_room(SLACK_BYTES)
    assert (scratch.used, scratch.peak) == (40 * MIB, 40 * MIB)
    await scratch.drop(1)
    assert scratch.has_room(39 * MIB)


async def test_an_archive_waits_until_the_entries_before_it_have_gone(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    await scratch.reserve(1, 70)
    order: list[str] = []

    async def read() -> None:
        await scratch.hold(2, 60)
        order.append("held")

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        order.append("dropping")
        await scratch.drop(1)
    assert order == ["dropping", "held"]
    await scratch.hold(2, 90)  # it grows while it is written
    assert (scratch.used, scratch.peak) == (90, 90)


async def test_an_archive_that_never_fits_says_so(tmp_path: Path) -> None:
    scratch = await opened(tmp_path)
    with pytest.raises(NeverFitsError):
        await scratch.hold(1, 1 << 60)
    assert scratch.used == 0


async def test_a_conversion_never_waits_for_what_nobody_would_drop(tmp_path: Path) -> None:
    before = await opened(tmp_path)
    before.whole(1).write_bytes(bytes(90))
    before.archive_file(3).write_bytes(b"read once")
    scratch = JobScratch(tmp_path, "job", 100, 0)
    await scratch.open(item_id=1)
    assert not scratch.archive_file(3).exists()
    with anyio.fail_after(5):
        await scratch.reserve(2, 80)
        await scratch.hold(3, 80)
    assert scratch.used == 250
    assert not scratch.has_room(1)


async def test_a_byte_of_the_reserve_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = await opened(tmp_path, budget=1 << 62, min_free=100 * MIB)
    usage = shutil.disk_usage(tmp_path)._replace(total=10_000 * MIB, free=150 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    scratch.check_disk(50 * MIB)
    with pytest.raises(DiskFullError, match="stay free"):
        scratch.check_disk(50 * MIB + 1)


def test_the_budget_is_the_largest_album_and_some_slack(tmp_path: Path) -> None:
    for n in range(25):
        (tmp_path / f"{n:02}").write_bytes(bytes(1000 + n))
    assert budget_for(FolderReader(tmp_path)) == sum(range(1015, 1025)) + SLACK_BYTES


def test_the_budget_is_the_largest_entry_where_that_is_more(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 * ALBUM_WINDOW_MAX)
    for n in range(12):
        (tmp_path / f"{n}").write_bytes(b"1")
    assert budget_for(FolderReader(tmp_path)) == 2 * ALBUM_WINDOW_MAX + SLACK_BYTES
