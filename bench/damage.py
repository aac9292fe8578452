"""What is found of damaged photos: by decoding each of them, and by the look at their structure that comes first.

`python -m bench.damage [COUNT [SEED]]` prints both shares for each kind of damage, side by side.
"""

import io
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from bench.figures import Room
from bench.table import Figure
from tests.media.damaged_photos import KINDS, PLACES, camera_photos, damaged
from transload.facts import FileFacts
from transload.media.photos.colours import keeping_exif
from transload.media.photos.header import with_header
from transload.media.photos.photo import PILLOW_FAULTS, probe_photo
from transload.media.requests import PIXEL_BYTES

COUNT, SEED = 1000, 1
MOST_POINTS = 1
SMALL = (320, 240)


@dataclass(frozen=True)
class Found:
    """Damages of one kind in one place: how many there were, and how many each way has found."""

    kind: str
    place: str
    files: int
    by_decoding: int
    by_the_look: int
    only_by_one: int


def damage(_room: Room) -> Iterator[Figure]:
    """The shares' difference in points, and how many damages outside of scans one way alone has found."""
    rows = found_of(COUNT, SEED)
    scans = [row for row in rows if row.place == "scan" and row.kind != "cut"]
    files = sum(row.files for row in scans)
    apart = abs(sum(row.by_decoding - row.by_the_look for row in scans)) / files
    yield Figure("damage inside scans, shares found apart", 100 * apart, MOST_POINTS, "points")
    others = sum(row.only_by_one for row in rows if row not in scans)
    yield Figure("cuts and damaged segments that one way missed", others, 0)


def found_of(count: int, seed: int) -> list[Found]:
    """Both ways over `count` damaged photos; three quarters are damaged inside the scan."""
    rng, photos = random.Random(seed), camera_photos()
    seen = {key: Counter[str]() for key in ((kind, place) for place in PLACES for kind in KINDS)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.jpg"
        for n in range(count):
            kind, place = KINDS[n % len(KINDS)], PLACES[rng.random() < 0.75]
            path.write_bytes(damaged(*rng.sample(photos, 2), kind, place, rng))
            decoding, look = refused_by_decoder(path), refused_by_look(path)
            tally = seen[kind, place]
            tally.update(files=1, decoding=decoding, look=look, one=decoding != look)
    return [
        Found(*key, tally["files"], tally["decoding"], tally["look"], tally["one"])
        for key, tally in seen.items()
    ]


def refused_by_decoder(path: Path) -> bool:
    """Whether Pillow fails to read its header, the picture at an eighth of its size, or how it is turned."""
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("JPEG",)) as image:
            with_header(FileFacts(), image)
            image.draft("RGB", SMALL)
            image.load()
            ImageOps.exif_transpose(keeping_exif(image, image.copy()))
    except PILLOW_FAULTS:
        return True
    return False


def refused_by_look(path: Path) -> bool:
    """Whether probing calls it anything but whole."""
    facts, _ = probe_photo(path, "jpeg", PIXEL_BYTES)
    return facts.decoded != "whole"


def main(words: list[str]) -> None:
    """Print the table."""
    rows = found_of(*map(int, words)) if words else found_of(COUNT, SEED)
    print(f"{'damage':10}{'in the':10}{'files':>6}{'decoded':>14}{'look':>14}{'by one alone':>14}")
    for row in rows:
        shares = (f"{part} ({part / row.files:.1%})" for part in (row.by_decoding, row.by_the_look))
        left, right = shares
        print(f"{row.kind:10}{row.place:10}{row.files:6}{left:>14}{right:>14}{row.only_by_one:14}")


if __name__ == "__main__":
    main(sys.argv[1:])
