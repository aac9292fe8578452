"""A file on its way in parts: only what is missing travels, a stream goes one way, and a kill costs the window."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from tests.conformance.test_stager import OnceBlob
from tests.destinations.carrying import HeldUploads
from tests.destinations.telegram.desks import line_of
from tests.telegram_desk import Desk
from tests.telegram_desk import desk as desk_of
from transload.blob import Blob, LocalBlob
from transload.clients.telegram import PART_BYTES
from transload.destinations.telegram import line as lines
from transload.destinations.telegram.line import IN_FLIGHT, Line
from transload.destinations.telegram.upload import PARTS_LIFE_MS, FileUploader
from transload.errors import (
    ConnectionLostError,
    DestinationBusyError,
    RejectedError,
    StagedGoneError,
)
from transload.sandbox.faults import Fault, read_fault

pytestmark = pytest.mark.anyio
PARTS = 30
BODY = random.Random(4).randbytes(PARTS * PART_BYTES - 7)
SAVE = "upload.saveBigFilePart"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(lines, "PAUSES_S", (0.01, 0.02))
    with desk_of(tmp_path) as made:
        yield made


@pytest.fixture
def blob(tmp_path: Path) -> LocalBlob:
    path = tmp_path / "body"
    path.write_bytes(BODY)
    return LocalBlob(path)


async def bring(line: Line, uploads: HeldUploads, blob: Blob, size: int = len(BODY)) -> object:
    return await FileUploader(line, uploads, lambda: 0).bring(0, blob, size, "a.bin")


def kept(desk: Desk, file_id: int) -> str:
    """The hash of what the server has of a file."""
    store = desk.scene.box.world.store
    parts = [store.part(desk.scene.ann, file_id, n).read_bytes() for n in range(PARTS)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


async def test_all_parts_arrive_some_at_once(desk: Desk, blob: LocalBlob) -> None:
    uploads = HeldUploads()
    async with line_of(desk) as line:
        await bring(line, uploads, blob)
    assert sorted(part for _, part, _ in desk.faults.parts) == list(range(PARTS))
    assert kept(desk, int(uploads.under_way[0].file_id)) == hashlib.sha256(BODY).hexdigest()
    assert sorted(uploads.under_way[0].done) == list(range(PARTS))


async def test_more_connections_carry_the_same_parts(desk: Desk, blob: LocalBlob) -> None:
    uploads = HeldUploads()
    async with line_of(desk, connections=3) as line:
        await bring(line, uploads, blob)
    assert kept(desk, int(uploads.under_way[0].file_id)) == hashlib.sha256(BODY).hexdigest()
    assert len(desk.faults.parts) == PARTS


async def test_a_small_file_has_its_sum(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(BODY[: PART_BYTES + 1])
    async with line_of(desk) as line:
        small = LocalBlob(tmp_path / "small")
        made = await FileUploader(line, HeldUploads(), lambda: 0).bring(
            0, small, PART_BYTES + 1, "s"
        )
    assert made.md5 == hashlib.md5(BODY[: PART_BYTES + 1], usedforsecurity=False).hexdigest()
    assert made.parts == desk.count("upload.saveFilePart") == 2


async def broken_off(desk: Desk, line: Line, blob: Blob) -> HeldUploads:
    """What is known of an upload that the account's connection was lost for, behind some parts."""
    uploads = HeldUploads()
    desk.faults.plan(Fault(SAVE, error="INTERNAL", code=500, skip=9, times=99))
    with pytest.raises(ConnectionLostError) as told:
        await bring(line, uploads, blob)
    assert told.value.scope == "account:main"
    desk.faults.clear()
    return uploads


async def test_only_missing_parts_travel(desk: Desk, blob: LocalBlob) -> None:
    async with line_of(desk) as line:
        uploads = await broken_off(desk, line, blob)
        done = len(uploads.under_way[0].done)
        assert done == len(desk.faults.parts) == 9, "each part that arrived is remembered"
        await bring(line, uploads, OnceBlob(blob))
    assert len(desk.faults.parts) == PARTS
    assert kept(desk, int(uploads.under_way[0].file_id)) == hashlib.sha256(BODY).hexdigest()


async def test_parts_that_are_too_old_travel_again(desk: Desk, blob: LocalBlob) -> None:
    async with line_of(desk) as line:
        uploads = await broken_off(desk, line, blob)
        old = uploads.under_way[0].file_id
        later = FileUploader(line, uploads, lambda: PARTS_LIFE_MS + 1)
        await later.bring(0, blob, len(BODY), "a.bin")
    assert uploads.under_way[0].file_id != old
    assert len(desk.faults.parts) == 9 + PARTS


async def test_another_content_begins_anew(desk: Desk, blob: LocalBlob) -> None:
    async with line_of(desk) as line:
        uploads = await broken_off(desk, line, blob)
        other = bytes(PART_BYTES) + BODY[PART_BYTES:]
        blob.path.write_bytes(other)
        with pytest.raises(StagedGoneError):  # a stream cannot go back to its start
            await bring(line, uploads, OnceBlob(blob))
        await bring(line, uploads, blob)
    assert kept(desk, int(uploads.under_way[0].file_id)) == hashlib.sha256(other).hexdigest()


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1])
async def test_a_file_of_another_size_is_refused(desk: Desk, blob: LocalBlob, size: int) -> None:
    async with line_of(desk) as line:
        with pytest.raises(RejectedError, match="than what was to be delivered"):
            await bring(line, HeldUploads(), blob, size)


async def test_an_empty_file_is_refused(desk: Desk, blob: LocalBlob) -> None:
    async with line_of(desk) as line:
        with pytest.raises(RejectedError, match="no empty files"):
            await bring(line, HeldUploads(), blob, 0)


async def test_a_long_wait_is_raised_with_everything_that_arrived_remembered(
    desk: Desk, blob: LocalBlob
) -> None:
    uploads = HeldUploads()
    desk.faults.plan(read_fault(f"{SAVE}:FLOOD_PREMIUM_WAIT_3600:skip=10:times=9"))
    async with line_of(desk) as line:
        with pytest.raises(DestinationBusyError) as told:
            await bring(line, uploads, blob)
    assert (told.value.scope, told.value.retry_after_s) == ("account:main uploads", 3600)
    assert len(uploads.under_way[0].done) == len(desk.faults.parts)


@dataclass
class SlowUploads(HeldUploads):
    """Remembers nothing until it may, and knows how many parts had come by then."""

    gate: anyio.Event = field(default_factory=anyio.Event)

    async def add(self, n: int, sums: Mapping[int, int]) -> None:
        await self.gate.wait()
        await super().add(n, sums)


async def test_no_more_parts_are_on_their_way_than_a_kill_may_cost(
    desk: Desk, blob: LocalBlob
) -> None:
    """A part keeps its place in the window until it is remembered: 2 MiB could travel twice at most."""
    uploads = SlowUploads()
    came = anyio.Event()
    async with line_of(desk) as line, anyio.create_task_group() as group:
        group.start_soon(bring, line, uploads, blob)
        with anyio.move_on_after(1):
            await came.wait()
        assert len(desk.faults.parts) == IN_FLIGHT
        uploads.gate.set()
    assert len(desk.faults.parts) == PARTS
