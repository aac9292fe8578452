"""Names of volumes: which belong together, asked of every part, in memory and in a real folder."""

import random
import tempfile
import zlib
from pathlib import Path

from fuzz import mutate
from fuzz.cases import Outcome, Target, promise
from transload.archives.volumes import VolumeSet, group, volume_set

_IN_FOLDERS = 16
"""One case in so many is also asked of a folder: making the files takes longer than all the rest."""
_STEMS = (
    "a", "A", "x.7z", "X.ZIP", "film.mp4", "d/a", "foto.tar.gz", "a.part1", "a.r00", "ünï.rar", "a.zip", ".",
)  # fmt: skip
_ROOM = Path("/dev/shm")  # in memory, where there is such a place; any other will do


def make(rng: random.Random) -> bytes:
    """Names with a NUL between them: parts of one to three sets, with gaps, doubles and strangers."""
    names: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        stem = rng.choice(_STEMS) if rng.random() < 0.8 else mutate.word(rng)
        shape = rng.randrange(5)
        names += [_part(rng, stem, shape) for _ in range(rng.randint(1, 6))]
    if rng.random() < 0.3:
        names.append(mutate.word(rng))
    text = "\0".join(names).encode()
    return mutate.damaged(rng, text) if rng.random() < 0.1 else text


def check(data: bytes) -> Outcome:
    """Group the names in both orders; ask a folder of them about each of its files."""
    names = data.decode("utf-8", "surrogateescape").split("\0")
    grouped = group(names)
    promise(group(reversed(names)) == grouped, "the order of names changes the sets", grouped)
    for name, first in grouped.items():
        promise(name in names and name != first, "no part of a set", name, first)
        promise(first not in grouped, "the first is a part of another set", name, first)
    kinds = ["sets" if grouped else "no set"]
    if zlib.crc32(data) % _IN_FOLDERS == 0:
        kinds.append(_check_folder(sorted({one for one in names if _is_file_name(one)})))
    return Outcome(opened=bool(grouped), kinds=tuple(kinds))


def _part(rng: random.Random, stem: str, shape: int) -> str:
    number = rng.choice((0, 1, 1, 2, 2, 3, 4, 9, 10, 99, 100, 101, 999, 1000, 9999, 10_000, 99_999))
    width = rng.choice((1, 2, 2, 3, 3, 4, 5))
    digits = str(number).zfill(width)
    endings = (
        f".{digits}",
        f".part{digits}.{rng.choice(('rar', 'rar', 'exe', 'RAR'))}",
        rng.choice((f".{rng.choice('rstyz')}{number % 100:02}", ".rar", ".RAR", ".exe")),
        rng.choice((f".z{digits}", ".zip", ".ZIP", f".Z{digits}")),
        rng.choice((".7z", "", ".\u0661\u0662", f".{digits}.{digits}", ".zip.2019")),
    )
    ending = endings[shape] if rng.random() < 0.93 else rng.choice(endings)
    return stem + (ending.upper() if rng.random() < 0.05 else ending)


def _is_file_name(name: str) -> bool:
    raw = name.encode("utf-8", "surrogateescape")
    return "/" not in name and name not in {"", ".", ".."} and len(raw) <= 255


def _check_folder(names: list[str]) -> str:
    where = _ROOM if _ROOM.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=where) as folder:
        for name in names:
            (Path(folder) / name).touch()
        found = {name: volume_set(Path(folder) / name) for name in names}
    grouped = group(names)
    for name, volumes in found.items():
        if volumes is None:
            promise(name not in grouped, "a part in memory, none in its folder", name)
        else:
            _check_set(name, volumes, found, grouped)
    return "sets in a folder" if any(found.values()) else "no set in a folder"


def _check_set(
    name: str, volumes: VolumeSet, found: dict[str, VolumeSet | None], grouped: dict[str, str]
) -> None:
    parts = [part.name for part in volumes.parts]
    first = volumes.first.name
    promise(name in parts, "a set without the file that was asked about", name, volumes)
    promise(all(found[part] == volumes for part in parts), "another set for another part", volumes)
    promise(not set(parts) & set(volumes.missing), "both there and missing", volumes)
    promise(len(volumes.missing) <= 102, "too many names for a message", len(volumes.missing))
    promise(first in parts or first in volumes.missing, "a first that is nowhere", volumes)
    rest = {part: first for part in parts if part != first}
    told = {part: grouped.get(part) for part in rest}
    promise(told == rest, "other sets in memory than in the folder", volumes, told)


TARGETS = (Target("volumes", make, check),)
