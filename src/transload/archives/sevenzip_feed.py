"""The bytes of wanted members out of as few runs of 7zz as honesty allows: split by size, checked one by one.

`x -so` writes the members one behind the other without a mark between. Their listed sizes cut it; a sum over each says
whether the cut was right. A wrong member shifts all that follow: the run is ended and a new one starts behind it.
"""

import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transload.archives.limits import CHUNK, ended_early, wrong_checksum
from transload.archives.sevenzip_listing import Member
from transload.archives.sevenzip_run import QUIET_S, RC_MEMORY, Run
from transload.archives.sevenzip_tool import Program
from transload.entry import Secret
from transload.errors import CorruptError, LimitError, TransloadError, WrongPasswordError

RESTART_BYTES = 32 << 20
"""What a new run costs in decoded bytes: it starts in 20 ms and reads the archive's directory again."""
FAILURES_MAX = 1000  # runs that one archive may cost; the rest of so broken a one is given up
LOST_BLOCK = (
    2  # wrong members of one solid block: what follows them is decoded from the same damage
)
BATCH_BYTES = 4 << 20
BATCH_MEMBERS = 256

Pull = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Door:
    """How to get into an archive: its first file, the program, the password that fits, the memory a run may take, and
    how long it may be silent.
    """

    archive: Path
    program: Program
    password: Secret | None
    memory_bytes: int
    quiet_s: float = QUIET_S

    def run(self, command: str, names: Sequence[bytes] | None = None) -> Run:
        """Start a run of the command, over these names alone if given."""
        words = partial(self.program.words, command, self.archive)
        return Run(words, self.memory_bytes, self.password, names, self.quiet_s)


