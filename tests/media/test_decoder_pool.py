"""Several decoders side by side: started on demand, each with its own fate, what is heavy one at a time."""

import os
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from PIL import Image

from tests.media.conftest import Samples
from tests.process_table import Book
from transload.errors import StalledError, UnreadableError
from transload.media.decoder import DecoderLimits
from transload.media.decoder_pool import MOST, DecoderPool, decoders_for_cores
from transload.media.requests import PROBE, SHRINK, Probe, Shrink

pytestmark = pytest.mark.anyio


async def probe(pool: DecoderPool, path: Path) -> str:
    """What a file is found to be; a pipe that has a writer is no file that can be read."""
    try:
        return (await pool.ask(PROBE, Probe(path=str(path), name=path.name))).facts.sniffed
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


async def test_there_are_never_more_than_were_asked_for(samples: Samples) -> None:
    pool = DecoderPool(DecoderLimits(), most=2)
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(probe, pool, samples("photo.jpg"))
    assert pool.starts == 2
    await pool.aclose()


async def test_one_that_stands_still_fails_its_photo_alone(
    samples: Samples, tmp_path: Path
) -> None:
    pool = DecoderPool(DecoderLimits(silence_s=0.5), most=2)
    (pipe,) = pipes(tmp_path, 1)
    failed: list[StalledError] = []

    async def stand_still() -> None:
        try:
            await probe(pool, pipe)
        except StalledError as error:
            failed.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(stand_still)
        for _ in range(5):
            assert await probe(pool, samples("photo.jpg")) == "jpeg"
    assert len(failed) == 1
    assert await probe(pool, samples("photo.jpg")) == "jpeg"
    await pool.aclose()


async def test_what_takes_much_memory_is_done_one_at_a_time(tmp_path: Path) -> None:
    pool = DecoderPool(DecoderLimits(), most=3)
    Image.new("RGB", (900, 900)).save(tmp_path / "a.png")

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


def test_there_is_one_for_each_core_up_to_a_bound() -> None:
    assert 1 <= decoders_for_cores() <= MOST
    assert decoders_for_cores() <= (os.cpu_count() or 1)
