"""Processes as the operating system sees them: who works on a file, and whether they end in time."""

import contextlib
import os
import select
import time
from dataclasses import dataclass, field
from pathlib import Path

from transload.processes.registry import has_word


def working_on(path: Path) -> set[int]:
    """Living processes that name the path as a word of their command line, as decoders do; not this one."""
    wanted = os.fsencode(path)
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended while we looked
            if wanted in (folder / "cmdline").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found - {os.getpid()}


def left_on(path: Path, seconds: float) -> set[int]:
    """Those that work on it even then: one may have been born after any look at them, just before its parent died."""
    until = time.monotonic() + seconds
    left = working_on(path)
    while left and time.monotonic() < until:
        left_after(left, until - time.monotonic())
        left = working_on(path)
    return left


def left_after(pids: set[int], seconds: float) -> set[int]:
    """Those that have not ended by then."""
    until = time.monotonic() + seconds
    return {pid for pid in pids if not _ends(pid, until)}


def _ends(pid: int, until: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
        return bool(ready)
    finally:
        os.close(descriptor)


@dataclass
class Book:
    """A `ChildRegistry` in memory."""

    living: dict[int, str] = field(default_factory=dict)
    entered: list[int] = field(default_factory=list)

    def enter(self, pid: int, command: str) -> None:
        self.living[pid] = command
        self.entered.append(pid)

    def leave(self, pid: int) -> None:
        self.living.pop(pid, None)

    def known_again(self) -> list[str]:
        """The words by which the living can be told from others of their number."""
        return [word for pid, word in self.living.items() if has_word(pid, word)]


def descendants(pid: int) -> set[int]:
    """Living processes that a process has started, and those they have started."""
    found, pending = set[int](), [pid]
    while pending:
        for task in Path(f"/proc/{pending.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                new = {int(word) for word in task.read_text(encoding="ascii").split()}
                pending += new - found
                found |= new
    return found


def encoders(pids: set[int]) -> set[int]:
    """Those of them that are ffmpeg by now, no longer its launcher."""
    found: set[int] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("ffmpeg"):
                found.add(pid)
    return found
