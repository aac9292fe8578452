"""The tallies and the counting body over pulls of every temper: endless, empty, failing, dense and thin."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fuzz.cases import Outcome, Target, promise
from transload.archives.limits import CHUNK, Body, EntryTally, Pull, Tally
from transload.entry import Limits
from transload.errors import (
    CorruptError,
    PasswordNeededError,
    TransloadError,
    TruncatedError,
    UnreadableError,
)

_ERRORS: tuple[type[TransloadError], ...] = (
    CorruptError, TruncatedError, UnreadableError, PasswordNeededError,
)  # fmt: skip
_SIZES = (0, 1, 100, 4096, CHUNK - 1, CHUNK, CHUNK + 1, 200_000, -1, None)
_READS_MAX = 20_000
"""More reads than any of these limits leaves room for: beyond them a body would never end."""
_MORE = 4
"""The choice of a pull that gives all that was asked for and takes nothing from the file."""
_ZEROS = bytes(1 << 20)


@dataclass(slots=True)
class _Tape:
    """The case's bytes as choices; when they are used up, `_MORE`."""

    data: bytes
    at: int = 0

    def next(self) -> int:
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else _MORE


def make(rng: random.Random) -> bytes:
    """Choices: limits first, then entries, then what each pull does."""
    return rng.randbytes(rng.choice((4, 10, 20, 60)))


def check(data: bytes) -> Outcome:
    """Read a pass of up to seven entries whose pulls do as the case says."""
    tape = _Tape(data)
    limits = Limits(
        max_ratio=1 + tape.next() % 50,
        ratio_after_bytes=tape.next() << 10,
        max_entry_bytes=tape.next() << 11,
        max_total_bytes=tape.next() << 13,
    )
    packed = _Packed(tape, together=tape.next() % 4 == 3)
    tally = Tally(limits, lambda: packed.taken)
    made, kinds = 0, set[str]()
    for _ in range(1 + tape.next() % 7):
        before = packed.taken
        got, kind = _read_entry(tape, limits, packed.pulled_into(tally))
        made += got
        kinds.add(kind)
        taken = max(packed.taken - before, 1)
        most = max(limits.ratio_after_bytes, limits.max_ratio * taken)
        promise(packed.together or got <= most, "an entry beyond the ratio", got, taken, limits)
        promise(got <= limits.max_entry_bytes, "more than an entry may have", got, limits)
        if tally.spent is not None:
            kinds.add("spent")
            break
    most = max(limits.ratio_after_bytes, limits.max_ratio * max(packed.taken, 1))
    promise(not packed.together or made <= most, "a pass beyond the ratio", made, limits)
    promise(made <= limits.max_total_bytes, "more than the whole may have", made, limits)
    return Outcome(opened=made > 0, kinds=tuple(kinds))


class _Packed:
    """A file of which entries are made: each pull takes some of it, makes some output, fails or ends.

    `together`: its entries are counted in the pass's tally alone, as a tar's are, else one by one too.
    """

    def __init__(self, tape: _Tape, *, together: bool) -> None:
        self._tape = tape
        self.taken = 0
        self.together = together

    def pulled_into(self, tally: Tally) -> Pull:
        """The pull of the next entry."""
        add: Callable[[int], None] = tally.add if self.together else EntryTally(tally).add

        def pull(size: int) -> bytes:
            choice = self._tape.next()
            self.taken += (0, 1, 64, 4096)[choice & 3]
            if choice > 250:
                raise _ERRORS[choice % len(_ERRORS)]
            if choice > 240:
                return b""
            data = _ZEROS[: size if choice & 4 else min(size, 1 + choice)]
            add(len(data))
            return data

        return pull


def _read_entry(tape: _Tape, limits: Limits, pull: Pull) -> tuple[int, str]:
    """Bytes that came out and how it ended; what comes after the end is looked at too."""
    body = Body(pull, limits, "name")
    got = 0
    try:
        for data in _reads(body, tape):
            got += len(data)
    except TransloadError as error:
        promise(body.failure is error, "a failure that is forgotten", error)
        promise(error.item == "name", "an error that names no entry", error)
        _check_again(body, error)
        return got, error.kind.word
    return got, "whole"


def _reads(body: Body, tape: _Tape) -> Iterator[bytes]:
    for _ in range(_READS_MAX):
        size = _SIZES[tape.next() % len(_SIZES)]
        size = CHUNK if size == 0 and tape.at > len(tape.data) else size
        data = body.read(size)
        promise(size is None or size < 0 or len(data) <= size, "more than was asked for", size)
        yield data
        if not data and size:
            return
    promise(False, "a body without an end")


def _check_again(body: Body, error: TransloadError) -> None:
    try:
        data = body.read(1)
    except TransloadError as again:
        promise(again is error, "another error than before", error, again)
    else:
        promise(not data and False, "bytes behind an error", data)


TARGETS = (Target("limits", make, check),)
