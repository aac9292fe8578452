"""Commands of the product without its start: a process that has imported it forks for each of them.

For tests in which the process is not the point: a start costs half a second, a fork a few milliseconds. The command
is a process of its own all the same, with its own folder, streams and environment, but for what Python itself reads
at its start. Run as a program, this is that process.
"""

import atexit
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUEST_BYTES_MAX = 1 << 20
HARMLESS = {"PYTHONDONTWRITEBYTECODE"}
NOT_OURS = "transload.media.decoder_child"
"""The decoder's process: it is never imported into the command's."""


def run(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, limit_s: float
) -> tuple[int, str, str]:
    """Exit status (of a signal: its negative number), output and errors of `transload WORDS`, nothing to read for it.

    Raises TimeoutError when it does not end in time; it is killed then.
    """
    own = {key for key in environment if key.startswith("PYTHON")} - HARMLESS
    assert all(environment[key] == os.environ.get(key) for key in own), f"{own} need a real start"
    asked = {"words": list(words), "environment": dict(environment), "folder": str(folder)}
    server = _server()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open("rb") as nothing,
    ):
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        pid = 0
        try:
            socket.send_fds(server, [json.dumps(asked).encode()], streams)
            pid = int(server.recv(20))
            server.settimeout(limit_s)
            status = int(server.recv(20))
            server.settimeout(None)
        except BaseException as error:  # whatever it was: the next command has another server
            _server.cache_clear()
            server.close()
            if pid > 0:
                os.kill(pid, signal.SIGKILL)
            if isinstance(error, TimeoutError):
                raise TimeoutError(
                    f"still running after {limit_s} s: {_text(err.fileno())}"
                ) from None
            raise
        return status, _text(out.fileno()), _text(err.fileno())


def _text(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode("utf-8").replace("\r\n", "\n")


@cache
def _server() -> socket.socket:
    """A connection to the process that forks; it ends when this one does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()  # that ends it
        process.wait()

    atexit.register(end)
    return ours


def _serve(asking: socket.socket) -> Sequence[str] | None:
    """Fork for each request; comes back with the command's words in a child, with None at the end."""
    while True:
        request, streams, _, _ = socket.recv_fds(asking, REQUEST_BYTES_MAX, 3)
        if not request:
            return None
        pid = os.fork()
        if pid == 0:
            asking.close()
            return _become(json.loads(request), streams)
        for stream in streams:
            os.close(stream)
        try:
            asking.send(str(pid).encode())
            _, status = os.waitpid(pid, 0)
            asking.send(str(os.waitstatus_to_exitcode(status)).encode())
        except BrokenPipeError:  # nobody waits for this command any more
            return None


def _become(asked: Mapping[str, Any], streams: Sequence[int]) -> Sequence[str]:
    """Take on the streams, the folder and the environment that a new process would have had."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    return list(asked["words"])


def _import_all() -> None:
    import transload

    for module in pkgutil.walk_packages(transload.__path__, "transload."):
        if module.name != NOT_OURS and "migrations" not in module.name:
            importlib.import_module(module.name)


if __name__ == "__main__":
    _import_all()
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        from transload.main import main

        sys.argv = ["transload", *words]
        main()
