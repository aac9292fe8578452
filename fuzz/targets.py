"""All targets by name."""

from fuzz import counting, listings, tars, volumes, words, zips
from fuzz.cases import Tally, Target, run

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *listings.TARGETS,
        *words.TARGETS,
        *volumes.TARGETS,
        *counting.TARGETS,
        *zips.TARGETS,
        *tars.TARGETS,
    )
}


def run_named(name: str, seed: int, numbers: range) -> Tally:
    """A run over the target of this name, which a process of its own can be sent."""
    return run(TARGETS[name], seed, numbers)
