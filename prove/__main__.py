"""Run the long proofs: `python -m prove [--only PART,...] [--suite FILE --corpus DIR] [--tenth SEED] [--anew]`.

What has passed is kept until a file of the project changes: a run that was stopped goes on where it was. A table at the
end tells each part's time and size. Exit status 1 when a part failed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prove.kept import Passed, Results, key_of, state_of
from prove.parts import KEPT, PARTS, ROOT, Asked, Part, Step


@dataclass(frozen=True, slots=True)
class Run:
    """What is known before: the project's state, and what passed in it; with `anew`, that does not count."""

    state: str
    results: Results
    anew: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    part: str
    step: str
    seconds: float
    what: str
    ok: bool


def main(words: Sequence[str] | None = None) -> int:
    """The exit status: 0 when all that was asked for has passed."""
    given = _parser().parse_args(words)
    asked = Asked(given.suite, given.corpus, given.tenth)
    wanted = given.only or list(PARTS)
    KEPT.mkdir(exist_ok=True)
    run = Run(state_of(ROOT), Results(KEPT / "results.json"), anew=given.anew)
    lines = [line for name in wanted for line in _lines(PARTS[name], asked, run)]
    _print(lines)
    return 0 if all(line.ok for line in lines) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prove", description=__doc__)
    parser.add_argument(
        "--only", type=_names, help="parts, separated by commas; all: " + ",".join(PARTS)
    )
    parser.add_argument("--suite", type=Path, help="an outside acceptance suite")
    parser.add_argument("--corpus", type=Path, help="what it works on")
    parser.add_argument(
        "--tenth", type=int, metavar="SEED", help="a tenth of each part, chosen by SEED"
    )
    parser.add_argument("--anew", action="store_true", help="also what has passed before")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(
            f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}"
        )
    return names


def _lines(part: Part, asked: Asked, run: Run) -> list[Line]:
    lines = [_line(part, step, run) for step in part.steps(asked)]
    return lines or [Line(part.name, "", 0, f"not run: needs {part.needs}", ok=True)]


def _line(part: Part, step: Step, run: Run) -> Line:
    key = key_of(run.state, step.command, step.given)
    if not run.anew and (before := run.results.passed(key)):
        return Line(part.name, step.name, before.seconds, f"{before.size} (passed before)", ok=True)
    print(f"== {part.name}: {step.name}", flush=True)
    began = time.monotonic()
    status = subprocess.run(step.command, cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - began
    if status != 0:
        return Line(part.name, step.name, seconds, f"FAILED, exit status {status}", ok=False)
    if not (size := step.size()):
        return Line(part.name, step.name, seconds, "nothing ran: all of it was skipped", ok=True)
    run.results.add(key, Passed(seconds, size))
    return Line(part.name, step.name, seconds, size, ok=True)


def _print(lines: Sequence[Line]) -> None:
    print(f"\n{'part':10}{'step':16}{'time':>7}  size")
    for line in lines:
        minutes, seconds = divmod(round(line.seconds), 60)
        print(f"{line.part:10}{line.step:16}{minutes:4}:{seconds:02}  {line.what}")
    minutes, seconds = divmod(round(sum(line.seconds for line in lines)), 60)
    print(f"{'all':26}{minutes:4}:{seconds:02}")


if __name__ == "__main__":
    sys.exit(main())
