"""Sparse files in a tar: the rest of their maps, and their bodies with zeros where the holes are."""

from collections.abc import Callable
from dataclasses import replace

from transload.archives.limits import Pull, Tally, ended_early
from transload.archives.tar.header import TAR_BLOCK, DamagedTarError, read_extension
from transload.archives.tar.member import DIGITS_MAX, SPANS_MAX, Member, spans_of
from transload.entry import Limits
from transload.errors import LimitError, TruncatedError

Read = Callable[[int], bytes]
"""Gives so many of the next bytes of the archive, fewer only at its end."""


class HoleTally:
    """Counts what sparse files give, holes included: these cost the archive nothing, so its own tally misses them.

    Only the size of it all ends the pass; the ratio fails the one file that goes beyond it, and the next goes on.
    """

    def __init__(self, limits: Limits, taken: Callable[[], int]) -> None:
        self._limits = limits
        self._whole = Tally(replace(limits, ratio_after_bytes=limits.max_total_bytes), taken)
        self._dense = Tally(limits, taken)
        self._of_file = 0

    @property
    def spent(self) -> LimitError | None:
        """The limit that ended the pass."""
        return self._whole.spent

    def begin(self) -> None:
        """Another file is read from here on."""
        self._of_file = 0

    def add(self, size: int) -> None:
        """Count bytes of the file. Raises LimitError."""
        self._whole.add(size)
        self._of_file += size
        try:
            self._dense.add(size)
        except LimitError as error:
            self._dense.exclude(self._of_file, 0)
            raise LimitError(
                f"with its holes it grows to more than {self._of_file} bytes "
                f"(archive.max_ratio = {self._limits.max_ratio})",
                suggestion=error.suggestion,
            ) from error


def complete_map(member: Member, read: Read) -> None:
    """Read what is missing of a sparse file's map, so that its data comes next.

    Raises DamagedTarError, after which the data cannot be told from the map, and TruncatedError.
    """
    if member.map_in_body:
        _read_map_in_body(member, read)
    spans = list(member.spans or ())
    while member.more_spans:
        more, member.more_spans = read_extension(_block(read))
        spans += more
        if len(spans) > SPANS_MAX:
            raise DamagedTarError("the map of a sparse file is too long")
        member.spans = tuple(spans)


def _read_map_in_body(member: Member, read: Read) -> None:
    """The map of pax 1.0: decimal numbers, a line each, the first says how many pairs; padded to a block."""
    kept = b""
    numbers: list[int] = []
    most = 1
    while len(numbers) < most:
        line, end, rest = kept.partition(b"\n")
        if not end:
            if len(kept) > DIGITS_MAX or member.stored < TAR_BLOCK:
                raise DamagedTarError("the map of a sparse file is damaged")
            kept += _block(read)
            member.stored -= TAR_BLOCK
            continue
        if not line.isdigit() or len(line) > DIGITS_MAX:
            raise DamagedTarError("the map of a sparse file is damaged")
        numbers.append(int(line))
        kept = rest
        if len(numbers) == 1:
            most += 2 * min(numbers[0], SPANS_MAX + 1)
    member.spans = spans_of(numbers[1:])


def sparse_pull(member: Member, read: Read, tally: HoleTally) -> Pull:
    """The bytes of a sparse file whose map is sound: its stored stretches, and zeros in between."""
    spans = iter([*(member.spans or ()), (member.size, 0)])
    start, left = next(spans)
    at = 0
    tally.begin()

    def pull(size: int) -> bytes:
        nonlocal start, left, at
        while at == start and not left and at < member.size:
            start, left = next(spans)
        if at < start:
            data = bytes(min(size, start - at))
        else:
            want = min(size, left)
            data = read(want)
            start += len(data)
            left -= len(data)
            if len(data) < want:
                raise ended_early(at + len(data), member.size)
        at += len(data)
        tally.add(len(data))
        return data

    return pull


def _block(read: Read) -> bytes:
    block = read(TAR_BLOCK)
    if len(block) < TAR_BLOCK:
        raise TruncatedError("the archive ends inside the map of a sparse file")
    return block
