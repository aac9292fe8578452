"""Programs that outlive their command by five seconds, in fifty endings; half-made files sent, in twenty kills."""

import random
from collections.abc import Iterator
from itertools import cycle, islice

from bench.figures import Room
from bench.table import Figure
from tests.crash.leaving import MANNERS, Leaving, killed

TRIES, KILLS = 50, 20
ENCODING_S = 2.0  # kills fall anywhere in the encoding, its joining and its sending


def orphans(room: Room) -> Iterator[Figure]:
    """The two counts, and how many of the kills left a delivered file to look at."""
    scene, left = Leaving(room.own), 0
    for number, manner in enumerate(islice(cycle(MANNERS), TRIES)):
        left += len(MANNERS[manner](scene, f"try{number}"))
    yield Figure(f"programs left 5 s after {TRIES} cancels, time-outs and kills", left, 0)
    whole, rng, bad = set(scene.finish("calm")), random.Random(20), 0
    for number in range(KILLS):
        left = len(killed(scene, f"kill{number}", rng.uniform(0, ENCODING_S)))
        bad += left + len(set(scene.delivered(f"kill{number}")) - whole)
        bad += set(scene.finish(f"kill{number}")) != whole
    yield Figure(f"half-made, lost or doubled files in {KILLS} kills", bad, 0)
