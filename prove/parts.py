"""The parts of `make prove`: what each of them proves, and the commands that do it."""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from prove.pythons import Python, others

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".prove"
CASES = 1_000_000
SEED = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is given: the outside suite with its corpus, and a seed if only a tenth is wanted."""

    suite: Path | None = None
    corpus: Path | None = None
    tenth: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `size` tells, once it has ended well, how much it has looked at: "" for nothing.

    `given` are files and folders from outside of the project that it works on.
    """

    name: str
    command: tuple[str, ...]
    size: Callable[[], str]
    given: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part by name. `steps` may be none: what it needs is not here, as `needs` says."""

    name: str
    proves: str
    steps: Callable[[Asked], Iterable[Step]]
    needs: str = ""


def _marked(mark: str) -> Callable[[Asked], Iterable[Step]]:
    """The tests that carry a mark, on up to four cores."""

    def steps(asked: Asked) -> Iterable[Step]:
        result = KEPT / f"{mark}.xml"
        tenth = () if asked.tenth is None else ("--tenth", str(asked.tenth))
        spread = ("-n", "auto", "--maxprocesses=4", "--dist=worksteal")
        words = ("-m", "pytest", "-q", "-m", mark, *spread, *tenth, f"--junitxml={result}", "tests")
        yield Step(mark, (sys.executable, *words), lambda: size_of(result))

    return steps


def size_of(result: Path) -> str:
    """How many tests a result of pytest tells of, and how many of them were skipped; "" when none ran."""
    suites = ET.parse(result).getroot().findall("testsuite")
    ran = sum(int(suite.get("tests", "0")) for suite in suites)
    skipped = sum(int(suite.get("skipped", "0")) for suite in suites)
    if ran == skipped:
        return ""
    return f"{ran - skipped:,} tests" + (f", {skipped} skipped" if skipped else "")


def _hostile(asked: Asked) -> Iterable[Step]:
    cases, seed = (CASES, SEED) if asked.tenth is None else (CASES // 10, asked.tenth)
    words = ("-m", "fuzz", "--cases", str(cases), "--seed", str(seed))
    yield Step("hostile", (sys.executable, *words), lambda: f"{cases:,} cases")


def _guards(asked: Asked) -> Iterable[Step]:
    result = KEPT / "guards.json"
    tenth = () if asked.tenth is None else ("--tenth", str(asked.tenth))
    words = ("-m", "prove.switched_off", "--out", str(result), *tenth)
    yield Step(
        "guards", (sys.executable, *words), lambda: f"{len(json.loads(result.read_text()))} guards"
    )


def _bounds(asked: Asked) -> Iterable[Step]:
    yield from _marked("bounds")(asked)
    if asked.tenth is None:
        words = ("-m", "bench", "large")
        yield Step("gigabyte", (sys.executable, *words), lambda: "figures above")


def _accept(asked: Asked) -> Iterable[Step]:
    if asked.suite is None or asked.corpus is None:
        return
    result = KEPT / "accept.json"
    words = ("scripts/accept.py", str(asked.suite), str(asked.corpus), "--out", str(result))
    given = (asked.suite, asked.corpus)
    yield Step("accept", (sys.executable, *words), lambda: _checks_in(result), given)


def _checks_in(result: Path) -> str:
    rows = json.loads(result.read_text())["rows"]
    return f"{sum(bool(row['ok']) for row in rows)} of {len(rows)} checks"


FOREIGN = ("tests/archives", "tests/sources", "tests/faults")
"""Where foreign formats and the standard library meet: what a tenth runs on every Python."""


def _pythons(asked: Asked) -> Iterable[Step]:
    for python in others():
        if asked.tenth is None:
            yield _on(python, ())
        elif not python.of_system:
            # CI gives that one the whole of `make test`, in a bare environment.
            yield _on(python, FOREIGN)


def _on(python: Python, tests: tuple[str, ...]) -> Step:
    result, venv = KEPT / f"{python.name}.xml", KEPT / "venvs" / python.name
    words = ("scripts/test_on.sh", str(python.program), str(venv), f"--junitxml={result}", *tests)
    return Step(python.name, words, lambda: size_of(result))


PARTS = {
    part.name: part
    for part in (
        Part(
            "kills",
            "nothing is lost and nothing sent twice, wherever it is killed",
            _marked("kills"),
        ),
        Part(
            "media",
            "every result plays and decodes, odd films in parts are those in one piece",
            _marked("media"),
        ),
        Part(
            "archives",
            "no damage of any kind of archive is reported as a success",
            _marked("archives"),
        ),
        Part("bounds", "memory and disk stay small: 1 GB of photos, 100,000 entries", _bounds),
        Part("hostile", "no bytes make it crash, hang or grow", _hostile),
        Part("guards", "each guard that is switched off is noticed by a test", _guards),
        Part("accept", "the outside acceptance suite", _accept, "SUITE= and CORPUS="),
        Part("pythons", "`make test` on every other Python at hand", _pythons, "another Python"),
    )
}
"""In the order in which they run."""
