"""Programs that outlive their command by five seconds, in fifty endings; half-made files sent, in twenty kills."""

import random
from collections.abc import Iterator
from itertools import cycle, islice

from bench.figures import Room
from bench.table import Figure
from tests.crash.leaving import MANNERS, TEMPORARIES, Leaving, struck

TRIES, KILLS, ATTEMPTS = 50, 20, 80
LATER_S = 0.3  # a kill falls up to so much after a half-made file of the wanted sort has appeared


def orphans(room: Room) -> Iterator[Figure]:
    """The counts: programs left, files that were wrong, and kills of the twenty that found nothing half-made."""
    scene, left = Leaving(room.own), 0
    for number, manner in enumerate(islice(cycle(MANNERS), TRIES)):
        left += len(MANNERS[manner](scene, f"try{number}"))
    yield Figure(f"programs left 5 s after {TRIES} cancels, time-outs and kills", left, 0)
    whole, rng, bad, hits = scene.finish("calm"), random.Random(20), 0, 0
    for number in range(ATTEMPTS):
        if hits == KILLS:
            break
        place, sort = f"kill{number}", number % len(TEMPORARIES)
        wait_s = rng.uniform(0, LATER_S) if sort == 0 else 0.0
        hits += struck(scene, place, TEMPORARIES[sort], wait_s)
        bad += scene.delivered(place) not in ([], whole)
        bad += scene.finish(place) != whole or bool(scene.temporaries(place))
    yield Figure(f"half-made, lost or doubled files in {KILLS} kills", bad, 0)
    yield Figure(
        f"of those kills, without a half-made file there, in {ATTEMPTS} tries", KILLS - hits, 0
    )
