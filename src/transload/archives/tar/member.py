"""An entry of a tar, put together from its header and from the records before it. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from transload.archives.limits import Pull, Tally, ended_early, impossible_size, possible_size
from transload.archives.names import decode_tar_name
from transload.archives.tar import header as tar_header
from transload.archives.tar.header import TAR_BLOCK, DamagedTarError, Header, Span, read_extension
from transload.entry import Entry, Limits
from transload.errors import (
    CorruptError,
    LimitError,
    MissingVolumeError,
    TruncatedError,
    UnsupportedError,
)
from transload.faults import Fault

SPANS_MAX = 1 << 17
"""Stretches of data in one sparse file: their map is held while it is read, 100 bytes a span."""

_SPARSE = b"GNU.sparse."
_HEEDED = frozenset({b"path", b"size", b"mtime"})
_REST_OF = b"GNU.volume.filename"
DIGITS_MAX = 20
_LATEST_S = 253_402_300_800  # the year 10000

Kind = Literal["file", "dir", "link", "special", "rest"]
"""`special` are devices and pipes, `rest` is what is left of a file that began in another volume."""


@dataclass(slots=True)
class Member:
    """One entry. `size` is what it gives, `stored` what lies in the archive after its headers, both in bytes.

    `offset` is where its first header begins, the records before it included. `spans` is the map of a sparse file;
    `map_in_body` that it is yet to be read from the start of the body. `is_whole` is False where a record of it was
    damaged that may have said more.
    """

    name: bytes
    type: bytes
    kind: Kind
    size: int
    stored: int
    offset: int
    mtime_s: float | None
    spans: tuple[Span, ...] | None = None
    more_spans: bool = False
    map_in_body: bool = False
    is_whole: bool = True

    @property
    def has_sound_map(self) -> bool:
        """Whether the map goes forward, stays inside the file and asks for no more than is stored."""
        end = total = 0
        for offset, length in self.spans or ():
            if offset < end or length < 0:
                return False
            end = offset + length
            total += length
        return end <= self.size and total <= self.stored


def entry_of(index: int, member: Member, *, is_packed: bool) -> Entry:
    """The entry that a member is; of a packed tar all are one block."""
    name = decode_tar_name(member.name)
    return Entry(
        index=index,
        name=name,
        raw_name=member.name,
        size=possible_size(member.size),
        block=0 if is_packed else None,
        kind=_KINDS[member.kind],
        mtime_ms=_mtime_ms(member.mtime_s),
        trouble=_trouble(member, name),
    )


_KINDS: dict[Kind, Literal["file", "dir", "link"]] = {
    "file": "file", "dir": "dir", "link": "link", "special": "link", "rest": "file",
}  # fmt: skip


def _trouble(member: Member, name: str) -> Fault | None:
    if possible_size(member.size) is None:
        return impossible_size(member.size, name).fault()
    if member.kind == "rest":
        return MissingVolumeError(
            "only the rest of a file that begins in another volume of this tar", item=name
        ).fault()
    if member.kind == "special":
        return UnsupportedError("a device or pipe, not a file", item=name).fault()
    if not member.is_whole or not member.has_sound_map:
        return CorruptError("its map of holes is damaged", item=name).fault()
    return None


def _mtime_ms(mtime_s: float | None) -> int | None:
    if mtime_s is None or abs(mtime_s) >= _LATEST_S:
        return None
    return int(mtime_s * 1000)


@dataclass(slots=True)
class Records:
    """What the records before an entry say of it; those of `for_all` hold for every later entry, too.

    Only fields that change how an entry is read are kept, so that `for_all` is empty in most archives.
    """

    for_all: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    offset: int | None = None
    _name: bytes | None = None
    _own: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    _spans: list[bytes] = field(default_factory=list[bytes])
    _lost_a_map: bool = False

    def take(self, kind: bytes, data: bytes) -> None:
        """Heed one record. Raises DamagedTarError when it is damaged: the entry is then read without it."""
        if kind == tar_header.GNU_LONG_NAME:
            self._name = data.partition(b"\0")[0]
        elif kind != tar_header.GNU_LONG_LINK:
            try:
                self._heed(kind, pax_fields(data))
            except DamagedTarError:
                self._lost_a_map = self._lost_a_map or _SPARSE in data
                raise

    def _heed(self, kind: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        into = self.for_all if kind == tar_header.PAX_FOR_ALL else self._own
        for key, value in fields:
            if key in {b"GNU.sparse.offset", b"GNU.sparse.numbytes"}:  # these repeat
                self._spans.append(value)
            elif key in _HEEDED or key == _REST_OF or key.startswith(_SPARSE):
                into[key] = value

    def member(self, header: Header, offset: int) -> Member:
        """The entry whose header lies at an offset. Raises DamagedTarError when what the records say makes no sense."""
        said = {**self.for_all, **self._own}
        name = said.get(b"GNU.sparse.name") or said.get(b"path") or self._name or header.name
        size = _whole(said[b"size"]) if b"size" in said else header.size
        kind = _kind(header.type, name)
        if (whole := self.for_all.pop(_REST_OF, None)) is not None:
            kind, name = "rest", whole
        member = Member(
            name=name.rstrip(b"/") if kind == "dir" else name,
            type=header.type,
            kind=kind,
            size=size,
            stored=size if header.has_body else 0,
            offset=offset if self.offset is None else self.offset,
            mtime_s=_time(said[b"mtime"]) if b"mtime" in said else header.mtime_s,
            is_whole=not self._lost_a_map,
        )
        if kind == "file":
            self._add_map(member, header, said)
        return member

    def _add_map(self, member: Member, header: Header, said: dict[bytes, bytes]) -> None:
        if header.type == tar_header.GNU_SPARSE:
            member.spans, member.more_spans = header.spans, header.more_spans
            member.size = header.real_size
        elif said.get(b"GNU.sparse.major") == b"1":
            member.map_in_body, member.size = True, _whole(said[b"GNU.sparse.realsize"])
        elif b"GNU.sparse.map" in said or self._spans:
            numbers = (
                said[b"GNU.sparse.map"].split(b",") if b"GNU.sparse.map" in said else self._spans
            )
            member.spans = spans_of([_whole(number) for number in numbers if number])
            member.size = _whole(said.get(b"GNU.sparse.size", b""))


def spans_of(numbers: list[int]) -> tuple[Span, ...]:
    """Pairs of offset and length, without the empty ones that fill up a map. Raises DamagedTarError."""
    if len(numbers) % 2 or len(numbers) > 2 * SPANS_MAX:
        raise DamagedTarError(
            "the map of a sparse file is damaged", evidence=f"{len(numbers)} numbers"
        )
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return tuple((offset, length) for offset, length in pairs if length)


def pax_fields(data: bytes) -> list[tuple[bytes, bytes]]:
    """Keys and values of a pax record, in order. Raises DamagedTarError when its lengths do not fit together."""
    fields: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + DIGITS_MAX)
        digits = data[at:space] if space > 0 else b""
        end = at + int(digits) if digits.isdigit() else at
        key, equals, value = data[space + 1 : max(end - 1, 0)].partition(b"=")
        if end <= space or end > len(data) or data[end - 1 : end] != b"\n" or not equals:
            raise DamagedTarError("a record of the tar is damaged", evidence=f"at its byte {at}")
        fields.append((key, value))
        at = end
    return fields


def _kind(kind: bytes, name: bytes) -> Kind:
    """Types that nobody knows are files, as POSIX asks of a reader."""
    if kind in {tar_header.FOLDER, tar_header.GNU_FOLDER}:
        return "dir"
    if kind in {tar_header.HARD_LINK, tar_header.SYMBOLIC_LINK}:
        return "link"
    if kind in {tar_header.CHARACTERS, tar_header.BLOCKS, tar_header.PIPE}:
        return "special"
    if kind == tar_header.GNU_REST:
        return "rest"
    return "dir" if kind == tar_header.REGULAR and name.endswith(b"/") else "file"


def _whole(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > DIGITS_MAX:
        raise DamagedTarError(
            "a record of the tar is damaged", evidence="a number has other digits"
        )
    return int(digits)


def _time(text: bytes) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


# Sparse files in a tar: the rest of their maps, and their bodies with zeros where the holes are.


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

    Raises DamagedTarError, after which data and map cannot be separated, and TruncatedError.
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
    """The bytes of a sparse file whose map is valid: its stored stretches, and zeros in between."""
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
