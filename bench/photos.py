"""Photos sent as they are, against unpacking them and decoding each once at an eighth of its size."""

import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from bench import inputs
from bench.figures import TURNS, Room, script, send
from bench.table import Figure
from bench.watch import MIB_BYTES, Watched, run

COUNT = 120
CPU_MOST, WALL_MOST = 1.3, 0.65
"""Of unpacking and decoding, wall time on two cores; a photo with a thumbnail is held against unpacking alone."""
TREE_MIB, FURTHER_MIB = 150, 45
"""Memory of all processes with two decoders, and of each further one."""

UNPACKED = """
import os, subprocess, sys
from pathlib import Path
subprocess.run(["unzip", "-qo", sys.argv[1], "-d", sys.argv[2]], check=True)
for path in Path(sys.argv[2]).rglob("*.jpg"):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
"""

DECODED = """
import sys
from pathlib import Path
from PIL import Image
for path in Path(sys.argv[1]).rglob("*.jpg"):
    with Image.open(path) as image:
        image.draft("RGB", (image.width // 8, image.height // 8))
        image.load()
"""


def photos(room: Room) -> Iterator[Figure]:
    """CPU and wall time as ratios, measured in turn, with the machine's own seconds in the names; memory."""
    plain = inputs.camera_photos(room.kept / "camera-120.zip", COUNT, thumbnails=False)
    small = inputs.camera_photos(room.kept / "camera-thumbs-120.zip", COUNT, thumbnails=True)
    turns = [_turn(room, plain) for _ in range(TURNS)]
    unpack, decode, ours = ([turn[part] for turn in turns] for part in range(3))
    cpu, wall = _cpu(unpack) + _cpu(decode), _wall(unpack) + _wall(decode)
    name = f"{COUNT} photos of 2.4 MB"
    yield Figure(f"{name}, CPU / unzip, fsync, decode ({cpu:.1f} s)", _cpu(ours) / cpu, CPU_MOST)
    yield Figure(f"{name}, wall / the same ({wall:.1f} s)", _wall(ours) / wall, WALL_MOST)
    yield Figure(
        f"{name}: memory of the tree, two decoders",
        max(seen.tree_rss for seen in ours) / MIB_BYTES,
        TREE_MIB,
        "MiB",
    )
    four = send(room, plain, "--set", "media.decoders=4")
    most = TREE_MIB + 2 * FURTHER_MIB
    yield Figure(f"{name}: the same, four", four.tree_rss / MIB_BYTES, most, "MiB")
    with_thumbs = [send(room, small) for _ in range(TURNS)]
    cpu, wall = _cpu(unpack), _wall(unpack)
    name = f"{COUNT} with thumbnails"
    yield Figure(f"{name}, CPU / unzip and fsync ({cpu:.1f} s)", _cpu(with_thumbs) / cpu, CPU_MOST)
    yield Figure(f"{name}, wall / the same ({wall:.1f} s)", _wall(with_thumbs) / wall, CPU_MOST)


def _turn(room: Room, source: Path) -> tuple[Watched, Watched, Watched]:
    """Unpacking, decoding what was unpacked, and sending."""
    target = room.own / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    unpack = run(script(UNPACKED, source, target))
    return unpack, run(script(DECODED, target)), send(room, source, "--set", "media.decoders=2")


def _cpu(seen: list[Watched]) -> float:
    return statistics.median(one.cpu_s for one in seen)


def _wall(seen: list[Watched]) -> float:
    return statistics.median(one.wall_s for one in seen)
