"""Check hostile cases in bulk: `python -m fuzz [--cases N] [--seed S] [--only NAME] [--jobs J] [--replay FILE]`.

Prints a table of the outcomes. Exit status 1 when a case crashed or the cases of a target do not reach deep.
"""

import argparse
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from fuzz.cases import Outcome, Tally, crash_of
from fuzz.table import head, reaches, shown, told
from fuzz.targets import TARGETS, run_named

CASES = 1_000_000
PIECE = 4_000
"""Cases that a process is given at a time: some seconds of work."""


def main(words: Sequence[str] | None = None) -> int:
    """Run what the words say; the exit status comes back."""
    asked = _parser().parse_args(words)
    wanted: list[str] = asked.only or list(TARGETS)
    if asked.replay is not None:
        return _replay(wanted[0], asked.replay)
    tallies = {name: Tally(name) for name in wanted}
    for piece in _pieces(wanted, asked.seed, asked.cases, asked.jobs):
        tallies[piece.target].add(piece)
        if piece.crashes:
            break
    return _printed(list(tallies.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(TARGETS), metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--replay", type=Path, help="one case from a file, with --only")
    return parser


def _pieces(wanted: Sequence[str], seed: int, cases: int, jobs: int) -> Iterator[Tally]:
    """Tallies as they are done, the cases shared out evenly over the targets."""
    each = -(-cases // len(wanted))
    work = [
        (name, range(start, min(start + PIECE, each)))
        for start in range(0, each, PIECE)
        for name in wanted
    ]
    if jobs == 1:
        yield from (run_named(name, seed, numbers) for name, numbers in work)
        return
    # Not forked: a child must not inherit the pool's threads.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        try:
            runs = [pool.submit(run_named, name, seed, numbers) for name, numbers in work]
            for done in as_completed(runs):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _printed(tallies: Sequence[Tally]) -> int:
    print(head())
    for tally in tallies:
        print(shown(tally, TARGETS[tally.target]))
    crashes = [crash for tally in tallies for crash in tally.crashes]
    for crash in crashes:
        print(told(crash))
    cases, cpu_s = sum(t.cases for t in tallies), sum(t.cpu_s for t in tallies)
    print(
        f"{cases:,} cases, {len(crashes)} crashes, {cases / max(cpu_s, 1e-9):,.0f} cases a CPU second"
    )
    shallow = not all(reaches(tally, TARGETS[tally.target]) for tally in tallies)
    return 1 if crashes or shallow else 0


def _replay(name: str, path: Path) -> int:
    outcome = crash_of(TARGETS[name], path.read_bytes())
    if isinstance(outcome, Outcome):
        print(outcome)
        return 0
    traceback.print_exception(outcome)
    return 1


if __name__ == "__main__":
    sys.exit(main())
