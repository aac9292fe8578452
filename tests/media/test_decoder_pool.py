"""Several decoders side by side: started on demand, each with its own fate, what is heavy one at a time."""

import os
import signal
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from PIL import Image

from tests.media.conftest import Samples
from tests.process_table import Book, left_after
from transload.errors import CorruptError, UnreadableError
from transload.media.decoder import DEATHS_MAX, DecoderLimits
from transload.media.decoder_pool import MOST, DecoderPool, decoders_for_cores
from transload.media.requests import LOOK, PROBE, SHRINK, Probe, Shrink

pytestmark = pytest.mark.anyio


async def probe(pool: DecoderPool, path: Path) -> str:
    """What a file is found to be; a pipe that has a writer is no file that can be read."""
    try:
        return (await pool.ask(LOOK, Probe(path=str(path), name=path.name))).facts.sniffed
    except UnreadableError:
        return "a pipe"


def pipes(folder: Path, count: int) -> list[Path]:
    """Pipes that a decoder stands still on until somebody writes."""
    made = [folder / f"{n}.jpg" for n in range(count)]
    for path in made:
        os.mkfifo(path)
    return made


def write_all(paths: list[Path]) -> None:
    """Wait until each has its reader, all at the same time; then let them go on."""
    ends = [path.open("wb", buffering=0) for path in paths]
    for end in ends:
        end.write(b"nothing")
        end.close()


async def test_a_second_one_is_started_when_the_first_is_busy(
    samples: Samples, tmp_path: Path
) -> None:
    book = Book()
    pool = DecoderPool(DecoderLimits(), book, most=2)
    for name in ("photo.jpg", "photo.png"):
        assert await probe(pool, samples(name))
    assert pool.starts == 1
    waiting = pipes(tmp_path, 2)
    async with anyio.create_task_group() as group:
        for path in waiting:
            group.start_soon(probe, pool, path)
        await anyio.to_thread.run_sync(partial(write_all, waiting))
    assert (pool.starts, len(book.living)) == (2, 2)
    await pool.aclose()
    assert book.living == {}


async def test_an_encoder_gets_the_room_of_those_that_idle(
    samples: Samples, tmp_path: Path
) -> None:
    book = Book()
    pool = DecoderPool(DecoderLimits(), book, most=2)
    waiting = pipes(tmp_path, 2)
    async with anyio.create_task_group() as group:
        for path in waiting:
            group.start_soon(probe, pool, path)
        await anyio.to_thread.run_sync(partial(write_all, waiting))
    assert len(book.living) == 2
    await pool.make_room()
    assert len(book.living) == 1
    assert await probe(pool, samples("photo.jpg")) == "jpeg"
    await pool.make_room()
    assert len(book.living) == 1
    await pool.aclose()


async def test_there_are_never_more_than_were_asked_for(tmp_path: Path) -> None:
    pool = DecoderPool(DecoderLimits(), most=2)
    waiting = pipes(tmp_path, 6)
    async with anyio.create_task_group() as group:
        for path in waiting:
            group.start_soon(probe, pool, path)
        for n in range(0, 6, 2):
            await anyio.to_thread.run_sync(partial(write_all, waiting[n : n + 2]))
    assert pool.starts == 2
    await pool.aclose()


def kill_readers(pipe: Path, book: Book, times: int) -> None:
    """Kill whoever has opened the pipe, so many times."""
    for _ in range(times):
        with pipe.open("wb", buffering=0):
            (reader,) = [pid for pid in list(book.living) if pipe in opened_by(pid)]
            os.kill(reader, signal.SIGKILL)
            left_after({reader}, 5)


def opened_by(pid: int) -> set[Path]:
    return {end.readlink() for end in Path(f"/proc/{pid}/fd").iterdir()}


async def test_one_that_dies_fails_its_photo_alone(samples: Samples, tmp_path: Path) -> None:
    book = Book()
    pool = DecoderPool(DecoderLimits(), book, most=2)
    (pipe,) = pipes(tmp_path, 1)
    failed: list[CorruptError] = []

    async def die() -> None:
        try:
            await probe(pool, pipe)
        except CorruptError as error:
            failed.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(die)
        group.start_soon(anyio.to_thread.run_sync, kill_readers, pipe, book, DEATHS_MAX)
        for _ in range(5):
            assert await probe(pool, samples("photo.jpg")) == "jpeg"
    assert len(failed) == 1
    assert await probe(pool, samples("photo.jpg")) == "jpeg"
    await pool.aclose()


async def test_what_takes_much_memory_is_done_one_at_a_time(
    samples: Samples, tmp_path: Path
) -> None:
    """A picture that takes far longer than a request waits before a further child is started."""
    pool = DecoderPool(DecoderLimits(), most=3)
    assert await probe(pool, samples("photo.jpg"))
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(tmp_path / "a.png", compress_level=1)

    async def shrink(n: int) -> None:
        request = Shrink(
            path=str(tmp_path / "a.png"),
            into=str(tmp_path / f"{n}.jpg"),
            sniffed="png",
            side=300,
            quality=80,
            reader="pillow",
        )
        await pool.ask(SHRINK, request)

    async with anyio.create_task_group() as group:
        for n in range(3):
            group.start_soon(shrink, n)
    assert pool.starts == 1
    assert all([await anyio.Path(tmp_path / f"{n}.jpg").exists() for n in range(3)])
    await pool.aclose()


async def test_films_are_asked_of_one_child_alone(samples: Samples, tmp_path: Path) -> None:
    pool = DecoderPool(DecoderLimits(), most=3)
    path = samples("plain.mp4")
    assert (await pool.ask(LOOK, Probe(path=str(path), name=path.name))).unopened
    (pipe,) = pipes(tmp_path, 1)
    found: list[int | None] = []

    async def film() -> None:
        facts = (await pool.ask(PROBE, Probe(path=str(path), name=path.name))).facts
        found.append(facts.frames_decoded)

    async with anyio.create_task_group() as group:
        group.start_soon(probe, pool, pipe)  # it keeps the child of the films
        for _ in range(4):
            group.start_soon(film)
        await anyio.wait_all_tasks_blocked()
        assert await probe(pool, samples("photo.jpg")) == "jpeg"  # asked last, of a second child
        assert found == []
        await anyio.to_thread.run_sync(partial(write_all, [pipe]))
    assert found == [2] * 4
    assert pool.starts == 2
    await pool.aclose()


def test_there_is_one_for_each_core_up_to_a_bound() -> None:
    assert 1 <= decoders_for_cores() <= MOST
    assert decoders_for_cores() <= (os.cpu_count() or 1)
