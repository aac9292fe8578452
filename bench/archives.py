"""Archives against the native tools: processor time, first entry, memory, what it costs to go on at 80 percent.

Inputs are 300 MB of real JPEG data: 60 files of 3 MB, and two of 60 MB in the place of videos.
"""

import io
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageFilter

from bench.table import Figure
from bench.watch import MIB_BYTES, run
from transload.archives.open import Archives
from transload.archives.sevenzip.listing import parse
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits

MB = 1_000_000
TURNS = 3
PHOTOS, PHOTO_BYTES = 60, 3 * MB
FILMS, FILM_BYTES = 2, 60 * MB
TAIL_SHARE, WASTE = 0.2, 0.05

READ = """
import sys
import os
from pathlib import Path
from transload.archives.open import Archives
from transload.entry import Limits
WHAT, ARCHIVE = sys.argv[1], Path(sys.argv[2])


def peak(who="self"):
    for line in Path(f"/proc/{who}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


before, theirs, start = peak(), 0, 0
if WHAT == "start":
    sys.exit()
reader = Archives(Limits()).open(ARCHIVE)
if WHAT == "tail":
    start = int(sys.argv[3])
for entry, body in reader.stream(lambda e: True, start, Limits()):
    while body.read(262144):
        pass
    if WHAT == "memory":
        theirs = max([theirs, *map(peak, children())])
    if WHAT == "first":
        break
reader.close()
print(peak() - before, theirs)
"""


class Places(Protocol):
    """Where inputs are kept, and a folder of the figure's own."""

    @property
    def kept(self) -> Path:
        """Kept between runs."""
        ...

    @property
    def own(self) -> Path:
        """Gone after this one."""
        ...


@dataclass(frozen=True)
class Case:
    """One kind of archive: how 7zz makes it, the tool and the factor it is held against, what may be resumed."""

    name: str
    file: str
    make: tuple[str, ...]
    plain: tuple[str, ...]
    bound: float | None
    resumes: bool = False
    brief: bool = False
    """Whether the tool is done before an interpreter has started: then the bound is on what comes after that."""


SEVENZIP = ("7zz", "x", "-so", "-mmt=1", "--")
UNZIP = ("unzip", "-p")
BSDTAR = ("bsdtar", "-xOf")
CASES = (
    Case("zip deflate", "deflate.zip", ("-tzip",), UNZIP, 1.3, resumes=True),
    Case("zip stored", "stored.zip", ("-tzip", "-mx=0"), UNZIP, 3),
    Case("7z solid", "solid.7z", ("-ms=on",), SEVENZIP, 1.15),
    Case("7z non-solid", "plain.7z", ("-ms=off",), SEVENZIP, 1.15, resumes=True),
    Case("7z stored", "stored.7z", ("-mx=0", "-ms=off"), SEVENZIP, 3),
    Case("tar", "plain.tar", ("-ttar",), BSDTAR, None, brief=True),
    Case("tar.gz", "packed.tar.gz", ("-tgzip",), BSDTAR, 1.3),
)


def archives(room: Places) -> Iterator[Figure]:
    """Every kind of archive in its turn."""
    for case in CASES:
        yield from figures_of(case, made(case, room.kept / "archives"))


def figures_of(case: Case, archive: Path) -> Iterator[Figure]:
    """All figures of one archive."""
    yield from costs(case, archive)
    first = statistics.median(run(ours("first", archive)).wall_s for _ in range(TURNS))
    yield Figure(f"{case.name}: first entry read, from the start of the process", first, 1, "s")
    memory, most = peaks(archive) / MIB_BYTES, 40 + dictionary_bytes(archive) / MIB_BYTES
    yield Figure(f"{case.name}: memory of reader (above imports) and child", memory, most, "MiB")


def costs(case: Case, archive: Path) -> Iterator[Figure]:
    """Processor time as a multiple of the tool's, whole processes with their children; and that of the last fifth."""
    tail = ours("tail", archive, tail_start(archive))
    commands = [ours("start", archive), tail, ours("all", archive)]
    tool = native(case, archive)
    if tool is None:
        sys.stderr.write(f"{case.plain[0]} is not installed: no ratio for {case.name}\n")
    else:
        commands.append(tool)
    start, last, whole, *plain = costs_of(*commands, turns=7 if case.brief else TURNS)
    name = f"{case.name}, 300 MB, CPU / {case.plain[0]}"
    for one in plain:
        yield Figure(name, whole / one, None if case.brief else case.bound)
        if case.brief:
            yield Figure(f"{name}, start and imports left out", (whole - start) / one, case.bound)
    bound = (TAIL_SHARE + WASTE) * 100 if case.resumes else None
    share = 100 * (last - start) / (whole - start)
    yield Figure(f"{case.name}: CPU of the last 20 % of bytes", share, bound, "%")


