"""Plain tools that do what a job does, or a part of it: how each is started, and several of them measured in turn."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from bench.figures import TURNS, script
from bench.watch import Watched, run

Start = Callable[[Path], list[str]]
"""Gives the command, for a new empty folder that is its own."""

EXTRACT = """
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    z.extractall(sys.argv[2])
"""

EXTRACT_SYNCED = (
    EXTRACT
    + """
import os
for folder, _, names in os.walk(sys.argv[2]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as f:
            os.fsync(f.fileno())
"""
)

READ_HEADS = """
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    for info in z.infolist():
        with z.open(info) as f:
            f.read(8192)
"""


def in_turn(starts: Mapping[str, Start], own: Path, turns: int = TURNS) -> dict[str, list[Watched]]:
    """What each command cost in each turn; what its last turn made is left in the folder `own / name`.

    They take turns because machines get faster and slower within minutes. What the one before has written is on the
    disk before the next begins: its fsync would wait for others' bytes. And nothing is deleted between them: for five
    minutes ext4 passes over the inodes of what was, one by one, for each file it makes (Linux, fs/ext4/ialloc.c).
    Raises RuntimeError for a command that fails.
    """
    seen: dict[str, list[Watched]] = {name: [] for name in starts}
    for _ in range(turns):
        for name, start in starts.items():
            folder = own / name
            if folder.exists():
                folder.rename(Path(tempfile.mkdtemp(dir=own)) / name)
            folder.mkdir(parents=True)
            command = start(folder)
            os.sync()
            watched = run(command)
            if watched.status != 0:
                raise RuntimeError(f"{name}: status {watched.status} of {command}")
            seen[name].append(watched)
    return seen


def wall_s(turns: list[Watched]) -> float:
    """Seconds that passed, the median."""
    return statistics.median(one.wall_s for one in turns)


def cpu_s(turns: list[Watched]) -> float:
    """Seconds of processor time, the median."""
    return statistics.median(one.cpu_s for one in turns)


def extracting(archive: Path) -> Start:
    """`zipfile.extractall`."""
    return lambda folder: script(EXTRACT, archive, folder)


def extracting_synced(archive: Path) -> Start:
    """`zipfile.extractall`, and an fsync of each file: what a power cut must not take needs so much."""
    return lambda folder: script(EXTRACT_SYNCED, archive, folder)


def unpackers(archive: Path) -> dict[str, Start]:
    """The native unpackers that are installed. None of them waits for the disk."""
    starts: dict[str, Start] = {}
    if unzip := found("unzip"):
        starts["unzip"] = lambda folder: [unzip, "-qo", str(archive), "-d", str(folder)]
    if sevenzip := found("7zz"):
        quiet = ("-y", "-bso0", "-bsp0")
        starts["7zz x"] = lambda folder: [sevenzip, "x", *quiet, f"-o{folder}", str(archive)]
    return starts


def copiers(files: Path) -> dict[str, Start]:
    """The programs that are installed and take a folder of files to another place."""
    starts: dict[str, Start] = {}
    if restic := found("restic"):
        starts["restic backup"] = lambda folder: backup(restic, files, folder)
    if rclone := found("rclone"):
        unset = ("--config", "")  # remotes of whoever runs this are not looked at
        starts["rclone copy"] = lambda folder: [rclone, "copy", *unset, str(files), str(folder)]
    return starts


def backup(restic: str, files: Path, folder: Path) -> list[str]:
    """A backup into a repository that was just made; nothing is kept outside of the folder."""
    password = folder / "password"
    password.write_text("bench")
    words = [restic, "-q", "--no-cache", "-r", str(folder / "repository")]
    words += ["--password-file", str(password)]
    subprocess.run([*words, "init"], check=True)
    return [*words, "backup", str(files)]


@cache
def found(program: str) -> str | None:
    """Where a program is; None, and a word about it, once, when it is not installed."""
    path = shutil.which(program)
    if path is None:
        sys.stderr.write(f"{program} is not installed: no ratio against it\n")
    return path
