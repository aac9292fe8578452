"""Launcher of a child process: takes on limits, then becomes the program.

Run as `python -I -S launcher.py PARENT_PID BYTES NICE PROGRAM`.

A program of its own because code between fork and exec may not run Python safely in a threaded parent. The death signal
survives exec, so the program dies with the thread that asked for it.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
IOPRIO_SET = {"x86_64": 251, "aarch64": 30}  # System call numbers; glibc has no wrapper.
IOPRIO_IDLE = 3 << 13
NICE_ENCODER = 15
"""What may take hours stands back behind everything else; a decoder that feeds a transfer (0) does not."""


def launcher_args(memory_bytes: int, nice: int) -> list[str]:
    """The words to put before a program's own: its address space is limited and it dies with the calling thread."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(memory_bytes), str(nice)]


def die_with_parent() -> None:
    """Ask the kernel for death with the thread that started this process. Linux only; it may be too late to ask."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Take on the limits and exec the program; does not return."""
    parent, memory_bytes, nice = (int(word) for word in arguments[:3])
    program = arguments[3:]
    die_with_parent()
    number = IOPRIO_SET.get(platform.machine()) if sys.platform == "linux" else None
    if nice and number is not None:
        ctypes.CDLL(None).syscall(number, 1, 0, IOPRIO_IDLE)
    if os.getppid() != parent:
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if nice:  # glibc maps 64 MiB for each of an encoder's many threads unless set otherwise
        os.putenv("MALLOC_ARENA_MAX", "2")
    with contextlib.suppress(OSError):
        os.nice(nice)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