def costs_of(*commands: list[str], turns: int) -> list[float]:
    """Processor seconds of each command, the median of runs in turn."""
    seen = [[run(command).cpu_s for command in commands] for _ in range(turns)]
    return [statistics.median(one) for one in zip(*seen, strict=True)]


def ours(what: str, archive: Path, *more: object) -> list[str]:
    """A small program that reads an archive by our reader."""
    return [sys.executable, "-c", READ, what, str(archive), *map(str, more)]


def native(case: Case, archive: Path) -> list[str] | None:
    """The command that writes all contents out; None when the tool is not there."""
    name, *words = case.plain
    program = str(find_sevenzip(None).path) if name == "7zz" else shutil.which(name)
    return None if program is None else [program, *words, str(archive)]


def peaks(archive: Path) -> int:
    """Peak memory in bytes: what reading added to an interpreter with its imports, and the child's own."""
    done = subprocess.run(ours("memory", archive), capture_output=True, check=True)
    return sum(int(word) for word in done.stdout.split()) << 10


def dictionary_bytes(archive: Path) -> int:
    """The dictionary that a 7z asks its decoder for."""
    if archive.suffix != ".7z":
        return 0
    command = find_sevenzip(None).words("l", archive, None)
    said = subprocess.run(command, capture_output=True, check=True).stdout
    return max(one.dictionary_bytes for one in parse(said.splitlines(), Limits()).members)


def tail_start(archive: Path) -> int:
    """The entry from which on at most a fifth of the bytes remains."""
    reader = Archives(Limits()).open(archive)
    sizes = [(entry.index, entry.size or 0) for entry in reader.entries()]
    reader.close()
    left, start = TAIL_SHARE * sum(size for _, size in sizes), sizes[-1][0]
    for index, size in reversed(sizes):
        left -= size
        if left < 0:
            break
        start = index
    return start


# -- inputs ----------------------------------------------------------------------------------------------------------


def made(case: Case, folder: Path) -> Path:
    """The archive, made by 7zz from the same files, unless it is there already."""
    folder.mkdir(exist_ok=True)
    path = folder / case.file
    if not path.exists():
        what = [tree(folder / "tree").name]
        if case.file.endswith(".tar.gz"):
            what = [made(CASES[5], folder).name]
        rough = folder / f"rough-{case.file}"
        rough.unlink(missing_ok=True)
        command = [str(find_sevenzip(None).path), "a", *case.make, "--", rough.name, *what]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        rough.replace(path)
    return path


def tree(folder: Path) -> Path:
    """The files that go into every archive: the large ones in the middle, the last fifth all of one kind."""
    if not folder.exists():
        rough = folder.with_suffix(".rough")
        shutil.rmtree(rough, ignore_errors=True)
        rough.mkdir()
        data = pictures()
        for n in range(PHOTOS):
            (rough / f"IMG_{n:03d}.jpg").write_bytes(exactly(PHOTO_BYTES, data))
        for n in range(FILMS):
            (rough / f"IMG_{10 * (n + 1):03d}_clip.mp4").write_bytes(exactly(FILM_BYTES, data))
        rough.replace(folder)
    return folder


def exactly(size: int, data: Iterator[bytes]) -> bytes:
    """So many bytes of the pictures, each used once."""
    out = bytearray()
    while len(out) < size:
        out += next(data)
    return bytes(out[:size])


def pictures() -> Iterator[bytes]:
    """Pictures without end, no two alike: noise, so blurred that LZMA packs the JPEG by 1 %, as it does with photos.

    (Less blurred it packs by nothing, and like random bytes is stored: that would measure copying.)
    """
    rng = random.Random(5)
    while True:
        noise = Image.frombytes("RGB", (2000, 1500), rng.randbytes(9 * MB))
        out = io.BytesIO()
        noise.filter(ImageFilter.GaussianBlur(5)).save(out, "JPEG", quality=92)
        yield out.getvalue()
