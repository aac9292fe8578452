"""Measure everything and print one table: `python -m bench [NAME...]`."""

import sys
import tempfile
from pathlib import Path

from bench.figures import FIGURES, Room
from bench.following import following
from bench.orphans import orphans
from bench.probes import probes
from bench.remote import remote
from bench.segments import kills, segments
from bench.startup import startup
from bench.table import shown
from bench.way import ways

KEPT = Path(tempfile.gettempdir()) / "transload-bench"


def main() -> int:
    """Print each figure as soon as it is known; with names, only those. Gives 1 when one is beyond its bound."""
    KEPT.mkdir(exist_ok=True)
    figures = FIGURES | {
        "startup": startup,
        "remote": remote,
        "probes": probes,
        "orphans": orphans,
        "segments": segments,
        "ways": ways,
        "following": following,
    }
    wanted = sys.argv[1:] or list(figures)
    figures["kills"] = kills
    missed = 0
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for figure in figures[name](Room(KEPT, Path(folder))):
                print(shown(figure), flush=True)
                missed += not figure.ok
    print(f"{missed} figures beyond their bound" if missed else "every figure within its bound")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
