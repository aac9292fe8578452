"""A command at a real terminal: what it shows is read, what a person types is written."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

LIMIT_S = 60


class Terminal:
    """Runs one command on a terminal of its own; a context manager that leaves no process."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, inner = pty.openpty()
        self.process = subprocess.Popen(
            words,
            env=dict(environment),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            preexec_fn=partial(fcntl.ioctl, inner, termios.TIOCSCTTY, 0),  # keys become signals
        )
        os.close(inner)
        self.seen = ""
        self._until = time.monotonic() + LIMIT_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def shows(self, text: str, times: int = 1) -> None:
        """Wait until the text has been shown so often."""
        while self.seen.count(text) < times:
            assert self._read(), f"never shown: {text!r} in {self.seen!r}"

    def until(self, shown: Callable[[str], bool]) -> bool:
        """Read until what was shown so far is that; False when the command ends before."""
        while not shown(self.seen):
            if not self._read():
                return False
        return True

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.type("\x03")

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def echoes(self) -> bool:
        """Whether keys that are pressed now would be shown."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def end(self) -> int:
        """The exit status, once the command has ended."""
        while self._read():
            pass
        return self.process.wait(LIMIT_S)

    def _read(self) -> bool:
        """Read what is there; whether there may be more."""
        ready, _, _ = select.select([self._master], [], [], self._until - time.monotonic())
        assert ready, f"nothing happens: {self.seen!r}"
        try:
            part = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self.seen += part.decode("utf-8", "replace")
        return bool(part)