def is_selectable(raw: bytes) -> bool:
    """Whether 7zz finds a member by this name in a list: it must be text, of one line, of a plain relative path."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    plain = text.isprintable() and text.strip() == text and not set('"\\') & set(text)
    return plain and not {"", ".", ".."} & set(text.split("/"))


class Feed:
    """Members' bytes by index. Going forward is cheap, anything else starts a run from the start of a solid block."""

    def __init__(
        self, door: Door, members: Sequence[Member], *, links_have_bytes: bool, locked: bool
    ) -> None:
        """`links_have_bytes`: links are written like files. `locked`: encrypted members cannot be read."""
        self._door = door
        self._members = members
        self._emits = [
            one.kind == "file" or (one.kind == "link" and links_have_bytes) for one in members
        ]
        self._avoid = locked
        self._selectable = array("b", (is_selectable(one.raw) for one in members))
        self._blocks = _block_starts(members)
        self._run: Run | None = None
        self._order: array[int] = array("q")
        self._ends: array[int] = array("q")  # where each member of `_order` ends in the run's output
        self._at = 0
        self._trusted: bool | None = None
        self._batch: dict[int, bytes] = {}
        self._single: _Alone | None = None
        self._sizes_known = all(one.size is not None for one in members)
        self._failed = 0
        self._failed_in: Counter[int | None] = Counter()

    def cost_to(self, index: int) -> int:
        """Bytes of the same solid block before the member: they are decoded and thrown away to reach it."""
        return self._blocks[index]

    def pull(self, index: int) -> Pull:
        """Call the result for the member's next bytes, b"" at its end.

        The call raises CorruptError, TruncatedError, LimitError, WrongPasswordError.
        """
        self._leave_single()
        member = self._members[index]
        if member.size == 0:
            return lambda _size: b""
        if self._failed >= FAILURES_MAX or (
            member.block is not None and self._failed_in[member.block] >= LOST_BLOCK
        ):
            return _failing(CorruptError("the packed data before it are damaged"))
        if member.size is None or not self._sizes_known:
            return self._alone(index)
        if member.crc is not None:
            return _Checked(self, index, member.size, member.crc)
        return self._unsummed(index, member.size)

    def close(self) -> None:
        """End what runs. May be called twice."""
        self._leave_single()
        if self._run is not None:
            self._run.kill()
            self._run = None

    def _leave_single(self) -> None:
        if self._single is not None:
            self._single.close()
            self._single = None

    def failed(self, index: int) -> None:
        """Leave the run: behind a member that was wrong nothing is where its sizes say."""
        self._failed += 1
        self._failed_in[self._members[index].block] += 1
        self.close()

    # -- one long run ------------------------------------------------------------------------------------------------

    def go_to(self, index: int) -> None:
        """Stand at the member's first byte. Raises CorruptError when the output ends before it."""
        self._leave_single()
        skip = self._ahead(index)
        if skip is None or skip > RESTART_BYTES + self._blocks[index]:
            self._start(index)
            skip = self._ahead(index)
        if skip is None or (skip and self._skip(skip) < skip):
            raise self.ended(index, 0)

    def take(self, size: int) -> bytes:
        """The next bytes of the run's output."""
        assert self._run is not None
        data = self._run.read(size)
        self._at += len(data)
        return data

    def ended(self, index: int, got: int) -> TransloadError:
        """Why the output stopped inside a member; the run is over."""
        run, self._run = self._run, None
        status = 0 if run is None else run.end()
        self.failed(index)
        error: TransloadError = ended_early(got, self._members[index].size or 0)
        if status == RC_MEMORY or status < 0:
            error = LimitError(
                "its decoder needed more memory than archive.max_dictionary_bytes allows",
                suggestion="Raise archive.max_dictionary_bytes, or unpack it on a larger machine.",
            )
        elif got == 0 and self.has_own_password(index):
            error = _other_password()
        error.evidence = None if run is None else run.evidence()
        return error

    def has_own_password(self, index: int) -> bool:
        """Whether another password than its neighbours' may be on the member: a solid block has one for all."""
        return self._members[index].encrypted and self._members[index].block is None

    def _ahead(self, index: int) -> int | None:
        """Bytes between the run's place and the member; None when it is not ahead in this run."""
        if self._run is None:
            return None
        place = bisect_left(self._order, index)
        if place == len(self._order) or self._order[place] != index:
            return None
        start = self._ends[place] - (self._members[index].size or 0)
        return start - self._at if start >= self._at else None

    def _skip(self, size: int) -> int:
        assert self._run is not None
        skipped = self._run.skip(size)
        self._at += skipped
        return skipped

    def _start(self, index: int) -> None:
        self.close()
        names, self._order = self._plan(index)
        self._ends, end = array("q"), 0
        for one in self._order:
            end += self._members[one].size or 0
            self._ends.append(end)
        self._at = 0
        self._run = self._door.run("x", names)

    def _plan(self, index: int) -> "tuple[list[bytes] | None, array[int]]":
        """The names to ask for from a member on (None: all), and the members that such a run gives, in order."""
        wanted = [
            one
            for one in range(index, len(self._members))
            if self._members[one].kind == "file" and not self._is_locked(one)
        ]
        if all(self._selectable[one] for one in wanted):
            names = [self._members[one].raw for one in wanted]
            return names, self._given(set(names))
        return None, self._given(None)

    def _given(self, names: set[bytes] | None) -> "array[int]":
        """Members that a run gives: equal names are given all together."""
        return array(
            "q",
            (
                index
                for index, one in enumerate(self._members)
                if self._emits[index] and (names is None or one.raw in names)
            ),
        )

    def _is_locked(self, index: int) -> bool:
        return self._avoid and self._members[index].encrypted

    # -- members without a sum ---------------------------------------------------------------------------------------

    def _unsummed(self, index: int, size: int) -> Pull:
        """A member without a sum in the listing: right only if 7zz, which checks what the format holds, ends well."""
        if self._blocks[index] or not self._selectable[index]:
            if self._is_sound():
                return _Checked(self, index, size, None)
            return _failing(CorruptError("the archive is damaged and this entry has no checksum"))
        if index in self._batch or size <= BATCH_BYTES:
            return self._from_batch(index)
        return self._alone(index)

    def _is_sound(self) -> bool:
        """Whether a test of the whole archive ends without error; asked once."""
        if self._trusted is None:
            run = self._door.run("t")
            while run.read(CHUNK):
                pass
            self._trusted = run.end() == 0
        return self._trusted

    def _from_batch(self, index: int) -> Pull:
        if index not in self._batch:
            self._batch = self._sealed(self._neighbours(index))
        if index not in self._batch:
            self._batch = self._sealed([index])
        if index not in self._batch:
            own = self.has_own_password(index)
            return _failing(_other_password() if own else _damaged())
        return _from_bytes(self._batch.pop(index))

    def _neighbours(self, index: int) -> list[int]:
        """This member and the next ones of its kind, as many as a batch may hold."""
        batch, size = [index], self._members[index].size or 0
        for one in range(index + 1, min(index + BATCH_MEMBERS, len(self._members))):
            member = self._members[one]
            if member.kind != "file" or self._is_locked(one) or not self._selectable[one]:
                continue
            size += member.size or 0
            if member.crc is not None or member.size is None or size > BATCH_BYTES:
                break
            batch.append(one)
        return batch

    def _sealed(self, batch: Sequence[int]) -> dict[int, bytes]:
        """The members' bytes out of a run of their own; nothing when it did not end well."""
        self.close()
        names = [self._members[one].raw for one in batch]
        run = self._door.run("x", names)
        found: dict[int, bytes] = {}
        for one in self._given(set(names)):
            size = self._members[one].size or 0
            data = b"".join(_pieces(run, size))
            if one in batch and len(data) == size:
                found[one] = data
        whole = not run.read(1)
        return found if run.end() == 0 and whole else {}

    def _alone(self, index: int) -> Pull:
        """A large member, or one of unknown size, from a run of its own; its end says whether it was right."""
        if not self._selectable[index]:
            return _failing(
                CorruptError("its name cannot be given to 7-Zip and it has no checksum")
            )
        self.close()
        self._single = _Alone(
            self._door, self._members, index, self._given({self._members[index].raw})
        )
        return self._single


