"""Launcher of an encoder: sets its limits, then becomes it. Run as `python -I -S guard.py PARENT BYTES PROGRAM ...`.

A program of its own because code between fork and exec may not run Python safely in a threaded parent. The death signal
survives exec, so the encoder dies with the process that asked for it.
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
NICE = 15


def main(arguments: list[str]) -> None:
    """Take on the limits and exec the program; does not return."""
    parent, memory_bytes, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if (number := IOPRIO_SET.get(platform.machine())) is not None:
            libc.syscall(number, 1, 0, IOPRIO_IDLE)
    if os.getppid() != parent:
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        os.nice(NICE)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
