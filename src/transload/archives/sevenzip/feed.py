"""The bytes of wanted members out of as few runs of 7zz as honesty allows: split by size, checked one by one.

`x -so` writes the members one after the other without a mark between. Their listed sizes cut it; a sum over each says
whether the cut was right. A wrong member shifts all that follow: the run is ended and a new one starts after it.
"""

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from functools import partial

from transload.archives.limits import CHUNK, Pull, ended_early, lasting, wrong_checksum
from transload.archives.sevenzip.listing import Member, block_starts, solid_before
from transload.archives.sevenzip.members import (
    BATCH_BYTES,
    LISTED_BREAK,
    UNPACK,
    ArchiveAccess,
    SingleMembers,
    doubted,
    failing,
    from_bytes,
    is_selectable,
    lacks_decoder,
    misspelled,
    named_wrong,
    neighbours,
    other_password,
    pieces,
    sealed,
    unsupported,
)
from transload.archives.sevenzip.process import RC_MEMORY, DecoderProcess
from transload.errors import (
    CorruptError,
    LimitError,
    TransloadError,
    TruncatedError,
    UnsupportedError,
)
from transload.units import MIB

RESTART_BYTES = 32 * MIB  # a new run's cost in decoded bytes: 20 ms, and the directory again
FAILURES_MAX = 1000  # runs that one archive may cost; the rest of so broken a one is given up
SILENCES_MAX = 3  # decoders that hang cost a minute each
LOST_BLOCK = 2  # wrong members of one solid block: what follows is decoded from the same damage
UNASKABLE = "7-Zip cannot be asked for an entry of this name"


