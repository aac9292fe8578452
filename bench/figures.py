"""The figures themselves. Ratios come from commands run in turn in the same minute; bounds are the project's own."""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench import inputs
from bench.archives import archives
from bench.table import Figure
from bench.watch import MIB_BYTES, Watched, run
from transload.media.encode.ffmpeg import find_ffmpeg

PYTHON = sys.executable
TURNS = 3


@dataclass(frozen=True)
class Room:
    """Where inputs are kept between runs, and a folder for this figure's own files."""

    kept: Path
    own: Path


def transload(*words: object) -> list[str]:
    """The installed command."""
    return [str(Path(PYTHON).with_name("transload")), *map(str, words)]


def send(room: Room, source: Path, *words: object, recipe: str = "telegram") -> Watched:
    """One job in folders of its own."""
    data, out = room.own / "data", room.own / "out"
    for folder in (data, out):
        shutil.rmtree(folder, ignore_errors=True)
    command = sending(room.own, source, *words, recipe=recipe)
    return run(command, scratch=data / "scratch", out=out)


def sending(folder: Path, source: Path, *words: object, recipe: str = "telegram") -> list[str]:
    """The command of one job with `data`, `out` and `report.json` in a folder."""
    return transload(
        "send", source, "--to", f"library:{folder / 'out'}", "--data-dir", folder / "data", "--recipe", recipe,
        "--report", folder / "report.json", "-q", *words,
    )  # fmt: skip


def median_cpu(command: list[str]) -> float:
    """Processor seconds of a command, the median of three runs."""
    return statistics.median(run(command).cpu_s for _ in range(TURNS))


def script(text: str, *words: object) -> list[str]:
    """A Python program as a command."""
    return [PYTHON, "-c", text, *map(str, words)]


PLAIN_ZIP = """
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    for info in z.infolist():
        with z.open(info) as f:
            while f.read(262144): pass
"""

OUR_ZIP = """
import sys
from pathlib import Path
from transload.archives.open import Archives
from transload.entry import Limits
reader = Archives(Limits()).open(Path(sys.argv[1]))
for entry, body in reader.stream(lambda e: True, 0, Limits()):
    while body.read(262144): pass
reader.close()
"""


def reader(room: Room) -> Iterator[Figure]:
    """Our zip reader against a plain loop, and a whole `send --files all` an entry."""
    small = inputs.tiny_files(room.kept / "tiny-4000.zip", 4000)
    plain = median_cpu(script(PLAIN_ZIP, small))
    yield Figure(
        "zip reader, 4,000 x 2 KiB, CPU / plain zipfile",
        median_cpu(script(OUR_ZIP, small)) / plain,
        2,
    )
    costs = {}
    for count in (1000, 4000):
        source = inputs.tiny_files(room.kept / f"tiny-{count}.zip", count)
        costs[count] = statistics.median(
            send(room, source, "--files", "all").cpu_s for _ in range(TURNS)
        )
    yield Figure("send --files all, CPU an entry (4,000)", costs[4000] / 4, 4, "ms")
    start = median_cpu(transload("--version"))
    growth = (costs[4000] - start) / (costs[1000] - start) / 4
    yield Figure("growth from 1,000 to 4,000 entries / linear", growth, 1.3)


def plain_tools(room: Room) -> Iterator[Figure]:
    """A zip of photos into a library, against unzip into a folder."""
    source = inputs.photos(room.kept / "photos-100m.zip", 50, 2 * inputs.MIB)
    ours = statistics.median(send(room, source).cpu_s for _ in range(TURNS))
    target = room.own / "plain"
    plain = median_cpu(["unzip", "-qo", str(source), "-d", str(target)])
    yield Figure("send 50 photos of 12 MP, CPU / unzip (judging included)", ours / plain, 30)


