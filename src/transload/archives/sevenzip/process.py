"""One run of 7zz or another decoder as a child: bounded memory, no prompt, its silence watched, ended by its pid."""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Self

from anyio import NoEventLoopError, from_thread

from transload.archives.limits import CHUNK
from transload.entry import Secret
from transload.errors import LimitError, TransloadError
from transload.processes.launcher import launcher_args
from transload.processes.registry import NO_REGISTRY, ChildRegistry
from transload.units import MIB

QUIET_S = 60.0
"""A decoder that is asked for bytes and gives none for so long hangs: real ones give some within a second."""
GUARD_OVERHEAD_BYTES = 192 * MIB
"""Address space of 7zz beside its dictionary: program, buffers, the directory of a large archive."""
LOOK_S = 0.25  # how often a wait asks whether the job was cancelled
KILL_S = 5.0
PIPE_BYTES = MIB
EVIDENCE_BYTES = 1000
ERRORS_BYTES_MAX = 16 * MIB
"""Of what a run said; a listing of 200,000 damaged entries takes as much."""

RC_DAMAGED = 2
RC_MEMORY = 8
RC_PROMPT = 255
"""It asked for a password and found standard input empty."""

_OF_ENTRY = b"ERROR: "
_SUMMARY_BYTES = 400
_SUM_OF_ENTRIES, _SUM_OF_ARCHIVE = b"Sub items Errors: ", b"Open Errors: "

# A language and a zone of its own: listings are in UTF-8 and UTC on every machine.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath}


class DecoderProcess:
    """A started decoder. Read its standard output with `read`; `end` returns the exit status, `kill` leaves early."""

    def __init__(  # noqa: PLR0913  what one run is given
        self,
        words: Callable[[str | None], list[str]],
        memory_bytes: int,
        password: Secret | None,
        names: Sequence[bytes] | None = None,
        quiet_s: float = QUIET_S,
        registry: ChildRegistry = NO_REGISTRY,
    ) -> None:
        """Start what `words` returns for a file that holds `names` (None: no file); it has no name on disk."""
        self._quiet_s, self._said = quiet_s, b""
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the run
        self._list: IO[bytes] | None = None
        listed: str | None = None
        if names is not None:
            self._list = tempfile.TemporaryFile()  # noqa: SIM115  closed with the run
            self._list.write(b"".join(name + b"\n" for name in names))
            self._list.seek(0)
            listed = f"/dev/fd/{self._list.fileno()}"
        program = words(listed)
        command = [*launcher_args(memory_bytes + GUARD_OVERHEAD_BYTES, 0), *program]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if password is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=_ENVIRONMENT,
            start_new_session=True,
            pass_fds=() if self._list is None else (self._list.fileno(),),
        )
        self._registry, self._left = registry, False
        try:
            registry.enter(self._process.pid, program[0])
        except TransloadError:
            self.kill()
            raise
        self._widen()
        if password is not None:
            self._hand_over(password)

    def _widen(self) -> None:
        """A wider pipe, where the system has that: half as many switches between the two processes."""
        assert self._process.stdout is not None
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # beyond what this user may have
                fcntl.fcntl(self._process.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def _hand_over(self, password: Secret) -> None:
        """The password goes through standard input: an argument would be seen by everyone on the machine."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(password.text.encode("utf-8", "surrogateescape") + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened, a cancelled job too: no child is left."""
        self.kill()

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" when the child has closed its output. Raises LimitError when it is silent."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        waited = 0.0
        while not select.select([descriptor], [], [], LOOK_S)[0]:
            _stop_when_cancelled()
            waited += LOOK_S
            if waited >= self._quiet_s:
                self.kill()
                raise LimitError(
                    f"the decoder gave not one byte in {self._quiet_s:g} s and was ended"
                )
        return os.read(descriptor, size)

    def skip(self, size: int) -> int:
        """Read and throw away; returns how many bytes there were."""
        left = size
        while left and (data := self.read(min(left, CHUNK))):
            left -= len(data)
            _stop_when_cancelled()
        return size - left

    def lines(self) -> Iterator[bytes]:
        """The output's lines."""
        kept = b""
        while data := self.read(CHUNK):
            *whole, kept = (kept + data).split(b"\n")
            yield from whole
        if kept:
            yield kept

    def end(self) -> int:
        """The exit status of a child whose output was read to its end; negative: the signal that ended it."""
        try:
            status = self._process.wait(KILL_S)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        self._close()
        return status

    def kill(self) -> None:
        """End the child and whatever it started. May be called twice."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close()

    def is_sound(self) -> bool:
        """Whether all entries of a run that was read to its end are right: it ended well, or what it counts as wrong is
        the archive (cut short, a damaged header) and none of them. Ends the run.
        """
        status = self.end()
        last = self._said[-_SUMMARY_BYTES:]
        of_archive = _SUM_OF_ARCHIVE in last and _SUM_OF_ENTRIES not in last
        return status == 0 or (status == RC_DAMAGED and of_archive)

    def errors(self) -> list[bytes]:
        """What was wrong with entries, each as `REASON : NAME`; of a run that is over."""
        lines = self._said.split(b"\n")
        return [line.removeprefix(_OF_ENTRY) for line in lines if line.startswith(_OF_ENTRY)]

    def evidence(self) -> str | None:
        """The end of what the child complained of, None when it did not."""
        said = self._said if self._complaints.closed else self._all_said()
        lines = [line for line in said.split(b"\n") if line.startswith(_OF_ENTRY)]
        text = b"\n".join(lines) or said
        return text[-EVIDENCE_BYTES:].decode("utf-8", "replace").strip() or None

    def _all_said(self) -> bytes:
        self._complaints.seek(0, os.SEEK_END)
        self._complaints.seek(max(0, self._complaints.tell() - ERRORS_BYTES_MAX))
        return self._complaints.read()

    def _close(self) -> None:
        if not self._left:
            self._left = True
            self._registry.leave(self._process.pid)
        if not self._complaints.closed:
            self._said = self._all_said()
            self._complaints.close()
        if self._list is not None:
            self._list.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _stop_when_cancelled() -> None:
    with contextlib.suppress(NoEventLoopError):  # a script's own thread cannot be cancelled
        from_thread.check_cancelled()