def _other_password() -> WrongPasswordError:
    return WrongPasswordError("the entry is encrypted; no password given fits it, or it is damaged")


def _damaged() -> CorruptError:
    return CorruptError("7-Zip found it damaged")


class _Checked:
    """One member out of the feed's run, its sum compared at the end."""

    def __init__(self, feed: Feed, index: int, size: int, crc: int | None) -> None:
        self._feed, self._index, self._left = feed, index, size
        self._size, self._crc, self._sum = size, crc, 0
        self._started = False

    def __call__(self, size: int) -> bytes:
        if not self._started:
            self._started = True
            self._feed.go_to(self._index)
        if not self._left:
            if self._crc is not None and self._sum != self._crc:
                self._feed.failed(self._index)
                raise wrong_checksum(self._size)
            return b""
        data = self._feed.take(min(size, self._left))
        if not data:
            raise self._feed.ended(self._index, self._size - self._left)
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        return data


class _Alone:
    """One member out of its own run; members of the same name are read over."""

    def __init__(
        self, door: Door, members: Sequence[Member], index: int, given: Sequence[int]
    ) -> None:
        self._door, self._name, self._size = door, members[index].raw, members[index].size
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
            error = _damaged()
            error.evidence = run.evidence()
            raise error


def _pieces(run: Run, size: int) -> Iterator[bytes]:
    left = size
    while left and (data := run.read(min(left, CHUNK))):
        left -= len(data)
        yield data


def _from_bytes(data: bytes) -> Pull:
    at = 0

    def pull(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        at += len(piece)
        return piece

    return pull


def _failing(error: TransloadError) -> Pull:
    def pull(_size: int) -> bytes:
        raise error

    return pull


def _block_starts(members: Sequence[Member]) -> "array[int]":
    """For each member the bytes of its solid block that come before it."""
    before: array[int] = array("q")
    held: dict[int, int] = {}
    for one in members:
        if one.block is None:
            before.append(0)
            continue
        before.append(held.get(one.block, 0))
        held[one.block] = held.get(one.block, 0) + (one.size or 0)
    return before
