"""Very many small files: delivered, against tools that unpack, copy or back them up; and passed over."""

import json
import statistics
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench import inputs
from bench.figures import TURNS, Room, script, send, sending
from bench.plain import (
    READ_HEADS,
    Start,
    copiers,
    cpu_s,
    extracting,
    extracting_synced,
    in_turn,
    unpackers,
    wall_s,
)
from bench.table import Figure
from bench.watch import MIB_BYTES, Watched, run

SMALL = (4_000, 20_000)
SKIPPED = (1_000, 20_000, 100_000)
FILES_A_S, FSYNC_FACTOR = 1000, 3
"""A job keeps up with either: so many files a second, or so many times what extracting with fsync takes."""
SLOPE_FACTOR = 8
SKIP_MS, FLAT = 0.25, 1.1
MAIN_MIB = 150

Costs = dict[str, list[Watched]]


def small(room: Room) -> Iterator[Figure]:
    """`send --files all` of files of 2 KiB: how long it takes, and what one more file costs."""
    costs: dict[int, Costs] = {}
    for count in SMALL:
        own = room.own / str(count)
        costs[count] = in_turn(starts(room, count), own)
        name = f"{count:,} x 2 KiB"
        report = json.loads((own / "send" / "report.json").read_text())
        yield Figure(f"{name}: not delivered", count - report["totals"]["sent"], 0)
        yield from walls(name, count, costs[count])
    few, many = SMALL
    ours, plain = (
        1000 * (cpu_s(costs[many][name]) - cpu_s(costs[few][name])) / (many - few)
        for name in ("send", "extractall")
    )
    name = f"one more file, CPU {few:,} -> {many:,}"
    yield Figure(f"{name} / extractall", ours / plain, SLOPE_FACTOR)
    yield Figure(f"{name}: send", ours, unit="ms")
    yield Figure(f"{name}: extractall", plain, unit="ms")


def starts(room: Room, count: int) -> dict[str, Start]:
    """Our command and those it is compared with; what copies files gets them extracted."""
    archive = inputs.tiny_files(room.kept / f"tiny-{count}.zip", count)
    files = room.own / f"files-{count}"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(files)
    return {
        "send": lambda folder: sending(folder, archive, "--files", "all"),
        "extractall": extracting(archive),
        "extractall + fsync": extracting_synced(archive),
        **unpackers(archive),
        **copiers(files),
    }


def walls(name: str, count: int, costs: Costs) -> Iterator[Figure]:
    """Seconds that passed, held against the bound and beside the other tools."""
    ours, synced = wall_s(costs["send"]), wall_s(costs["extractall + fsync"])
    allowed = max(FSYNC_FACTOR * synced, count / FILES_A_S)
    told = f"{FSYNC_FACTOR} x fsynced or {FILES_A_S:,}/s"
    yield Figure(f"{name}, wall / allowed ({told})", ours / allowed, 1)
    yield Figure(f"{name}: send", count / ours, unit="files/s")
    yield Figure(f"{name}: extractall + fsync of each", count / synced, unit="files/s")
    for tool in costs:
        if tool != "send":
            yield Figure(f"{name}, wall / {tool}", ours / wall_s(costs[tool]))
            yield Figure(f"{name}, CPU / {tool}", cpu_s(costs["send"]) / cpu_s(costs[tool]))


def skipped(room: Room) -> Iterator[Figure]:
    """Text files, which a job looks into and leaves: what one more costs, also where they are very many."""
    archives = {n: inputs.tiny_files(room.kept / f"tiny-{n}.zip", n) for n in SKIPPED}
    few, many, most = SKIPPED
    ours: list[float] = []
    growth: list[float] = []
    plain: list[float] = []
    memory = 0
    for _ in range(TURNS):
        seen = {n: send(room, archive) for n, archive in archives.items()}
        ours.append(slope_ms(seen, few, many))
        growth.append(slope_ms(seen, many, most) / ours[-1])
        memory = max(memory, seen[most].main_rss)
        plain.append(slope_ms({n: run(heads(archives[n])) for n in (few, many)}, few, many))
    report = json.loads((room.own / "report.json").read_text())
    yield Figure(f"{most:,} text files: not skipped", most - report["totals"]["skipped"], 0)
    name = f"one more that is skipped, CPU {few:,} -> {many:,}"
    yield Figure(name, statistics.median(ours), SKIP_MS, "ms")
    ratio = statistics.median(ours) / statistics.median(plain)
    yield Figure("the same / zipfile, listing and first 8 KiB of each", ratio)
    yield Figure(f"the same {many:,} -> {most:,} / before", statistics.median(growth), FLAT)
    yield Figure(f"{most:,} skipped: main process", memory / MIB_BYTES, MAIN_MIB, "MiB")


def heads(archive: Path) -> list[str]:
    """A plain program that lists a zip and reads the first 8 KiB of each entry."""
    return script(READ_HEADS, archive)


def slope_ms(seen: dict[int, Watched], few: int, many: int) -> float:
    """Processor time of one more entry, in milliseconds."""
    return 1000 * (seen[many].cpu_s - seen[few].cpu_s) / (many - few)
