"""Draws docs/speed.png: files a second over the size of a file, seconds over the count of entries."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bench import inputs
from bench.figures import TURNS, Room, sending
from bench.plain import Start, extracting_synced, in_turn, unpackers, wall_s
from bench.table import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "speed.png"
KIB, MIB = 1 << 10, 1 << 20
FILES = {KIB: 2000, 10 * KIB: 2000, 100 * KIB: 2000, MIB: 400, 10 * MIB: 40}
"""Size of a file in bytes -> how many are sent."""
COUNTS = (100, 1_000, 10_000, 100_000)
ONCE_FROM = 100_000
"""From so many entries on one turn must do."""
DELIVERED, SKIPPED = "transload, delivered", "transload, skipped"
COLOURS = {
    DELIVERED: "tab:blue",
    SKIPPED: "tab:cyan",
    "unzip": "tab:gray",
    "extractall + fsync": "tab:orange",
}


@dataclass(frozen=True)
class Point:
    """One command with so many files of such a size, and the seconds that passed."""

    name: str
    size: int
    count: int
    took_s: float


def plots(room: Room) -> Iterator[Figure]:
    """What is drawn, as figures without bounds; the picture at the end."""
    by_size: list[Point] = []
    for size, count in FILES.items():
        archive = inputs.plain_files(room.kept / f"plain-{count}-{size}.zip", count, size)
        for point in measured(room, compared(archive), size, count):
            by_size.append(point)
            value, name = point.count / point.took_s, f"{told(size)}: {point.name}"
            yield Figure(name, value, unit="files/s")
    by_count: list[Point] = []
    for count in COUNTS:
        archive = inputs.tiny_files(room.kept / f"tiny-{count}.zip", count)
        both = compared(archive) | {SKIPPED: lambda folder, of=archive: sending(folder, of)}
        for point in measured(room, both, 2 * KIB, count):
            by_count.append(point)
            yield Figure(f"{count:,} entries: {point.name}", point.took_s, unit="s")
    yield from straightness(by_count)
    if find_spec("matplotlib") is None:
        sys.stderr.write("matplotlib is not installed: no picture\n")
    else:
        draw(by_size, by_count)


def compared(archive: Path) -> dict[str, Start]:
    """Our command and the two it is drawn with."""
    tools = {name: start for name, start in unpackers(archive).items() if name in COLOURS}
    return {
        DELIVERED: lambda folder: sending(folder, archive, "--files", "all"),
        "extractall + fsync": extracting_synced(archive),
        **tools,
    }


def measured(room: Room, starts: dict[str, Start], size: int, count: int) -> list[Point]:
    """One point for each command."""
    costs = in_turn(starts, room.own, 1 if count >= ONCE_FROM else TURNS)
    return [Point(name, size, count, wall_s(turns)) for name, turns in costs.items()]


def straightness(points: list[Point]) -> Iterator[Figure]:
    """How many times longer the most entries take than a tenth of them, over ten: 1 is a straight line."""
    *_, few, most = COUNTS
    for name in COLOURS:
        seen = {one.count: one.took_s for one in points if one.name == name}
        if seen:
            growth = seen[most] / seen[few] * few / most
            yield Figure(f"{few:,} -> {most:,} entries / linear: {name}", growth)


def told(size: int) -> str:
    """Bytes as the axis has them."""
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


# -- the picture -----------------------------------------------------------------------------------------------------


def draw(by_size: list[Point], by_count: list[Point]) -> None:
    """Both plots side by side, all axes logarithmic."""
    from matplotlib.figure import Figure as Picture  # a phone measures without it

    picture = Picture(figsize=(11, 4.4), layout="constrained")
    left, right = picture.subplots(1, 2)
    lines(left, by_size, lambda one: (one.size, one.count / one.took_s))
    left.set(title="Files a second", xlabel="size of each file", ylabel="files a second")
    left.set_xticks(list(FILES), [told(size) for size in FILES], minor=False)
    left.set_xticks([], minor=True)
    lines(right, by_count, lambda one: (one.count, one.took_s))
    right.set(title="Seconds, start included", xlabel="entries of 2 KiB", ylabel="seconds")
    right.set_xticks(list(COUNTS), [f"{count:,}" for count in COUNTS])
    picture.savefig(PICTURE, dpi=110, metadata={"Software": None})


def lines(axes: "Axes", points: list[Point], place: Callable[[Point], tuple[float, float]]) -> None:
    """One line for each command that was measured; tools that ours is compared with are dashed."""
    axes.set(xscale="log", yscale="log")
    for name, colour in COLOURS.items():
        places = sorted(place(one) for one in points if one.name == name)
        if places:
            style = "-" if name in {DELIVERED, SKIPPED} else "--"
            axes.plot(*zip(*places, strict=True), style, marker="o", color=colour, label=name)
    axes.grid(which="major", alpha=0.3)
    axes.legend()