def large(room: Room) -> Iterator[Figure]:
    """One gigabyte of photos, photos that are shrunk, very many entries: disk and memory held meanwhile."""
    each = 5 * inputs.MIB
    source = inputs.photos(room.kept / "photos-1g.zip", 200, each)
    seen = send(room, source)
    report = json.loads((room.own / "report.json").read_text())
    yield Figure("1 GB, 200 photos: not delivered", 200 - report["totals"]["sent"], 0)
    yield Figure("1 GB: scratch held beyond one album", seen.held_bytes / MIB_BYTES - 50, 16, "MiB")
    yield Figure("1 GB: memory of the main process", seen.main_rss / MIB_BYTES, 90, "MiB")
    yield Figure("1 GB: memory of the whole tree", seen.tree_rss / MIB_BYTES, 150, "MiB")
    shrink = send(room, inputs.big_pictures(room.kept / "shrink.zip", 12))
    yield Figure(
        "12 photos of 12 MP shrunk: memory of the tree", shrink.tree_rss / MIB_BYTES, 220, "MiB"
    )
    seen = send(room, inputs.many_photos(room.kept / "many-100000.zip", 100_000))
    yield Figure(
        "100,000 entries: memory of the main process", seen.main_rss / MIB_BYTES, 150, "MiB"
    )


def many(room: Room) -> Iterator[Figure]:
    """Very many entries: how soon the first file is delivered."""
    for count, bound in ((10_000, 1.0), (100_000, 2.0)):
        source = inputs.many_photos(room.kept / f"many-{count}.zip", count)
        run(script(PLAIN_ZIP, source))  # warm the page cache
        seen = send(room, source)
        yield Figure(f"first delivery with {count:,} entries", seen.first_s or 99, bound, "s")


def conversions(room: Room) -> Iterator[Figure]:
    """Conversions come last, do not block the loop, and cost little more than ffmpeg alone."""
    ffmpeg = str(anyio.run(find_ffmpeg, None).path)
    source = inputs.with_videos(room.kept / "mixed.zip", ffmpeg, 3, 40, 20)
    send(room, source)
    items = json.loads((room.own / "report.json").read_text())["items"]
    at_once = max(i["sent_at"] for i in items if i["verdict"] == "as_is")
    early = sum(i["sent_at"] < at_once for i in items if i["verdict"] == "transcode")
    yield Figure("conversions sent before something that could go at once", early, 0)
    lag = subprocess.run(
        [PYTHON, "-m", "bench.lag", str(source), str(room.own / "lag")],
        capture_output=True,
        text=True,
        check=True,
    )
    yield Figure("event loop lag during transcodes, p99", float(lag.stdout), 100, "ms")
    clip = (room.kept / "mixed.avi").resolve()
    plain = [
        ffmpeg,
        "-v",
        "error",
        "-y",
        "-i",
        str(clip),
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "22",
    ]
    plain += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"]
    alone = median_cpu([*plain, str(room.own / "plain.mp4")])
    ours = statistics.median(send(room, clip).cpu_s for _ in range(TURNS))
    yield Figure("send one AVI of 20 s, CPU / ffmpeg alone", ours / alone, 1.6)


def start(room: Room) -> Iterator[Figure]:
    """What starting costs, in an empty folder that cannot be written."""
    bare = statistics.median(run(script("pass")).wall_s for _ in range(TURNS))
    imported = statistics.median(
        run(script("import transload, transload.app")).wall_s for _ in range(TURNS)
    )
    helped = statistics.median(run(transload("--help")).wall_s for _ in range(TURNS))
    yield Figure("import transload.app", imported - bare, 1, "s")
    yield Figure("transload --help", helped, 0.5, "s")
    yield Figure("files written by importing", len(list(room.own.iterdir())), 0)


FIGURES: dict[str, Callable[[Room], Iterator[Figure]]] = {
    "start": start,
    "reader": reader,
    "archives": archives,
    "plain_tools": plain_tools,
    "large": large,
    "many": many,
    "conversions": conversions,
}
