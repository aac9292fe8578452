"""An archive on a server as a blob: few requests, and hardly a byte more than is wanted.

One answer is read at a time, and what lies a little ahead is read through instead of asked for. How much is asked for
at once comes from what is known: an entry's length (`expect`), the tail with a directory, a reading from the start
that never jumped; else it grows with every step in a row.
"""

from dataclasses import dataclass
from pathlib import Path

from transload.errors import (
    CorruptError,
    PermanentError,
    RemoteBrokenError,
    ShortAnswerError,
    TransientError,
    UnsteadyError,
    UnsupportedError,
)
from transload.net.fetch import Answer, Target, Web
from transload.sources.download import Foresight
from transload.sources.remote import Remote, look, span_of
from transload.units import KIB, MIB
from transload.web_address import shown

HEAD_BYTES = 4 * KIB  # identifies every format, and is small beside any archive
HEAD_KEPT = MIB
"""What of the beginning is remembered: the looks at a packed tar (a block of bzip2 has 900 kB) and its first pass are
then one request."""
TAIL_MIN, TAIL_MAX = 66 * KIB, 128 * KIB
"""A zip's end record with the longest comment is 64 KiB; directories of 1,300 entries fit the larger one."""
UNSTEADY = (
    "fetched in one piece: the server's answers about parts of the file contradict each other"
)
GAP_BYTES = 64 * KIB
"""Read through rather than asked for anew: 50 ms of waiting at 10 Mbit/s."""
STRAIGHT_BYTES = MIB
"""First asked for by a reading from the start; should it jump later, what is on its way is lost."""


class Run:
    """One answer on its way: `at` is the offset of its next byte, `end` where it should end (None: unknown)."""

    def __init__(self, answer: Answer, at: int, end: int | None) -> None:
        self.answer, self.at, self.end = answer, at, end

    def read(self, size: int) -> bytes:
        """The next bytes; b"" at the end. Raises what `Answer.read` raises, ShortAnswerError at an early end."""
        if self.end is not None:
            size = min(size, self.end - self.at)
        data = self.answer.read(size) if size else b""
        self.at += len(data)
        if not data and self.end is not None and self.at < self.end:
            raise ShortAnswerError(f"the answer of {shown(self.answer.url)} ended early")
        if self.at == self.end:
            self.answer.read(
                1
            )  # its end must have been seen before the connection is free for the next request
        return data

    @property
    def left(self) -> int | None:
        """Bytes still to come, None when unknown."""
        return None if self.end is None else self.end - self.at


@dataclass(slots=True)
class RemoteBlob:
    """The bytes behind an address; `path` is None. Remembers the head and the tail for every opening."""

    web: Web
    remote: Remote
    spare: Run | None
    head: bytes = b""
    tail: bytes = b""
    lost: PermanentError | None = None
    """Why nothing more can be had: said again for every further reading, without asking the server each time."""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.remote.name

    @property
    def path(self) -> Path | None:
        """None: it is not on this machine."""
        return None

    @property
    def in_parts(self) -> bool:
        """Whether any part of it can be had by itself."""
        return self.remote.ranges and self.remote.size is not None

    @property
    def tail_at(self) -> int | None:
        """Where the tail to keep begins, None where parts cannot be had."""
        size = self.remote.size
        if size is None or not self.remote.ranges:
            return None
        return max(0, size - min(max(size >> 8, TAIL_MIN), TAIL_MAX))

    def open(self) -> "RangeFile":
        """A fresh opening at offset 0; asks nothing yet."""
        return RangeFile(self)

    def ask(self, start: int, end: int | None) -> Run:
        """The bytes from `start` up to `end` (None: all the rest) on their way.

        Raises CorruptError when the file was changed since the first look, UnsteadyError when the server contradicts
        itself about it, and what `Web.get` raises.
        """
        if self.lost is not None:
            raise type(self.lost)(self.lost.detail, suggestion=self.lost.suggestion)
        try:
            return self._asked(start, end)
        except PermanentError as error:
            self.lost = error
            raise

    def _asked(self, start: int, end: int | None) -> Run:
        remote, shown = self.remote, self.remote.target.shown
        last = "" if end is None else str(end - 1)
        span = {"Range": f"bytes={start}-{last}", **remote.condition} if remote.ranges else {}
        answer = self.web.get(remote.target, span)
        found = span_of(answer.headers)
        if remote.ranges and remote.is_contradicted_by(answer.headers):
            answer.close()
            raise UnsteadyError(f"{shown} is another version or size at each answer")
        if not remote.is_told_by(answer.headers) or found.total not in (remote.size, None):
            answer.close()
            raise CorruptError(
                f"{shown} was changed on the server while it was read",
                suggestion="Send it again: the new version is then read from its start.",
            )
        if not remote.ranges:
            return Run(answer, 0, remote.size)
        if answer.status != 206 or found.first != start:
            answer.close()
            raise RemoteBrokenError(f"{shown} answers with another part than was asked for")
        return Run(answer, start, found.end)

    def close(self) -> None:
        """Let go of the kept answer; may be called twice."""
        if self.spare is not None:
            self.spare.answer.close()
            self.spare = None


