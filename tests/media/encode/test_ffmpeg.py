"""Running ffmpeg: capabilities, stalls, cancelling, limits."""

import contextlib
import os
import signal
from pathlib import Path

import anyio
import pytest

from tests.media.conftest import Samples
from tests.process_table import Book
from transload.errors import FfmpegMissingError, StalledError
from transload.media.encode.ffmpeg import Counters, EncoderLimits, find_ffmpeg, run, wheel_binary

ENDLESS = (
    "-v",
    "error",
    "-progress",
    "pipe:1",
    "-stats_period",
    "0.1",
    "-re",
    "-f",
    "lavfi",
    "-i",
    "testsrc",
)


def children_of_this_process() -> set[int]:
    """Ids of the processes that this one started, dead but not reaped ones included."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii")
    return {int(word) for word in listed.split()}


@pytest.mark.anyio
async def test_a_fit_binary_is_found_and_says_what_it_can() -> None:
    tool = await find_ffmpeg(None)
    assert {"libx264", "aac"} <= tool.encoders
    assert "bwdif" in tool.filters
    assert tool.source_clock in ("demux", "-1")


@pytest.mark.anyio
async def test_an_unfit_configured_binary_is_named(tmp_path: Path) -> None:
    pretender = tmp_path / "ffmpeg"
    pretender.write_text("#!/bin/sh\necho nothing\n", encoding="ascii")
    pretender.chmod(0o755)
    for path in (pretender, tmp_path / "none"):
        with pytest.raises(FfmpegMissingError, match=str(path)):
            await find_ffmpeg(path)


@pytest.mark.anyio
async def test_counters_are_told_as_they_change(samples: Samples, tmp_path: Path) -> None:
    tool = await find_ffmpeg(wheel_binary())
    told: list[Counters] = []
    words = ("-v", "error", "-progress", "pipe:1", "-i", str(samples("plain.mp4")), "-c", "copy")
    ended = await run(tool, [*words, str(tmp_path / "o.mkv")], EncoderLimits(), told.append)
    assert (ended.status, ended.counters.frame) == (0, 10)
    assert told[-1] == ended.counters


@pytest.mark.anyio
async def test_a_run_that_does_not_move_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "never"
    os.mkfifo(pipe)
    tool = await find_ffmpeg(wheel_binary())
    before = children_of_this_process()
    words = ["-progress", "pipe:1", "-f", "mpegts", "-i", str(pipe), str(tmp_path / "o.mp4")]
    with pytest.raises(StalledError):
        await run(tool, words, EncoderLimits(stall_s=0.5, term_s=0.2), lambda _: None)
    assert children_of_this_process() == before


@pytest.mark.anyio
async def test_a_cancelled_run_leaves_no_process(tmp_path: Path) -> None:
    tool = await find_ffmpeg(wheel_binary())
    before = children_of_this_process()
    moving, book = anyio.Event(), Book()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            words = [*ENDLESS, str(tmp_path / "o.mp4")]
            group.start_soon(run, tool, words, EncoderLimits(registry=book), lambda _: moving.set())
            await moving.wait()
            assert children_of_this_process() > before
            assert book.known_again() == [str(tool.path)]
            group.cancel_scope.cancel()
    assert children_of_this_process() == before
    assert book.living == {}


@pytest.mark.anyio
async def test_a_run_that_ends_as_it_is_cancelled_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = await find_ffmpeg(wheel_binary())
    moving, killpg = anyio.Event(), os.killpg

    def after_its_end(group: int, number: int) -> None:
        """The signal comes when the process is over and reaped, as a thread of the loop does it before Python 3.12."""
        os.kill(group, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(group, 0)
        killpg(group, number)

    monkeypatch.setattr(os, "killpg", after_its_end)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            words = [*ENDLESS, str(tmp_path / "o.mp4")]
            group.start_soon(run, tool, words, EncoderLimits(), lambda _: moving.set())
            await moving.wait()
            group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_what_went_wrong_is_kept_as_evidence(tmp_path: Path) -> None:
    tool = await find_ffmpeg(wheel_binary())
    words = ["-v", "error", "-i", str(tmp_path / "none"), str(tmp_path / "o.mp4")]
    ended = await run(tool, words, EncoderLimits(), lambda _: None)
    assert ended.status != 0
    assert "No such file" in ended.evidence


@pytest.mark.anyio
async def test_the_memory_limit_holds(samples: Samples, tmp_path: Path) -> None:
    tool = await find_ffmpeg(wheel_binary())
    words = [
        "-v",
        "error",
        "-i",
        str(samples("plain.mp4")),
        "-vf",
        "scale=8000:6000",
        str(tmp_path / "o.mp4"),
    ]
    ended = await run(tool, words, EncoderLimits(memory_bytes=250 << 20), lambda _: None)
    assert ended.status != 0
