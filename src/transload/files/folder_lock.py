"""A lock that a process holds: of a data folder, whose holder runs the jobs, and of a session at a server."""

import fcntl
import os
from pathlib import Path


class FolderLock:
    """A lock on a file, kept by the kernel: it goes with the process, whatever ends it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Whether the lock is ours now; never waits."""
        if self._file is not None:
            return True
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def is_held(self) -> bool:
        """Whether any process has the lock, this one included."""
        if self._file is not None:
            return True
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def release(self) -> None:
        """Give the lock back; may be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
