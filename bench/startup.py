"""What short commands cost beside an empty one: processor time, as ratios against ten commands that do nothing.

The app is made with the same library and started by the same Python, so the ratios say what our own modules add.
"""

import statistics
import zipfile
from collections.abc import Iterator

from bench.figures import Room, script, transload
from bench.table import Figure
from bench.watch import run

TURNS = 15
"""More than elsewhere: these commands take less than a tenth of a second."""
HELP, LIST, JOBS = 1.3, 2.0, 6.0
"""Bounds. That of `jobs` holds the event loop and SQLAlchemy, whose imports alone are half of it."""

EMPTY = """
import sys
from cyclopts import App

app = App(name="empty", help="An app that does nothing.")


def command(word: str = "", *, flag: bool = False) -> int:
    "Do nothing."
    return 0


for number in range(10):
    app.command(command, name=f"command{number}")
sys.exit(app(sys.argv[1:]))
"""


def startup(room: Room) -> Iterator[Figure]:
    """The overview, a listing of a small archive, the table of jobs."""
    small = room.own / "small.zip"
    with zipfile.ZipFile(small, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.jpg", bytes(1000))
    data = ("--data-dir", room.own / "data")
    nothing, overview = script(EMPTY, "command1"), script(EMPTY, "--help")
    yield _ratio("transload --help", transload("--help"), overview, HELP)
    yield _ratio("transload list small.zip", transload("list", small, *data), nothing, LIST)
    yield _ratio("transload jobs", transload("jobs", *data), nothing, JOBS)


def _ratio(name: str, ours: list[str], empty: list[str], bound: float) -> Figure:
    """Run both in turn, and once before so that all bytecode is there."""
    costs = [[run(command).cpu_s for command in (ours, empty)] for _ in range(TURNS + 1)][1:]
    medians = [statistics.median(column) for column in zip(*costs, strict=True)]
    return Figure(f"{name}, CPU / an empty app of ten commands", medians[0] / medians[1], bound)
