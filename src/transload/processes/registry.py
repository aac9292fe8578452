"""Who records the programs that are started, and how to know one again by its number, its start and its words."""

import os
from pathlib import Path
from typing import Protocol


class ChildRegistry(Protocol):
    """Who records every program that is started, so that none outlives its parent for long. Both calls block."""

    def enter(self, pid: int, command: str) -> None:
        """It runs; `command` is a word of its command line."""
        ...

    def leave(self, pid: int) -> None:
        """It has been reaped."""
        ...


class Nobody:
    """A `ChildRegistry` that remembers nothing."""

    def enter(self, pid: int, command: str) -> None:
        """Do nothing."""

    def leave(self, pid: int) -> None:
        """Do nothing."""


NO_REGISTRY = Nobody()


def birth(pid: int) -> str | None:
    """When a living process began, in a form that no other process of its number ever has; None where that is unknown.

    Field 22 of proc(5)'s stat, in ticks since boot; the name before it may hold spaces and brackets.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    dead = fields[0] in (b"Z", b"X")
    return None if dead else f"{_boot()}:{fields[19].decode('ascii')}"


def _boot() -> str:
    """The kernel's name of this boot, empty where it keeps it to itself."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def has_word(pid: int, word: str) -> bool:
    """Whether the command line of a process has this word."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(word) in words
