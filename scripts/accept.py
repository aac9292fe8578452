"""Runs an outside acceptance suite and fails below the scores of accept.toml.

    accept.py SUITE CORPUS [--transload PROGRAM] [--out FILE]

The suite is any program that takes `--corpus --only --transload --out --jobs` and writes a JSON result with a `table`
of part, class, passed, total, `rows` of single checks, and sums by part. Exit 1: below a floor, 2: it could not run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ROOT / "accept.toml"
JOBS_MAX = 4


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the verdict: what was reached and what has to be. `at_most` turns the floor into a ceiling."""

    what: str
    reached: float | None
    bound: float
    at_most: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bound is kept; a figure that the suite did not give is below every floor."""
        if self.reached is None:
            return False
        return self.reached <= self.bound if self.at_most else self.reached >= self.bound

    def line(self) -> str:
        """The score as a line of text."""
        reached = "not measured" if self.reached is None else f"{self.reached:g}"
        sign = "<=" if self.at_most else ">="
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.what}: {reached} (must be {sign} {self.bound:g})"


def share(rows: Iterable[Mapping[str, Any]]) -> float | None:
    """The part of checks that passed, None when there was none."""
    passed = [bool(row["ok"]) for row in rows]
    return sum(passed) / len(passed) if passed else None


def scores(result: Mapping[str, Any], floors: Mapping[str, Any]) -> list[Score]:
    """The suite's result against the recorded floors, in the order of the file."""
    rows: list[Mapping[str, Any]] = result["rows"]
    told: list[Score] = []
    for part, by_name in floors.get("named", {}).items():
        for name, floor in by_name.items():
            mine = (row for row in rows if row["part"] == part and row["name"] == name)
            told.append(Score(f"{part} {name}", share(mine), floor))
    for part, floor in floors.get("parts", {}).items():
        told.append(Score(part, share(row for row in rows if row["part"] == part), floor))
    for part, by_sum in floors.get("ratios", {}).items():
        for word, floor in by_sum.items():
            sums = result.get(part, {})
            ratio = sums[word] / sums["total"] if sums.get("total") else None
            told.append(Score(f"{part} {word} of all", ratio, floor))
    for part, by_list in floors.get("at_most", {}).items():
        for word, ceiling in by_list.items():
            found = result.get(part, {}).get(word)
            count = None if found is None else len(found)
            told.append(Score(f"{part} {word}", count, ceiling, at_most=True))
    return told


def run_suite(suite: Path, corpus: Path, only: str, program: Path, out: Path) -> int:
    """The suite's exit status; it prints its own table."""
    words = [
        "--corpus",
        str(corpus),
        "--only",
        only,
        "--jobs",
        str(min(JOBS_MAX, os.cpu_count() or 1)),
    ]
    words += ["--transload", str(program), "--out", str(out)]
    return subprocess.run([sys.executable, str(suite), *words], check=False).returncode


def main(words: list[str] | None = None) -> int:
    """0 when every floor is kept, 1 below one, 2 when the suite could not run."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    ask.add_argument("suite", type=Path)
    ask.add_argument("corpus", type=Path)
    ask.add_argument("--transload", type=Path, default=Path(sys.executable).parent / "transload")
    ask.add_argument("--floors", type=Path, default=FLOORS)
    ask.add_argument("--out", type=Path, help="keep the suite's JSON result here")
    given = ask.parse_args(words)
    floors = tomllib.loads(given.floors.read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="accept-") as folder:
        out: Path = given.out or Path(folder) / "result.json"
        out.unlink(missing_ok=True)  # an earlier result must not be taken for this one
        status = run_suite(
            given.suite.resolve(), given.corpus.resolve(), floors["only"], given.transload, out
        )
        if status != 0 or not out.exists():
            print(f"the suite could not run (exit {status})", file=sys.stderr)
            return 2
        told = scores(json.loads(out.read_text("utf-8")), floors)
    print(*(score.line() for score in told), sep="\n")
    return 0 if all(score.ok for score in told) else 1


if __name__ == "__main__":
    sys.exit(main())
