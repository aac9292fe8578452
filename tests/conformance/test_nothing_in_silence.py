"""A damaged archive of any kind never ends as a whole one with fewer files in it, least of all as an empty one."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_every import MAKERS, SECRET
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import TransloadError

TREE = {f"{number}.bin": noise(500 + 700 * number, number) for number in range(5)}
CUTS, HOLES, BITS = 8, 7, 24
SOME = 5
"""Damages of each kind of archive that the quick tests look at."""
HOLE_BYTES = 600
EDGE_BYTES = 300  # where the headers are


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_lost_is_told(tmp_path: Path, kind: str) -> None:
    path = MAKERS[kind](tmp_path, TREE)
    damages = _damages(path.read_bytes(), random.Random(kind))
    assert _untold(path, random.Random(kind).sample(damages, SOME)) == []


@pytest.mark.archives
@pytest.mark.parametrize("kind", MAKERS)
def test_whatever_is_lost_is_told(tmp_path: Path, kind: str) -> None:
    path = MAKERS[kind](tmp_path, TREE)
    assert _delivered(path) == (len(TREE), False)
    assert _untold(path, _damages(path.read_bytes(), random.Random(kind))) == []


@dataclass(frozen=True)
class Damage:
    """What was done to an archive, what is left, and how many files it may hold in silence: of a flipped bit, fewer."""

    name: str
    data: bytes
    least: int


def _damages(whole: bytes, chance: random.Random) -> list[Damage]:
    torn = [Damage(*one, len(TREE)) for one in (*_cuts(whole, chance), *_holes(whole, chance))]
    return torn + [Damage(*one, 1) for one in _bits(whole, chance)]


def _untold(path: Path, damages: list[Damage]) -> list[tuple[str, int]]:
    """Damages after which files are missing and nothing is said, with the number that came."""
    silent: list[tuple[str, int]] = []
    for damage in damages:
        path.write_bytes(damage.data)
        count, told = _delivered(path)
        if count < damage.least and not told:
            silent.append((damage.name, count))
    return silent


def _delivered(path: Path) -> tuple[int, bool]:
    """How many files come whole, and whether anything is said of what does not."""
    try:
        with closing(Archives(Limits()).open(path, (SECRET,))) as reader:
            troubled = any(entry.trouble for entry in reader.entries())
            bodies = list(outcomes(reader).values())
            failed = any(isinstance(body, TransloadError) for body in bodies)
            count = sum(1 for body in bodies if not isinstance(body, TransloadError))
            return count, troubled or failed or reader.finish().fault is not None
    except TransloadError:
        return 0, True


def _cuts(whole: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    for _ in range(CUTS):
        size = chance.randrange(1, len(whole))
        yield f"cut at {size}", whole[:size]


def _holes(whole: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    for place in (0, *(chance.randrange(len(whole)) for _ in range(HOLES))):
        end = min(place + HOLE_BYTES, len(whole))
        yield f"zeros from {place}", whole[:place] + bytes(end - place) + whole[end:]
        yield f"{end - place} missing from {place}", whole[:place] + whole[end:]
    for _ in range(HOLES):
        place, size = chance.randrange(len(whole)), chance.choice((1, 512, HOLE_BYTES))
        yield f"{size} too many at {place}", whole[:place] + chance.randbytes(size) + whole[place:]


def _bits(whole: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    edge = min(EDGE_BYTES, len(whole))
    for _ in range(BITS):
        place = chance.choice((chance.randrange(edge), len(whole) - 1 - chance.randrange(edge)))
        bit = 1 << chance.randrange(8)
        yield (
            f"bit {bit} of byte {place}",
            whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :],
        )
