"""What every reader of archives promises, checked over all of one archive."""

import random
import zlib
from dataclasses import dataclass, field

from fuzz.cases import Outcome, promise
from transload.archives.limits import CHUNK
from transload.entry import Entry, Limits
from transload.errors import LimitError, TransloadError
from transload.ports import ArchiveReader

LIMITS = Limits(
    max_ratio=20,
    ratio_after_bytes=8 << 10,
    harmless_bytes=8 << 10,
    max_entry_bytes=40 << 10,
    max_total_bytes=72 << 10,
    max_entries=24,
)
"""Small enough that a case of a few KiB reaches each of them."""

_ROW_MOST = (1 << 63) - 1  # what a database's integer holds


@dataclass(slots=True)
class _ReadPass:
    made: int = 0
    stopped: int = 0
    kinds: set[str] = field(default_factory=set[str])


def chosen_by(data: bytes) -> random.Random:
    """Chance that is a function of the case."""
    return random.Random(zlib.crc32(data))


def read_all(reader: ArchiveReader, data: bytes, tallies: int = 1) -> Outcome:
    """List and read everything, in steps of many sizes; it was opened when there was an entry in it.

    `tallies`: how many the reader counts with (a tar counts what fills holes apart).
    Raises BrokenPromiseError, and what the reader raises.
    """
    rng = chosen_by(data)
    try:
        reader.listing()
        listed = list(reader.entries())
        _check_entries(listed)
        ended = reader.finish().fault
        before = reader.finish().bytes_read
        is_cut = ended is not None and ended.kind == LimitError.kind.word
        over = _read_pass(reader, listed, is_cut, data, rng)
        report = reader.finish()
        _check_sums(over, report.bytes_read - before, tallies)
        if fault := report.fault or ended:
            over.kinds.add(f"end {fault.kind}")
        if rng.random() < 0.2:
            _leave_early(reader, rng)
    finally:
        reader.close()
        reader.close()
    return Outcome(opened=bool(listed), kinds=tuple(over.kinds) or ("nothing in it",))


def _check_entries(listed: list[Entry]) -> None:
    promise(len(listed) <= LIMITS.max_entries, "more entries than allowed", len(listed))
    for place, entry in enumerate(listed):
        promise(entry.index == place, "an index out of order", place, entry)
        promise("\0" not in entry.name, "a NUL in a name", entry)
        entry.name.encode()  # half a surrogate pair fits neither a database nor JSON
        for value in (entry.size, entry.packed, entry.crc, entry.mtime_ms):
            promise(value is None or abs(value) <= _ROW_MOST, "a number beyond 64 bits", entry)
        sized = entry.size or 0
        promise(0 <= sized <= _ROW_MOST // 200_000, "a size that cannot be summed", entry)


def _read_pass(
    reader: ArchiveReader, listed: list[Entry], is_cut: bool, data: bytes, rng: random.Random
) -> _ReadPass:
    """Read every entry. A listing that a limit ended (`is_cut`) has fewer: what fills a tar's holes it counts, too."""
    over = _ReadPass()
    last = -1
    for entry, body in reader.stream(lambda _: True, 0, LIMITS):
        promise(entry.index > last, "an entry out of order", entry)
        if entry.index < len(listed) or not is_cut:
            promise(entry in listed[entry.index :][:1], "the pass tells it otherwise", entry)
        promise(entry.kind == "file" and entry.trouble is None, "not to be streamed", entry)
        last = entry.index
        got, crc, kind = 0, 0, "whole"
        step = rng.choice((1 << 20, CHUNK, 5000, 511))
        try:
            while piece := body.read(step):
                promise(len(piece) <= step, "more than was asked for", step, len(piece))
                got, crc = got + len(piece), zlib.crc32(piece, crc)
        except TransloadError as error:
            kind = error.kind.word
        _check_body(entry, got, crc, kind, data)
        over.made += got
        over.stopped += kind == LimitError.kind.word
        over.kinds.add(kind)
    return over


def _check_sums(over: _ReadPass, taken: int, tallies: int) -> None:
    """Nothing counted is given before it is judged, so that the limits hold to the byte."""
    promise(taken >= 0, "bytes read below zero", taken)
    promise(over.made <= LIMITS.max_total_bytes * tallies, "beyond the whole's limit", over.made)
    # Each entry that is stopped leaves the tally and may have been as large as the ratio is not looked at.
    free = (1 + over.stopped) * (LIMITS.ratio_after_bytes + LIMITS.max_ratio)
    most = LIMITS.max_ratio * taken + free
    promise(over.made <= most * tallies, "beyond the ratio", over.made, taken, over.stopped)


def _check_body(entry: Entry, got: int, crc: int, kind: str, data: bytes) -> None:
    """A whole body is as its entry says, or as the case says elsewhere: a zip describes each one twice."""
    promise(got <= LIMITS.max_entry_bytes, "beyond the entry's limit", entry, got)
    if kind != "whole":
        return
    promise(_is_told(got, entry.size, data), "called whole, and is not", entry, got)
    promise(_is_told(crc, entry.crc, data), "called whole with a wrong sum", entry, crc)


def _is_told(found: int, listed: int | None, data: bytes) -> bool:
    """Whether the listing says so, or the case has that number; that a zero is in it says nothing."""
    return listed in {None, found} or (found > 0 and found.to_bytes(4, "little") in data)


def _leave_early(reader: ArchiveReader, rng: random.Random) -> None:
    """A second pass from the middle, bodies read in part or not at all, left before its end."""
    start = rng.randint(0, 3)
    for number, (entry, body) in enumerate(reader.stream(_every_other, start, LIMITS)):
        promise(entry.index >= start, "an entry before the start", entry)
        try:
            body.read(rng.choice((0, 1, 700)))
        except TransloadError:
            continue
        if number == 3:
            return


def _every_other(entry: Entry) -> bool:
    return entry.index % 2 == 0
