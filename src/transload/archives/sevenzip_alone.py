"""Members that are read by themselves: out of a run of their own, out of memory, or not at all."""

from collections.abc import Callable, Iterator, Sequence

from transload.archives.limits import CHUNK
from transload.archives.sevenzip_door import Door
from transload.archives.sevenzip_listing import Member
from transload.archives.sevenzip_run import Run
from transload.errors import CorruptError, TransloadError, WrongPasswordError

Pull = Callable[[int], bytes]


def other_password() -> WrongPasswordError:
    """The error for a member that gives nothing."""
    return WrongPasswordError("the entry is encrypted; no password given fits it, or it is damaged")


def damaged() -> CorruptError:
    """The error for a member of whose run 7zz says so."""
    return CorruptError("7-Zip found it damaged")


class Alone:
    """One member out of its own run; members of the same name are read over."""

    def __init__(
        self, door: Door, members: Sequence[Member], index: int, given: Sequence[int]
    ) -> None:
        self._door, self._name, self._size = door, members[index].raw, members[index].size
        self._has_own_password = members[index].encrypted and members[index].block is None
        self._before = sum(members[one].size or 0 for one in given if one < index)
        self._run: Run | None = None
        self._got = 0

    def __call__(self, size: int) -> bytes:
        if self._run is None:
            self._run = self._door.run("x", [self._name])
            self._run.skip(self._before)
        left = size if self._size is None else min(size, self._size - self._got)
        data = self._run.read(left) if left else b""
        self._got += len(data)
        if not data:
            self._finish(self._run)
        return data

    def close(self) -> None:
        """End the run. May be called twice."""
        if self._run is not None:
            self._run.kill()

    def _finish(self, run: Run) -> None:
        while run.read(CHUNK):
            pass
        if run.end() != 0 or (self._size is not None and self._got < self._size):
            nothing = self._has_own_password and not self._got
            error: TransloadError = other_password() if nothing else damaged()
            error.evidence = run.evidence()
            raise error


def pieces(run: Run, size: int) -> Iterator[bytes]:
    """The next bytes of a run in steps; fewer than `size` when it ends."""
    left = size
    while left and (data := run.read(min(left, CHUNK))):
        left -= len(data)
        yield data


def from_bytes(data: bytes) -> Pull:
    """A pull that gives these bytes."""
    at = 0

    def pull(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        at += len(piece)
        return piece

    return pull


def failing(error: TransloadError) -> Pull:
    """A pull that raises this error."""

    def pull(_size: int) -> bytes:
        raise error

    return pull
