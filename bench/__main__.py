"""Measure everything and print one table: `python -m bench [NAME...]`."""

import compileall
import sys
import tempfile
from pathlib import Path

import transload
from bench.damage import damage
from bench.figures import FIGURES, Room
from bench.following import following
from bench.mixed import mixed
from bench.orphans import orphans
from bench.photos import photos
from bench.plots import plots
from bench.probes import probes
from bench.remote import remote
from bench.segments import kills, segments
from bench.speed import skipped, small
from bench.startup import startup
from bench.table import shown
from bench.telegram import telegram
from bench.way import ways

KEPT = Path(tempfile.gettempdir()) / "transload-bench"


def main() -> int:
    """Print each figure as soon as it is known; with names, only those. Gives 1 when one is beyond its bound."""
    KEPT.mkdir(exist_ok=True)
    # As pip leaves an installation. A checkout may have none, or stale ones, and compile 160 modules with each command.
    compileall.compile_dir(Path(transload.__file__).parent, quiet=1)
    figures = FIGURES | {
        "startup": startup,
        "remote": remote,
        "probes": probes,
        "photos": photos,
        "damage": damage,
        "orphans": orphans,
        "segments": segments,
        "ways": ways,
        "following": following,
        "small": small,
        "skipped": skipped,
        "mixed": mixed,
        "telegram": telegram,
    }
    wanted = sys.argv[1:] or list(figures)
    figures |= {"kills": kills, "plots": plots}  # by name only
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
