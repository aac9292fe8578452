"""The decoder child from its parent's side: deaths, limits, silence."""

import os
import signal
from pathlib import Path

import anyio
import pytest
from PIL import Image

from tests.media.conftest import Samples
from tests.process_table import Book
from transload.errors import BugError, CorruptError, MemoryLimitError, StalledError
from transload.media.decoder import Decoder, DecoderLimits
from transload.media.requests import PROBE, SHRINK, Found, Operation, Probe, Shrink


def runs(pid: int | None) -> bool:
    """Whether a process has this id, dead but not reaped ones included."""
    return pid is not None and Path(f"/proc/{pid}").exists()


@pytest.mark.anyio
async def test_one_child_serves_many_requests_and_ends_on_close(samples: Samples) -> None:
    decoder = Decoder(DecoderLimits())
    for name in ("photo.jpg", "plain.mp4", "photo.png"):
        await decoder.ask(PROBE, Probe(path=str(samples(name)), name=name))
    pid = decoder.pid
    assert (decoder.starts, runs(pid)) == (1, True)
    await decoder.aclose()
    assert not runs(pid)


@pytest.mark.anyio
async def test_a_killed_child_is_started_again_and_the_request_repeated(samples: Samples) -> None:
    decoder = Decoder(DecoderLimits())
    path = samples("matroska.mkv")
    await decoder.ask(PROBE, Probe(path=str(path), name=path.name))
    assert decoder.pid is not None
    os.kill(decoder.pid, signal.SIGSTOP)
    async with anyio.create_task_group() as group:
        group.start_soon(kill_later, decoder.pid)
        answer = await decoder.ask(PROBE, Probe(path=str(path), name=path.name))
    assert answer.facts.frames_decoded == 2
    assert decoder.starts == 2
    await decoder.aclose()


async def kill_later(pid: int) -> None:
    """Kill the stopped child once the request is on its way."""
    await anyio.wait_all_tasks_blocked()
    os.kill(pid, signal.SIGKILL)


@pytest.mark.anyio
async def test_a_silent_child_is_ended_and_the_file_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "never.jpg"
    os.mkfifo(pipe)
    decoder = Decoder(DecoderLimits(silence_s=0.3))
    with pytest.raises(StalledError):
        await decoder.ask(PROBE, Probe(path=str(pipe), name=pipe.name))
    assert (decoder.starts, decoder.pid) == (3, None)


@pytest.mark.anyio
async def test_a_child_that_dies_three_times_gives_the_file_up(samples: Samples) -> None:
    decoder = Decoder(DecoderLimits(probe_bytes=1 << 20))
    with pytest.raises((CorruptError, MemoryLimitError)):
        await decoder.ask(PROBE, Probe(path=str(samples("plain.mp4")), name="plain.mp4"))
    await decoder.aclose()


@pytest.mark.anyio
async def test_shrinking_beyond_the_memory_limit_is_said(tmp_path: Path) -> None:
    Image.new("RGB", (9000, 9000)).save(tmp_path / "wide.png", compress_level=1)
    decoder = Decoder(DecoderLimits(shrink_bytes=300 << 20))
    request = Shrink(
        path=str(tmp_path / "wide.png"),
        into=str(tmp_path / "o.jpg"),
        sniffed="png",
        side=2560,
        quality=87,
        reader="pillow",
    )
    with pytest.raises(MemoryLimitError):
        await decoder.ask(SHRINK, request)
    await decoder.aclose()


@pytest.mark.anyio
async def test_a_grown_child_is_replaced(samples: Samples) -> None:
    decoder = Decoder(DecoderLimits(keep_rss_bytes=1 << 20))
    for _ in range(2):
        await decoder.ask(PROBE, Probe(path=str(samples("photo.jpg")), name="photo.jpg"))
    assert (decoder.starts, decoder.pid) == (2, None)


@pytest.mark.anyio
async def test_our_own_bug_is_not_blamed_on_the_file(samples: Samples) -> None:
    decoder = Decoder(DecoderLimits())
    with pytest.raises(BugError, match="KeyError"):
        await decoder.ask(
            Operation("no such op", Probe, Found),
            Probe(path=str(samples("photo.jpg")), name="photo.jpg"),
        )
    await decoder.aclose()


@pytest.mark.anyio
async def test_a_cancelled_request_leaves_no_child(tmp_path: Path) -> None:
    pipe = tmp_path / "never.mp4"
    os.mkfifo(pipe)
    decoder = Decoder(DecoderLimits())
    seen: list[int | None] = []
    async with anyio.create_task_group() as group:
        group.start_soon(ask_for, decoder, pipe)
        await anyio.wait_all_tasks_blocked()
        seen.append(decoder.pid)
        group.cancel_scope.cancel()
    assert (decoder.pid, [runs(pid) for pid in seen if pid]) == (None, [False])


async def ask_for(decoder: Decoder, path: Path) -> None:
    """Probe, for its effect."""
    await decoder.ask(PROBE, Probe(path=str(path), name=path.name))


@pytest.mark.anyio
async def test_the_child_is_on_the_roll_while_it_lives(tmp_path: Path) -> None:
    book = Book()
    decoder = Decoder(DecoderLimits(), book)
    (tmp_path / "a.txt").write_text("no picture")
    await decoder.ask(PROBE, Probe(path=str(tmp_path / "a.txt"), name="a.txt"))
    assert (set(book.living), book.known_again()) == (
        {decoder.pid},
        ["transload.media.decoder_child"],
    )
    await decoder.aclose()
    assert (book.living, len(book.entered)) == ({}, 1)
