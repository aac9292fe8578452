"""Asking for one place of a tree until it is clear what fails: that place alone, or the server.

As long as the server lists the tree, a place that fails again and again is to blame itself; else the server is, and
all that is asked of it waits. The tries are counted here and not in rows: they are over within minutes, in one run.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from transload.archives.blob import foreseeing
from transload.blob import ByteFile
from transload.errors import (
    PermanentError,
    TransientError,
    TransloadError,
    UnsteadyError,
    WithheldError,
)
from transload.net.fetch import ASKED_MAX_S
from transload.retry import RetryPolicy

T = TypeVar("T")

TRIES: Final = RetryPolicy(max_attempts=3, first_s=4.0, longest_s=8.0)
"""Times that a place is asked for without a byte of it, each with the four tries of the client: 22 s where it is
refused at once, six minutes where it is silent."""


class ListingHost(Protocol):
    """The server of a tree, as far as blame needs it."""

    @property
    def scope(self) -> str:
        """What all that is asked of it waits for."""
        ...

    def names(self, folder: tuple[bytes, ...]) -> Sequence[object]:
        """What is in a folder; () is the tree's own."""
        ...

    def rest(self, seconds: float) -> None:
        """Wait, unless the job is stopped meanwhile."""
        ...


def tried_again(host: ListingHost, act: Callable[[], T]) -> T:
    """What an act about one place gives, tried so often while the host lists the tree.

    Raises UnsteadyError where it is that place alone that fails; WithheldError where the host asks for a wait that is
    the job's; the act's error where the host does not list the tree either, always with a scope; and what is permanent.
    """
    failures = 0
    while True:
        try:
            return act()
        except TransientError as error:
            failures += 1
            asked_s = error.retry_after_s or 0.0
            if asked_s > ASKED_MAX_S:  # the tree was listed after the wait before this one
                withheld = WithheldError(error.detail, evidence=error.evidence)
                raise withheld.within(error.scope or host.scope, asked_s) from error
            delay_s = TRIES.delay_s(failures, random.random())
            if wait_s := max(delay_s or 0.0, asked_s):  # one that was asked for, always
                host.rest(wait_s)
            _check_listed(host, error)
            if delay_s is None:
                raise UnsteadyError(error.detail, evidence=error.evidence) from error


def _check_listed(host: ListingHost, error: TransientError) -> None:
    """Raise the error as that of the host, or the wait it asks for, unless it lists the tree."""
    try:
        host.names(())
    except TransloadError as outage:
        if isinstance(outage, TransientError) and outage.retry_after_s is not None:
            raise
        raise (error if error.scope else error.within(host.scope)) from outage


class OpenableFile(Protocol):
    """A file on a server that was asked for."""

    def open(self) -> ByteFile:
        """A fresh opening."""
        ...


@dataclass(slots=True)
class RetriedFile:
    """A file of a tree; each reading of it is tried again, and what failed for good is said again without asking."""

    host: ListingHost
    file: OpenableFile
    lost: PermanentError | None = field(default=None, init=False)

    def open(self) -> ByteFile:
        """A fresh opening. Raises what the file raises."""
        return _RetriedOpening(self, self.file.open())

    def tried(self, act: Callable[[], bytes]) -> bytes:
        """The bytes that an act on an opening gives, as `tried_again` does."""
        if self.lost is not None:
            raise type(self.lost)(self.lost.detail, evidence=self.lost.evidence)
        try:
            return tried_again(self.host, act)
        except UnsteadyError as error:
            self.lost = error
            raise


class _RetriedOpening:
    """One opening of such a file: a `ByteFile` that passes hints on."""

    def __init__(self, whole: RetriedFile, file: ByteFile) -> None:
        self._whole, self._file = whole, file
        self._hinted = foreseeing(file)

    @property
    def size(self) -> int:
        """That of the file."""
        return self._file.size

    @property
    def taken(self) -> int:
        """Bytes off the network so far."""
        return self._file.taken

    def expect(self, offset: int, size: int, name: str) -> None:
        """An entry of this name, `size` bytes with its header, begins at `offset` and may be read next."""
        if self._hinted is not None:
            self._hinted.expect(offset, size, name)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end; after a failure from where it stood."""
        return self._whole.tried(lambda: self._file.read(size))

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end, none outside."""
        return self._whole.tried(lambda: self._file.read_at(offset, size))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as files do."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The current offset."""
        return self._file.tell()

    def close(self) -> None:
        """Release it; may be called twice."""
        self._file.close()
