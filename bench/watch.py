"""One command watched from outside: processor time, memory of the main process and of its whole tree, files held."""

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_S = 0.02
MIB_BYTES = 1 << 20


@dataclass
class Watched:
    """What a command cost. Bytes, seconds; `first_s` is when the first delivered file was seen.

    `began_at` is when it was started, in seconds since 1970: what a report tells of a moment is compared with it.
    """

    began_at: float = 0.0
    status: int = -1
    wall_s: float = 0.0
    cpu_s: float = 0.0
    main_rss: int = 0
    tree_rss: int = 0
    held_bytes: int = 0
    first_s: float | None = None


def _children(pid: int) -> list[int]:
    found, pending = [pid], [pid]
    while pending:
        parent = pending.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                new = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            found += new
            pending += new
    return found


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _held(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:
                continue
    return total


def run(command: Sequence[str], *, scratch: Path | None = None, out: Path | None = None) -> Watched:
    """Run the command to its end; `scratch` is measured for held bytes, `out` for its first file."""
    seen, start = Watched(began_at=time.time()), time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        seen.main_rss = max(seen.main_rss, _rss(process.pid))
        seen.tree_rss = max(seen.tree_rss, sum(_rss(pid) for pid in _children(process.pid)))
        if scratch is not None and scratch.exists():
            seen.held_bytes = max(seen.held_bytes, _held(scratch))
        if out is not None and seen.first_s is None and any(p.suffix for p in out.rglob("*.*")):
            seen.first_s = time.monotonic() - start
        with suppress(subprocess.TimeoutExpired):
            process.wait(SAMPLE_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen.status, seen.wall_s = process.returncode, time.monotonic() - start
    seen.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seen
