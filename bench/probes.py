"""What looking at one file costs: probing in the decoder child, the pipe between, and the verdict."""

import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio

from bench import inputs
from bench.figures import TURNS, Room, script
from bench.table import Figure
from bench.watch import run
from transload.media.encode.ffmpeg import find_ffmpeg

LOOKS = 100
LOOK_MS = 5
MEGAPIXEL_MS = 10
"""A photo is decoded while it is probed: nothing else shows that its end is missing."""

LOOKER = """
import sys, anyio
from pathlib import Path
from transload.media.toolbox import MediaToolbox
from transload.model import Recipe

async def main(path, times):
    async with MediaToolbox() as toolbox:
        for _ in range(times + 1):
            probed = await toolbox.probe(path, path.name)
            assert toolbox.judge(probed.facts, Recipe.TELEGRAM, "keep").verdict == "as_is"
            assert probed.thumb

anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
"""


def probes(room: Room) -> Iterator[Figure]:
    """Milliseconds of processor time for one more file, children included."""
    ffmpeg = str(anyio.run(find_ffmpeg, None).path)
    yield Figure(
        "probe + verdict of a 360p video, CPU", cost_ms(video(room, ffmpeg)), LOOK_MS, "ms"
    )
    for name, width, height in (("small", 640, 480), ("12-megapixel", 4000, 3000)):
        path = room.own / f"{name}.jpg"
        path.write_bytes(inputs.jpeg(width, height, 3))
        bound = LOOK_MS + MEGAPIXEL_MS * width * height / 1e6
        yield Figure(f"probe + verdict of a {name} photo, CPU", cost_ms(path), bound, "ms")


def video(room: Room, ffmpeg: str) -> Path:
    """Four seconds that play everywhere."""
    path = room.own / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=4")
    sound = ("-f", "lavfi", "-i", "sine=duration=4", "-c:a", "aac", "-movflags", "+faststart")
    words = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", path)
    subprocess.run([ffmpeg, "-v", "error", "-y", *picture, *sound, *words], check=True)
    return path


def cost_ms(path: Path) -> float:
    """What `LOOKS` further looks add to the processor time, for each of them."""
    first, all_looks = (
        statistics.median(run(script(LOOKER, path, times)).cpu_s for _ in range(TURNS))
        for times in (0, LOOKS)
    )
    return (all_looks - first) * 1000 / LOOKS