class Feed:
    """Members' bytes by index. Going forward is cheap, anything else starts a run from the start of a solid block."""

    def __init__(
        self,
        access: ArchiveAccess,
        members: Sequence[Member],
        *,
        links_have_bytes: bool = True,
        barred: Collection[int] = (),
    ) -> None:
        """`links_have_bytes`: links are written like files. `barred`: members on which a run would end."""
        self._access = access
        self._members = members
        emitted = ("file", "link") if links_have_bytes else ("file",)
        self._emits = [one.kind in emitted for one in members]
        self._barred = barred
        self._selectable = array("b", (is_selectable(one.raw) for one in members))
        self._misspelled: set[bytes] | None = None
        self._blocks = block_starts(members)
        self._run: DecoderProcess | None = None
        self._order: array[int] = array("q")
        self._ends: array[int] = array("q")  # where each of `_order` ends in the run's output
        self._at = 0
        self._named_wrong: Collection[int] | None = None
        self._undecodable: set[str] = set()  # methods
        self._batch: dict[int, bytes] = {}
        self._single: SingleMembers | None = None
        self._sizes_known = all(one.size is not None or one.kind == "dir" for one in members)
        self._failed = 0
        self._failed_in: Counter[int | None] = Counter()
        self._wrong: set[int] = set()

    def cost_to(self, index: int) -> int:
        """Bytes of the same solid block before the member: they are decoded and thrown away to reach it."""
        return self._blocks[index]

    def pull(self, index: int) -> Pull:
        """Call the result for the member's next bytes, b"" at its end, as often as wanted.

        The call raises CorruptError, TruncatedError, LimitError, WrongPasswordError.
        """
        return lasting(self._pull(index))

    def _pull(self, index: int) -> Pull:
        self._leave_single()
        member = self._members[index]
        if member.size == 0:
            return lambda _size: b""
        if (refusal := self._refusal(index)) is not None:
            return failing(refusal)
        if member.size is None or not self._sizes_known:
            return self._alone(index)
        if member.crc is None:
            return self._unsummed(index, member.size)
        checked = _Checked(self, index, member.size, member.crc)
        return self._with_own_password(checked, index) if self.has_own_password(index) else checked

    def _refusal(self, index: int) -> TransloadError | None:
        """Why a member is not even tried, None when it is."""
        member = self._members[index]
        lost = member.block is not None and self._failed_in[member.block] >= LOST_BLOCK
        if self._failed >= FAILURES_MAX or lost:
            return CorruptError("the packed data before it are damaged")
        if member.method in self._undecodable:
            return unsupported(member.method)
        if self._barred and not self._can_ask(index):
            return UnsupportedError(UNASKABLE, suggestion=UNPACK)
        return None

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
        """Leave the run: after a member that was wrong nothing is where its sizes say."""
        self._failed += 1
        self._failed_in[self._members[index].block] += 1
        self._wrong.add(index)
        self.close()

    # -- one long run ------------------------------------------------------------------------------------------------

    def go_to(self, index: int) -> None:
        """Stand at the member's first byte. Raises CorruptError when the output ends before it."""
        self._leave_single()
        skip = self._ahead(index)
        with self._left_when_silent(index):
            far = skip is None or skip > RESTART_BYTES + self._blocks[index]
            if far or not self._passes_locked(index):
                self._start(index)
            skip = self._ahead(index)
            is_there = skip is not None and self._skip(skip) == skip
        if not is_there:
            raise self.ended(index, 0)

    def take(self, index: int, size: int) -> bytes:
        """The next bytes of the run's output, which belong to the member."""
        assert self._run is not None
        with self._left_when_silent(index):
            data = self._run.read(size)
        self._at += len(data)
        return data

    @contextmanager
    def _left_when_silent(self, index: int) -> Generator[None]:
        """A run that gave nothing for too long is over; an archive may cost such a wait a few times only."""
        try:
            yield
        except LimitError:
            self.failed(index)
            self._failed += FAILURES_MAX // SILENCES_MAX
            raise

    def ended(self, index: int, got: int) -> TransloadError:
        """Why the output stopped inside a member; the run is over."""
        run, self._run = self._run, None
        status = 0 if run is None else run.end()
        self.failed(index)
        error = doubted(ended_early(got, self._members[index].size or 0), self._members[index])
        # 7zz gives RC_MEMORY for some allocations, its status of damage for others.
        too_large = self._members[index].dictionary_bytes > self._access.memory_bytes
        if status == RC_MEMORY or status < 0 or (status and too_large):
            error = LimitError(
                "its decoder needed more memory than archive.max_dictionary_bytes allows",
                suggestion="Raise archive.max_dictionary_bytes, or unpack it on a larger machine.",
            )
        elif self._lacks_decoder(run, index):
            error = unsupported(self._members[index].method)
        elif got == 0 and self.has_own_password(index):
            error = other_password()
        error.evidence = None if run is None else run.evidence()
        return error

    def wrong(self, index: int) -> TransloadError:
        """Why a member is not what was packed: what came may be another's, when 7zz has no decoder for this one."""
        run, member = self._run, self._members[index]
        self.failed(index)
        if self._lacks_decoder(run, index):
            return unsupported(member.method)
        return doubted(wrong_checksum(member.size or 0), member)

    def _lacks_decoder(self, run: DecoderProcess | None, index: int) -> bool:
        """Whether 7zz cannot unpack the member's method; such members are then left out of every run."""
        method = self._members[index].method
        if run is None or not lacks_decoder(run, self._members[index].raw):
            return False
        self._undecodable.add(method)
        alike = (n for n, one in enumerate(self._members) if one.method == method)
        self._barred = frozenset((*self._barred, *alike))
        return True

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

    def _passes_locked(self, index: int) -> bool:
        """Read over members on the way that have passwords of their own: what follows one that gave nothing is not
        where it should be. Returns whether all of them were right.
        """
        now, end = bisect_right(self._ends, self._at), bisect_left(self._order, index)
        for one in self._order[now:end]:
            member, ahead = self._members[one], self._ahead(one)
            if ahead is None or not member.size or not self.has_own_password(one):
                continue  # begun before: it gave something
            if member.crc is None or self._skip(ahead) < ahead:
                return False
            if self._sum_of_next(member.size) != member.crc:
                return False
        return True

    def _sum_of_next(self, size: int) -> int:
        assert self._run is not None
        found = 0
        for data in pieces(self._run, size):
            self._at += len(data)
            found = zlib.crc32(data, found)
        return found

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
        self._run = self._access.run("x", names)

    def _plan(self, index: int) -> "tuple[list[bytes] | None, array[int]]":
        """The names to ask for from a member on (None: all), and the members that such a run gives, in order."""
        if not self._barred and not any(self._emits[:index]):
            return None, self._given(None)
        behind = (one for one in range(index, len(self._members)) if self._is_open_file(one))
        wanted = [*self._forerunners(index), *behind]
        names = [self._members[one].raw for one in wanted if self._can_ask(one)]
        if len(names) < len(wanted) and not self._barred:
            return None, self._given(None)
        return names, self._given(set(names))

    def _forerunners(self, index: int) -> list[int]:
        """Members decoded to reach this one: they are given, so that a long way to it is not taken for a hang."""
        before = solid_before(self._members, index)
        return [one for one in before if self._is_open_file(one) and one not in self._wrong]

    def _given(self, names: set[bytes] | None) -> "array[int]":
        """Members that a run gives: equal names are given all together."""
        asked = (n for n, one in enumerate(self._members) if names is None or one.raw in names)
        return array("q", filter(self._emits.__getitem__, asked))

    def _is_open_file(self, index: int) -> bool:
        return self._members[index].kind == "file" and index not in self._barred

    def _can_ask(self, index: int) -> bool:
        """Whether 7zz gives the member when it is asked for its name."""
        raw = self._members[index].raw
        if not self._selectable[index] or LISTED_BREAK not in raw:
            return bool(self._selectable[index])
        if self._misspelled is None:
            self._misspelled = misspelled(self._access, self._members)
        return raw not in self._misspelled

    # -- members with a password of their own -------------------------------------------------------------------------

    def _with_own_password(self, checked: Pull, index: int) -> Pull:
        """Its first byte is only given when the password fits: small ones are held until their sum is known."""
        held: Pull | None = None

        def pull(size: int) -> bytes:
            nonlocal held
            if held is None:
                held = self._held(checked, index)
            return held(size)

        return pull

    def _held(self, checked: Pull, index: int) -> Pull:
        if (self._members[index].size or 0) > BATCH_BYTES:
            if not self.opens(index):
                raise other_password()
            return checked
        try:
            return from_bytes(b"".join(iter(partial(checked, CHUNK), b"")))
        except (CorruptError, TruncatedError):
            if self.opens(index):
                raise
            self._failed -= 1  # nothing is damaged
            raise other_password() from None

    def opens(self, index: int) -> bool:
        """Whether the password gives a first byte of the member: 7zz gives none where it does not fit."""
        if not self._can_ask(index):
            return True
        self.close()
        with self._access.run("x", [self._members[index].raw]) as run:
            return bool(run.read(1))

    # -- members without a sum ---------------------------------------------------------------------------------------

    def _unsummed(self, index: int, size: int) -> Pull:
        """A member without a sum in the listing: right if 7zz, which checks what the format holds, ends well."""
        if self._blocks[index] or not self._can_ask(index):
            if index not in self._unsound():
                return _Checked(self, index, size, None)
            return failing(CorruptError("7-Zip found it damaged"))
        if index in self._batch or size <= BATCH_BYTES:
            return self._from_batch(index)
        return self._alone(index)

    def _unsound(self) -> Collection[int]:
        """The members that 7zz calls wrong; asked once. The others come in runs that leave these out."""
        if self._named_wrong is None:
            self.close()
            readable = list(filter(self._is_open_file, range(len(self._members))))
            names = [self._members[one].raw for one in readable if self._can_ask(one)]
            asked, apart = names if self._barred else None, len(names) == len(readable)
            self._named_wrong = named_wrong(self._access, self._members, asked, apart=apart)
            self._barred = frozenset(self._barred) | set(self._named_wrong)
        return self._named_wrong

    def _from_batch(self, index: int) -> Pull:
        if index not in self._batch:
            self._batch = self._sealed(neighbours(self._members, index, self._can_be_read))
        if index not in self._batch:
            self._batch = self._sealed([index])
        if index not in self._batch:
            return self._alone(index)  # it says why
        return from_bytes(self._batch.pop(index))

    def _sealed(self, batch: Sequence[int]) -> dict[int, bytes]:
        self.close()
        given = self._given({self._members[one].raw for one in batch})
        return sealed(self._access, self._members, batch, given)

    def _can_be_read(self, index: int) -> bool:
        return self._is_open_file(index) and self._can_ask(index)

    def _alone(self, index: int) -> Pull:
        """A large member, or one of unknown size, from a run of its own; its end says whether it was right."""
        if not self._can_ask(index):
            return failing(UnsupportedError(UNASKABLE, suggestion=UNPACK))
        self.close()
        self._single = SingleMembers(
            self._access, self._members, index, self._given({self._members[index].raw})
        )
        return self._single


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
                raise self._feed.wrong(self._index)
            return b""
        data = self._feed.take(self._index, min(size, self._left))
        if not data:
            raise self._feed.ended(self._index, self._size - self._left)
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        return data