class RangeFile:
    """One opening of a remote blob: a `ByteFile` that takes hints. `taken` counts what was given or passed over."""

    def __init__(self, blob: RemoteBlob) -> None:
        self._blob = blob
        self._run, blob.spare = blob.spare, None
        self._foresight = Foresight()
        self._at = 0
        self._straight = True
        self._failures = 0
        self.taken = 0

    @property
    def size(self) -> int:
        """All the bytes there are. Raises UnsupportedError where the server does not say."""
        if self._blob.remote.size is None:
            raise UnsupportedError(f"the server does not say the length of {self._blob.name}")
        return self._blob.remote.size

    def expect(self, offset: int, size: int, name: str) -> None:
        """An entry of this name, `size` bytes with its header, begins at `offset` and may be read next."""
        self._foresight.expect(offset, size, name)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end."""
        data = self._gather(self._at, self.size - self._at if size < 0 else size)
        self._at += len(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end, none outside. Moves to after them."""
        if offset < 0:
            return b""
        self.seek(offset)
        return self.read(size) if size > 0 else b""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as files do; moving costs nothing."""
        base = (0, self._at, self.size if whence == 2 else 0)[whence]
        if base + offset < 0:
            raise ValueError(f"{base + offset} is before the start")
        self._straight = self._straight and self._at <= base + offset <= self._at + GAP_BYTES
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The current offset."""
        return self._at

    def close(self) -> None:
        """Let go of the answer, or leave it to the next opening where that can read on in it; may be called twice."""
        run, self._run = self._run, None
        if run is not None and run.at == len(self._blob.head) and self._blob.spare is None:
            self._blob.spare = run
        elif run is not None:
            run.answer.close()

    def _gather(self, offset: int, size: int) -> bytes:
        pieces: list[bytes] = []
        total = self._blob.remote.size
        left = size if total is None else min(size, total - offset)
        while left > 0:
            data = self._kept(offset, left) or self._streamed(offset, left)
            if not data:
                break
            pieces.append(data)
            self.taken += len(data)
            offset, left = offset + len(data), left - len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _kept(self, offset: int, size: int) -> bytes:
        """What is remembered from `offset` on; fetches the tail when it is looked into for the first time."""
        blob, tail_at = self._blob, self._blob.tail_at
        if offset < len(blob.head):
            return blob.head[offset : offset + size]
        if tail_at is None or offset < tail_at:
            return b""
        if not blob.tail and not self._straight and not self._covers(offset):
            blob.tail = self._whole(tail_at, self.size)
        return blob.tail[offset - tail_at : offset - tail_at + size]

    def _whole(self, start: int, end: int) -> bytes:
        pieces: list[bytes] = []
        while start < end and (data := self._streamed(start, end - start, end)):
            pieces.append(data)
            start += len(data)
        return b"".join(pieces)

    def _covers(self, offset: int) -> bool:
        """Whether the answer on its way comes by that offset soon enough."""
        run = self._run
        if run is None or offset < run.at or (run.end is not None and offset >= run.end):
            return False
        return offset - run.at <= GAP_BYTES or not self._blob.remote.ranges

    def _streamed(self, offset: int, size: int, end: int | None = None) -> bytes:
        """What the answer on its way has from `offset` on, else a new one that is asked for up to `end`."""
        if not self._covers(offset):
            self._leave()
            self._run = self._blob.ask(offset, end or self._end_for(offset, size))
        return self._step(offset, size)

    def _end_for(self, offset: int, size: int) -> int:
        """Up to where to ask, from `offset`: never into what is remembered."""
        blob = self._blob
        least = max(size, STRAIGHT_BYTES) if self._straight else size
        end = self._foresight.end_for(offset, least)
        stop = blob.remote.size
        if blob.tail and blob.tail_at is not None and offset < blob.tail_at:
            stop = blob.tail_at
        return end if stop is None else min(end, stop)

    def _step(self, offset: int, size: int) -> bytes:
        """The next bytes of the answer at `offset`; one that breaks off is asked for again from there."""
        end: int | None = None
        while True:
            run = self._run = self._run or self._blob.ask(offset, end)
            try:
                return self._taken_from(run, offset, size)
            except TransientError as error:
                end = run.end
                self._drop()
                self._failures += 1
                self._blob.web.rest(self._failures, error)

    def _taken_from(self, run: Run, offset: int, size: int) -> bytes:
        while run.at < offset and (skipped := run.read(min(offset - run.at, GAP_BYTES))):
            self._remember(run.at - len(skipped), skipped)
            self._lose(len(skipped))
        data = run.read(size) if run.at == offset else b""
        if data:
            self._failures = 0
            self._foresight.useful += len(data)
            self._remember(offset, data)
        return data

    def _remember(self, offset: int, data: bytes) -> None:
        head = self._blob.head
        if offset == len(head) < HEAD_KEPT:
            self._blob.head = head + data

    def _lose(self, size: int) -> None:
        self.taken += size
        self._foresight.quarantine_or_fail(size)

    def _leave(self) -> None:
        """Done with the answer on its way: its short rest is read, so that the connection can be used again."""
        run = self._run
        if run is None:
            return
        left = run.left
        if left is not None and left <= GAP_BYTES:
            try:
                while data := run.read(left):
                    self._lose(len(data))
            except TransientError:
                pass  # nobody wanted those bytes
        elif left is not None and self._blob.remote.ranges and not self._straight:
            self._foresight.quarantine_or_fail(left)
        self._drop()

    def _drop(self) -> None:
        if self._run is not None:
            self._run.answer.close()
            self._run = None


def blob_at(web: Web, target: Target, first_bytes: int) -> RemoteBlob:
    """The file at an address, its first bytes on their way (all where parts cannot be had). Raises as `look` does."""
    remote, answer = look(web, target, first_bytes)
    end = remote.size
    if remote.ranges:
        end = first_bytes if end is None else min(end, first_bytes)
    return RemoteBlob(web, remote, Run(answer, 0, end))


def look_further(blob: RemoteBlob) -> None:
    """Have the answer that reading from the start needs next.

    Raises UnsteadyError where it contradicts the first, RemoteBrokenError where parts cannot be had in spite of it.
    """
    size = blob.remote.size
    if not blob.remote.ranges or size is None or size <= HEAD_BYTES:
        return
    file = blob.open()
    try:
        file.read(HEAD_BYTES + 1)
    finally:
        file.close()


def in_one_piece(blob: RemoteBlob) -> RemoteBlob:
    """The same file, to be had by one answer; the blob given is closed."""
    blob.close()
    return RemoteBlob(blob.web, blob.remote.plain, None)
