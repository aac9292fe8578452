"""Bytes on their way from a source to a destination: read once, forwards, with their sums, and with what was wrong."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import anyio
import pytest
from anyio import to_thread

from transload.entry import Entry
from transload.errors import BugError, ConnectionLostError, CorruptError, TruncatedError
from transload.model import ItemKind, Job, JobState, Recipe
from transload.ports import ReadContext
from transload.steps.streams import PIECE_BYTES, EntryStream, may_stream
from transload.sums import Fingerprint

pytestmark = pytest.mark.anyio


@dataclass
class Reading:
    """The part of a context that feeding a stream asks."""

    meter: "Reading" = field(init=False)
    seen: int = 0

    def __post_init__(self) -> None:
        self.meter = self

    def read(self, size: int) -> None:
        self.seen += size


class BreakingBody(io.BytesIO):
    """A body whose last sum is wrong, which shows only behind its last byte."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise TruncatedError("its sum is wrong")
        return data


@dataclass(frozen=True)
class Asked:
    """The part of a context that the choice asks."""

    job: Job
    limit_bytes: int | None
    streams: bool = True


async def through(
    stream: EntryStream, body: BinaryIO, take: Callable[[EntryStream], Any]
) -> tuple[Any, int]:
    """What a worker thread takes of a stream that another one feeds, and the bytes that the meter saw."""
    context, taken = Reading(), []

    async def feed() -> None:
        await to_thread.run_sync(stream.feed, cast("ReadContext", context), b"", body)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(feed)
            try:
                taken.append(await to_thread.run_sync(take, stream))
            finally:
                stream.close()
    return taken[0], context.seen


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 1_000_003])
@pytest.mark.parametrize("part", [1 << 16, 100_000, 1 << 20])
async def test_parts_are_full_but_the_last_and_the_sums_are_right(size: int, part: int) -> None:
    content = bytes(n % 251 for n in range(size))
    stream = EntryStream("a.bin", size)

    def parts(one: EntryStream) -> list[bytes]:
        file = one.open()
        return list(iter(lambda: file.read(part), b""))

    taken, seen = await through(stream, io.BytesIO(content), parts)
    assert b"".join(taken) == content
    assert all(len(one) == part for one in taken[:-1])
    whole = Fingerprint()
    whole.add(content)
    assert (stream.read.sha256, stream.read.crc32, seen) == (whole.sha256, whole.crc32, size)
    assert stream.fault is None


@pytest.mark.parametrize("real", [0, 99, 101, 10 * PIECE_BYTES])
async def test_another_size_than_was_listed_is_an_error(real: int) -> None:
    stream = EntryStream("a.bin", 100)
    with pytest.raises((CorruptError, ExceptionGroup)):
        await through(stream, io.BytesIO(bytes(real)), lambda one: one.open().read(200))
    assert stream.fault is not None
    assert stream.fault.kind == "input.corrupt"


async def test_what_shows_after_the_last_byte_is_known_at_the_end() -> None:
    stream = EntryStream("a.bin", 100)
    context = cast("ReadContext", Reading())
    async with anyio.create_task_group() as group:
        group.start_soon(to_thread.run_sync, stream.feed, context, b"", BreakingBody(bytes(100)))
        assert await to_thread.run_sync(lambda: stream.open().read(100)) == bytes(100)
        fault = await stream.end()
    stream.close()
    assert fault is not None
    assert fault.kind == "input.truncated"


class DroppedBody(io.BytesIO):
    """A body whose line goes dead in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= PIECE_BYTES:
            raise ConnectionLostError("the line is dead")
        return super().read(size)


async def test_a_line_that_goes_dead_is_no_end() -> None:
    stream = EntryStream("a.bin", 3 * PIECE_BYTES)
    body = DroppedBody(bytes(3 * PIECE_BYTES))
    with pytest.raises((ConnectionLostError, ExceptionGroup)):
        await through(stream, body, lambda one: one.open().read(3 * PIECE_BYTES))
    assert isinstance(stream.broken_off, ConnectionLostError)
    assert stream.fault is None


async def test_who_wants_no_more_holds_nobody_up() -> None:
    stream = EntryStream("a.bin", 100 * PIECE_BYTES)
    body = io.BytesIO(bytes(100 * PIECE_BYTES))
    taken, seen = await through(stream, body, lambda one: one.open().read(10))
    assert len(taken) == 10
    assert seen <= 4 * PIECE_BYTES  # one taken, one held, one on its way
    assert stream.fault is None


async def test_a_stream_is_read_once_and_forwards() -> None:
    stream = EntryStream("a.bin", 10)

    def backwards(one: EntryStream) -> tuple[bytes, bytes]:
        file = one.open()
        first = file.read_at(0, 4)
        with pytest.raises(BugError):
            file.seek(0)
        with pytest.raises(BugError):
            one.open()
        return first, file.read()

    taken, _ = await through(stream, io.BytesIO(b"0123456789"), backwards)
    assert taken == (b"0123", b"456789")


@pytest.mark.parametrize(
    ("kind", "recipe", "size", "limit", "goes"),
    [
        (ItemKind.DOCUMENT, Recipe.PLAYABLE, 10, None, True),
        (ItemKind.PHOTO, Recipe.PLAYABLE, 10, None, False),
        (ItemKind.PHOTO, Recipe.ORIGINAL, 10, None, True),
        (ItemKind.DOCUMENT, Recipe.PLAYABLE, None, None, False),
        (ItemKind.DOCUMENT, Recipe.PLAYABLE, 10, 9, False),
        (ItemKind.DOCUMENT, Recipe.PLAYABLE, 10, 10, True),
    ],
)
def test_only_what_nobody_looks_into_goes_straight_through(
    kind: ItemKind, recipe: Recipe, size: int | None, limit: int | None, goes: bool
) -> None:
    asked = Asked(Job("j", "/a", "objects:o", recipe, "a", JobState.RUNNING), limit)
    entry = Entry(0, "a", b"a", size)
    assert may_stream(cast("ReadContext", asked), entry, kind) is goes
    assert not may_stream(cast("ReadContext", replace(asked, streams=False)), entry, kind)
