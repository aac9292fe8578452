"""Memory follows the picture and the machine; where it is short, threads give way, then lines, and nothing is lost."""

from pathlib import Path

import av
import pytest

from tests.media.samples import by_ffmpeg
from transload.media.encode.ffmpeg import EncoderLimits
from transload.media.encode.memory_fit import (
    MACHINE_SHARE,
    MemoryNeed,
    MemoryStep,
    limits_for,
    machine_bytes,
    memory_steps,
)
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe

MIB, GIB = 1 << 20, 1 << 30
SMALL = MemoryNeed(1280 * 720, 1280 * 720, "veryfast")
GOPRO = MemoryNeed(5312 * 4648, 3840 * 3360, "veryfast")


def test_threads_give_way_before_lines() -> None:
    assert memory_steps(2, 1080) == [
        MemoryStep(2),
        MemoryStep(1),
        MemoryStep(1, 720),
        MemoryStep(1, 480),
        MemoryStep(1, 360),
        MemoryStep(1, 240),
    ]
    assert memory_steps(1, 300) == [MemoryStep(1), MemoryStep(1, 240)]


@pytest.mark.parametrize(
    ("weight", "most", "memory"),
    [
        (SMALL, 16 * GIB, 1536 * MIB),
        (GOPRO, 16 * GIB, GOPRO.need_bytes),
        (GOPRO, 3 * GIB, 3 * GIB),
        (GOPRO, GIB, 1536 * MIB),
    ],
)
def test_a_film_gets_what_it_needs_of_what_there_is(
    weight: MemoryNeed, most: int, memory: int
) -> None:
    limits = limits_for(EncoderLimits(most_bytes=most), MemoryStep(1), weight)
    assert (limits.memory_bytes, limits.threads) == (memory, 1)


def test_the_machine_is_as_large_as_its_group(tmp_path: Path) -> None:
    group = tmp_path / "memory.max"
    whole = machine_bytes(())
    assert whole > 256 * MIB
    group.write_text("max\n", "ascii")
    assert machine_bytes((group, tmp_path / "none")) == whole
    group.write_text("268435456\n", "ascii")
    assert machine_bytes((group,)) == 256 * MIB
    usual = limits_for(EncoderLimits(), MemoryStep(2), MemoryNeed(10**10, 10**10, "slow"))
    assert usual.memory_bytes == max(1536 * MIB, int(machine_bytes() * MACHINE_SHARE))


def film(into: Path, size: str, seconds: int = 1) -> Path:
    """Full pictures, 25 a second."""
    picture = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d={seconds}")
    by_ffmpeg(*picture, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "10")(into)
    return into


@pytest.mark.media
@pytest.mark.anyio
async def test_a_picture_beyond_the_usual_memory_is_made_whole(tmp_path: Path) -> None:
    """Frames of sixteen million pixels, which become as many as phones decode."""
    source = film(tmp_path / "action.mov", "4096x4096", 3)
    async with MediaToolbox() as toolbox:
        judged = toolbox.judge(
            (await toolbox.probe(source, source.name)).facts, Recipe.TELEGRAM, "keep"
        )
        made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    with av.open(str(made.local)) as box:
        assert (box.streams.video[0].height, box.streams.video[0].frames) == (3072, 75)
    assert made.note == ""


@pytest.mark.anyio
async def test_where_the_machine_is_small_the_picture_becomes_smaller(tmp_path: Path) -> None:
    source = film(tmp_path / "film.avi", "2560x1440")
    tight = EncoderLimits(memory_bytes=520 * MIB, most_bytes=520 * MIB)
    async with MediaToolbox(encoder=tight) as toolbox:
        judged = toolbox.judge(
            (await toolbox.probe(source, source.name)).facts, Recipe.TELEGRAM, "keep"
        )
        made = await toolbox.convert(source, judged, tmp_path, lambda _: None)
    with av.open(str(made.local)) as box:
        lines, frames = box.streams.video[0].height, box.streams.video[0].frames
    assert frames == 25
    assert lines in (1080, 720, 480)
    assert made.note == f"{lines}p: this machine has too little memory for more"
