"""Safety limits on real output bytes: the tally of one pass over an archive, and the counting body of an entry.

Sizes that an archive lists are claims; what is counted here is what really came out, against what really went in.
"""

import io
from collections.abc import Callable
from typing import Protocol

from transload.entry import RAISE_LIMIT, Limits
from transload.errors import CorruptError, LimitError, TransloadError, TruncatedError
from transload.units import KIB

CHUNK = 256 * KIB
"""Bytes per step of reading and decoding, as many as those who stage an entry ask a body for: joined of smaller pieces
they cost twice the time, most of it memory that goes back to the system and is taken anew."""

_SIZE_MAX = (
    1 << 44
)  # 16 TiB, ext4's largest file; the ledger sums half a million such sizes in 63 bits

Pull = Callable[[int], bytes]
"""Gives at most that many of the next bytes of an entry, b"" at its end; raises errors of `errors.py`.

Asked again at its end or after an error, one that `lasting` made says the same again.
"""


class Tally:
    """Counts one pass: bytes made against bytes `taken` from the file; LimitError beyond a limit.

    After an error `spent` holds it: nothing more may be read in this pass.
    """

    def __init__(self, limits: Limits, taken: Callable[[], int]) -> None:
        self.limits = limits
        self.taken = taken
        self.spent: LimitError | None = None
        self._made = 0
        self.dense_made = 0
        self._dense_taken = taken()

    def add(self, size: int) -> None:
        """Count `size` bytes of output."""
        self._made += size
        self.dense_made += size
        if self._made > self.limits.max_total_bytes:
            self.spent = _size_error(
                "the archive", "archive.max_total_bytes", self.limits.max_total_bytes
            )
            raise self.spent
        taken = self.taken() - self._dense_taken
        if is_too_dense(self.dense_made, taken, self.limits):
            self.spent = _ratio_error("the archive", self.dense_made, taken, self.limits)
            raise self.spent

    def exclude(self, made: int, taken: int) -> None:
        """Leave an entry that failed by its own ratio out of the pass's, so that its neighbours go on."""
        self.dense_made -= made
        self._dense_taken += taken


class EntryTally:
    """Counts one entry of a pass where entries can be reached one by one: only it fails by its own ratio."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._made = 0
        self._taken_before = tally.taken()

    def add(self, size: int) -> None:
        """Count `size` bytes of the entry."""
        self._made += size
        taken = self._tally.taken() - self._taken_before
        if self._is_to_blame(taken, self._tally.dense_made + size):
            self._tally.exclude(self._made - size, taken)
            raise _ratio_error("the entry", self._made, taken, self._tally.limits)
        self._tally.add(size)

    def _is_to_blame(self, taken: int, whole: int) -> bool:
        """Whether it is this entry that goes beyond the ratio: alone, or as most of the `whole` made so far."""
        limits = self._tally.limits
        counted = whole if 2 * self._made > whole else self._made
        too_dense = self._made > limits.max_ratio * max(taken, 1)
        return too_dense and counted > limits.ratio_after_bytes


def is_too_dense(made: int, taken: int, limits: Limits) -> bool:
    """Whether `made` bytes from `taken` packed ones are beyond `archive.max_ratio`."""
    return made > limits.ratio_after_bytes and made > limits.max_ratio * max(taken, 1)


def possible_size(claim: int) -> int | None:
    """The size that an archive claims for an entry, None when no file should have it."""
    return claim if 0 <= claim <= _SIZE_MAX else None


def impossible_size(claim: int, name: str) -> CorruptError:
    """The error for an entry that claims such a size."""
    return CorruptError(f"its header claims {claim} bytes, which no file has", item=name)


def too_many_entries(limits: Limits) -> LimitError:
    """The error for an archive with more than `archive.max_entries` entries."""
    return LimitError(
        f"the archive has more than {limits.max_entries} entries (archive.max_entries)",
        suggestion=RAISE_LIMIT.format("archive.max_entries"),
    )


def too_large_entry(limits: Limits) -> LimitError:
    """The error for an entry larger than `archive.max_entry_bytes`."""
    return _size_error("the entry", "archive.max_entry_bytes", limits.max_entry_bytes)


def ended_early(got: int, promised: int) -> TruncatedError:
    """The error for an entry whose bytes stop before its promised size."""
    return TruncatedError(f"the data ends after {got} of {promised} bytes")


def wrong_checksum(size: int) -> CorruptError:
    """The error for an entry that was read in full and is not what was packed."""
    return CorruptError(f"the checksum over its {size} bytes is wrong")


def read_whole(pull: Pull) -> None:
    """Read to the end and keep nothing: what the pull raises says whether it was right."""
    while pull(CHUNK):
        pass


class _Counting(Protocol):
    def add(self, size: int) -> None: ...


def counted(pull: Pull, tally: _Counting) -> Pull:
    """The pull, with what it returns counted in the tally; raises LimitError as the tally does."""

    def pull_and_count(size: int) -> bytes:
        data = pull(size)
        tally.add(len(data))
        return data

    return pull_and_count


def lasting(pull: Pull) -> Pull:
    """The pull, asked no more once it ended: b"" stays b"", an error is raised again."""
    ended: TransloadError | None = None
    is_over = False

    def pull_until_over(size: int) -> bytes:
        nonlocal ended, is_over
        if ended is not None:
            raise ended
        if is_over or not size:
            return b""
        try:
            data = pull(size)
        except TransloadError as error:
            ended = error
            raise
        is_over = not data
        return data

    return pull_until_over


class Body(io.BufferedIOBase):
    """One entry's bytes, counted while they are read; read-only, forward only.

    `read(n)` returns n bytes unless the entry ends. After an error every further read raises it again; `failure`
    holds it for the reader that made the body.
    """

    def __init__(self, pull: Pull, limits: Limits, name: str) -> None:
        super().__init__()
        self._pull = lasting(pull)
        self._limits = limits
        self._name = name
        self._count = 0
        self.failure: TransloadError | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes (all that is left when negative), b"" at the end.

        Raises CorruptError, TruncatedError, LimitError and UnreadableError, each naming the entry. Bytes that came
        before the error are given first, unless all were asked for.
        """
        if self.failure is not None:
            raise self.failure
        try:
            return self._read_up_to(size)
        except TransloadError as error:
            self._remember(error)
            raise

    def _remember(self, error: TransloadError) -> None:
        error.item = error.item or self._name
        self.failure = error

    def _read_up_to(self, size: int | None) -> bytes:
        left = None if size is None or size < 0 else size
        pieces: list[bytes] = []
        while left is None or left > 0:
            try:
                data = self._step(CHUNK if left is None else min(left, CHUNK))
            except TransloadError as error:
                if left is None or not pieces:
                    raise
                self._remember(error)
                break
            if not data:
                break
            pieces.append(data)
            left = None if left is None else left - len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _step(self, size: int) -> bytes:
        data = self._pull(size)
        self._count += len(data)
        if self._count > self._limits.max_entry_bytes:
            raise too_large_entry(self._limits)
        return data


def _size_error(what: str, setting: str, most: int) -> LimitError:
    return LimitError(
        f"{what} gives more than {most} bytes ({setting})", suggestion=RAISE_LIMIT.format(setting)
    )


def _ratio_error(what: str, made: int, taken: int, limits: Limits) -> LimitError:
    return LimitError(
        f"{what} grows {made // max(taken, 1)} times when unpacked (archive.max_ratio = {limits.max_ratio})",
        suggestion=RAISE_LIMIT.format("archive.max_ratio"),
    )
