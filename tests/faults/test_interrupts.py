"""What a terminal shows while a job is interrupted again and again: figures that can be true."""

import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Cli
from tests.inputs import clip, packed, photo
from tests.terminal import Terminal
from transload.config import DataFolder

FURTHEST = 20  # a run is interrupted when it shows so many items more at most
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ITEMS = re.compile(r"^  ([\d,]+)(?:/([\d,]+))? items?(?:,|\s*$)", re.MULTILINE)  # below the bar
LEFT = re.compile(r"(\S+) (?:s|min|h) left")
SHARE = re.compile(r"(\d+)%\s*\r?\n")


@dataclass
class Shown:
    """The figures of one job, in the order in which they were on the screen."""

    items: list[tuple[int, int | None]] = field(default_factory=list[tuple[int, int | None]])
    left: list[str] = field(default_factory=list[str])
    shares: list[int] = field(default_factory=list[int])

    @property
    def reached(self) -> int:
        """The most items that were shown as done."""
        return max((done for done, _ in self.items), default=0)

    def add(self, seen: str) -> None:
        """Take in all that one run has drawn."""
        text = STEERING.sub("", seen)
        self.items += [
            (int(done.replace(",", "")), int(total.replace(",", "")) if total else None)
            for done, total in ITEMS.findall(text)
        ]
        self.left += LEFT.findall(text)
        self.shares += [int(share) for share in SHARE.findall(text)]


def reaches(items: int) -> Callable[[str], bool]:
    """Whether a run shows so many items as done."""

    def shows(seen: str) -> bool:
        shown = Shown()
        shown.add(seen)
        return bool(shown.items) and shown.reached >= items

    return shows


def mixture(folder: Path, number: int) -> Path:
    """Photos, some of them equal, an archive inside, notes, a film to convert; no two mixtures share any."""
    first = number * 1000
    entries = {f"{n:03d}.jpg": photo(first + n) for n in range(150)}
    entries |= {f"twin {n}.jpg": photo(first + n) for n in range(20)}
    inside = packed(folder / "inside.zip", {f"{n}.jpg": photo(first + 500 + n) for n in range(40)})
    entries["inside.zip"] = inside.read_bytes()
    entries |= {f"{n}.txt": b"words" for n in range(10)}
    entries["film.avi"] = clip(folder / "film.avi", number, seconds=20, size="320x240").read_bytes()
    tree = folder / f"tree {number}"
    (tree / "sub" / "deeper").mkdir(parents=True)
    packed(tree / "sub" / "trip.zip", {f"trip/{name}": data for name, data in entries.items()})
    for n in range(30):
        (tree / "sub" / "deeper" / f"{n}.jpg").write_bytes(photo(first + 800 + n))
    return tree


@dataclass
class Person:
    """Somebody who presses Ctrl-C at random, so many times, and starts the same command again."""

    cli: Cli
    chance: random.Random
    interrupts: int

    def send(self, source: Path, library: Path) -> tuple[Shown, int]:
        """Send it to its end; all that was shown on the way, and how the last command ended."""
        command = [*COMMAND, "send", str(source), "--to", f"library:{library}"]
        shown, status = Shown(), 130
        while status == 130 and not self.has_ended(len(shown.items)):
            with Terminal(command, self.cli.environment) as terminal:
                enough = shown.reached + self.chance.randint(0, FURTHEST)
                if self.interrupts and terminal.until(reaches(enough)):
                    terminal.interrupt()
                    self.interrupts -= 1
                status = terminal.end()
            shown.add(terminal.seen)
            assert status in (0, 130), terminal.seen
        return shown, status

    def has_ended(self, frames: int) -> bool:
        """Whether the job of this source, of which so many frames were seen, was over before Ctrl-C took effect."""
        if not frames:
            return False
        with closing(sqlite3.connect(DataFolder(self.cli.data).ledger)) as ledger:
            latest = ledger.execute("SELECT state FROM jobs ORDER BY id DESC LIMIT 1").fetchone()
        return bool(latest == ("succeeded",))


@pytest.mark.timeout(900)  # up to a score of program starts
@pytest.mark.parametrize("interrupts", [3, pytest.param(20, marks=pytest.mark.kills)])
def test_interrupts_leave_figures_that_can_be_true(tmp_path: Path, interrupts: int) -> None:
    seed = random.randrange(1 << 32)
    person, jobs = Person(Cli(tmp_path / "data"), random.Random(seed), interrupts), 0
    while person.interrupts:
        shown, status = person.send(mixture(tmp_path, jobs), tmp_path / "library")
        jobs += 1
        latest = json.loads(person.cli("jobs", "--json").out)[0]
        rows = latest["totals"]["entries"]
        done = [done for done, _ in shown.items]
        told = f"seed {seed}: {shown}"
        assert latest["state"] == "succeeded", told
        assert all(total is None or done <= total for done, total in shown.items), told
        assert done == sorted(done), told
        assert not any(left.startswith("-") for left in shown.left), told
        assert shown.shares == sorted(shown.shares), told
        if status == 0:  # else the last Ctrl-C came between the job's end and the command's
            assert shown.items[-1] == (rows, rows), told
            assert shown.shares[-1] == 100, told
