"""Bodies taken in: whole, damaged, hostile, and archives that stay while they are read."""

import hashlib
import io
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import anyio.to_thread
import pytest

from transload.entry import Limits
from transload.errors import CorruptError, LimitError, PasswordNeededError, TransloadError
from transload.files.scratch import JobScratch
from transload.jobs.hub import TaskMeter
from transload.model import Item, ItemState
from transload.ports import TaskContext
from transload.steps.staging import Taken, hold, spool, stage

pytestmark = pytest.mark.anyio
CONTENT = bytes(range(256)) * 40
ITEM = Item(7, "job", 0, "a.bin", None, ItemState.PENDING)


@dataclass
class Desk:
    """As much of a task context as staging needs."""

    scratch: JobScratch
    meter: TaskMeter
    limits: Limits

    @property
    def context(self) -> TaskContext:
        return cast("TaskContext", self)

    async def run(self, act: Callable[[], Taken]) -> Taken:
        return await anyio.to_thread.run_sync(act)


@asynccontextmanager
async def desk(root: Path, budget: int = 1 << 20) -> AsyncIterator[Desk]:
    scratch = JobScratch(root, "job", budget, 0)
    await scratch.open(item_id=None)
    yield Desk(scratch, TaskMeter("fetch"), Limits())


class Broken(io.BytesIO):
    """A body that ends with an error."""

    def __init__(self, content: bytes, error: TransloadError) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise self._error
        return data


async def test_a_body_is_whole_with_its_sums(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        body = io.BytesIO(CONTENT[10:])
        held, fault = await one.run(lambda: stage(one.context, ITEM, None, CONTENT[:10], body))
        assert fault is None
        assert held is not None
        assert held.path == one.scratch.whole(ITEM.id)
        assert held.path.read_bytes() == CONTENT
        assert (held.size_bytes, held.crc32) == (len(CONTENT), zlib.crc32(CONTENT))
        assert held.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert one.scratch.used == len(CONTENT)


async def test_of_a_damaged_body_what_could_be_read_is_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        body = Broken(CONTENT, CorruptError("wrong"))
        held, fault = await one.run(lambda: stage(one.context, ITEM, len(CONTENT), b"", body))
        assert held is not None
        assert held.path.read_bytes() == CONTENT
        assert fault is not None
        assert (fault.kind, fault.item) == ("input.corrupt", "a.bin")


async def test_a_small_body_is_held_in_memory(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        body = io.BytesIO(CONTENT[10:])
        held, fault = await one.run(
            lambda: hold(one.context, ITEM, len(CONTENT), CONTENT[:10], body)
        )
        assert fault is None
        assert held is not None
        assert held.blob.open().read() == held.content == CONTENT
        assert (held.size_bytes, held.crc32) == (len(CONTENT), zlib.crc32(CONTENT))
        assert held.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert (one.scratch.used, list(one.scratch.root.iterdir())) == (0, [])
        empty, _ = await one.run(lambda: hold(one.context, ITEM, 0, b"", io.BytesIO()))
        assert empty is not None
        assert empty.content == b""


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) - 1, 1])
async def test_a_damaged_or_longer_small_body_goes_to_scratch(tmp_path: Path, size: int) -> None:
    async with desk(tmp_path) as one:
        is_longer = size < len(CONTENT)
        body = io.BytesIO(CONTENT) if is_longer else Broken(CONTENT, CorruptError("wrong"))
        held, fault = await one.run(lambda: hold(one.context, ITEM, size, b"", body))
        assert held is not None
        assert held.content is None
        assert held.path.read_bytes() == CONTENT
        assert (fault is None) == held.complete == is_longer
        assert one.scratch.used == len(CONTENT)


def hold_of_any_size(
    context: TaskContext, item: Item, _size: int | None, head: bytes, body: BinaryIO
) -> Taken:
    return hold(context, item, len(CONTENT), head, body)


@pytest.mark.parametrize("error", [LimitError("a bomb"), PasswordNeededError("locked")])
@pytest.mark.parametrize("take", [stage, spool, hold_of_any_size])
async def test_a_bomb_and_a_locked_body_leave_nothing(
    tmp_path: Path,
    error: TransloadError,
    take: Callable[[TaskContext, Item, int | None, bytes, BinaryIO], Taken],
) -> None:
    async with desk(tmp_path) as one:
        body = Broken(CONTENT, error)
        held, fault = await one.run(lambda: take(one.context, ITEM, None, b"", body))
        assert held is None
        assert fault is not None
        assert fault.kind == error.kind.word
        assert (one.scratch.used, list(one.scratch.root.iterdir())) == (0, [])


async def test_an_archive_lies_beside_the_entries_until_it_is_dropped(tmp_path: Path) -> None:
    async with desk(tmp_path, 1 << 25) as one:
        held, _ = await one.run(
            lambda: spool(one.context, ITEM, None, b"", io.BytesIO(bytes(12 << 20)))
        )
        assert held is not None
        assert held.path == one.scratch.archive_file(ITEM.id)
        assert one.scratch.used == held.size_bytes == 12 << 20
        assert one.scratch.has_room(20 << 20)
        await one.scratch.drop(ITEM.id)
        assert not held.path.exists()
