"""Switch each guard off in a copy of the source and see its test turn red: `python -m prove.switched_off`.

Exit status 1 when a guard's loss is noticed by nobody, or its place in the source is no longer there.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prove.guards import GUARDS, Guard

ROOT = Path(__file__).resolve().parent.parent
TENTHS = 10
FAILED = 1
"""Pytest's exit status when tests ran and some failed: others tell that none was run."""


def main(words: Sequence[str] | None = None) -> int:
    """The exit status; a line for each guard is printed."""
    parser = argparse.ArgumentParser(prog="python -m prove.switched_off", description=__doc__)
    parser.add_argument("--out", type=Path, help="a JSON list of the guards that were noticed")
    parser.add_argument("--tenth", type=int, metavar="SEED", help="only some, chosen by SEED")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    given = parser.parse_args(words)
    guards = list(GUARDS)
    if given.tenth is not None:
        guards = random.Random(given.tenth).sample(guards, -(-len(guards) // TENTHS))
    if (status := _tests({guard.test for guard in guards})) != 0:
        print("a test fails with its guard on: nothing can be said")
        return status
    with ThreadPoolExecutor(given.jobs) as pool:
        noticed = list(pool.map(_is_noticed, guards))
    for guard, told in zip(guards, noticed, strict=True):
        print(f"{'noticed' if told else 'NOT NOTICED':12} {guard.name}: {guard.test}")
    if given.out is not None:
        found = [guard.name for guard, told in zip(guards, noticed, strict=True) if told]
        given.out.write_text(json.dumps(found, indent=1))
    return 0 if all(noticed) else 1


def _is_noticed(guard: Guard) -> bool:
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        file = source / "transload" / guard.path
        text = file.read_text("utf-8")
        if text.count(guard.code) != 1:
            print(f"{guard.name}: {guard.path} has its place {text.count(guard.code)} times")
            return False
        file.write_text(text.replace(guard.code, guard.without), "utf-8")
        return _tests({guard.test}, source) == FAILED


def _tests(names: set[str], source: Path | None = None) -> int:
    """Pytest's exit status for these tests, over another source if one is given."""
    words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "", *sorted(names))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | ({} if source is None else {"PYTHONPATH": str(source)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, FAILED) or (source is None and done.returncode):
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
