"""Canaries: a file and an address that hostile media point to, and what tells that one was touched."""

import ctypes
import os
import socket
import struct
from pathlib import Path

IN_ACCESS, IN_OPEN = 0x1, 0x20  # inotify(7)
IN_NONBLOCK = os.O_NONBLOCK
_EVENT = struct.Struct("iIII")


class Cage:
    """A folder whose files nobody may open, and a port of this machine that nobody may call."""

    def __init__(self, folder: Path, content: bytes) -> None:
        folder.mkdir()
        self.file = folder / "canary.mp4"
        self.file.write_bytes(content)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch: int = self._libc.inotify_init1(IN_NONBLOCK)
        assert self._watch >= 0
        name = os.fsencode(self.file)
        assert self._libc.inotify_add_watch(self._watch, name, IN_ACCESS | IN_OPEN) >= 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.setblocking(False)

    @property
    def url(self) -> str:
        """The address, as a file that could be fetched."""
        return f"http://127.0.0.1:{self.port}/canary.mp4"

    @property
    def port(self) -> int:
        """The port behind the address."""
        number: int = self._door.getsockname()[1]
        return number

    def touched(self) -> list[str]:
        """What was opened or called since the last look."""
        found: list[str] = []
        try:
            while os.read(self._watch, 64 * _EVENT.size):
                found.append("file")
        except BlockingIOError:
            pass
        try:
            while True:
                self._door.accept()[0].close()
                found.append("address")
        except BlockingIOError:
            return found

    def close(self) -> None:
        """Stop watching."""
        os.close(self._watch)
        self._door.close()
