"""Archives in several files: which files belong together, by their names alone, and plain pieces read as one."""

import io
import os
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transload.archives.blob import CountedFile
from transload.archives.zip.directory import find_end
from transload.errors import MissingVolumeError, PartInsideError, UnreadableError
from transload.faults import NextStep, Step

if TYPE_CHECKING:
    from transload.archives.sevenzip.listing import SevenZipListing

Kind = Literal["split", "zip", "rar", "rar-old"]

_NUMBER_MAX = 9_999
_NAMED_MAX = 100  # of missing parts: a.zip.001 beside a.zip.2019 has a gap of two thousand
_RAR = re.compile(r"(?P<stem>.+)\.part(?P<digits>[0-9]{1,5})\.(?P<end>rar|exe)", re.I | re.S)
_OLD = re.compile(r"(?P<stem>.+)\.(?P<letter>[r-y])(?P<digits>[0-9]{2})", re.I | re.S)
_ZIP = re.compile(r"(?P<stem>.+)\.z(?P<digits>[0-9]{2,4})", re.I | re.S)
_SPLIT = re.compile(r"(?P<stem>.+)\.(?P<digits>[0-9]{2,5})", re.I | re.S)
_WHOLE = re.compile(r"(?P<stem>.+)\.(?P<end>zip|rar|exe)", re.I | re.S)
_ARCHIVE = re.compile(
    r"\.(?:7z|zip|zipx|rar|tar|t(?:gz|bz2?|xz|zst)|cb[7rtz]|(?:tar\.)?(?:gz|bz2|xz|zst|lz4|lzma|br))$",
    re.IGNORECASE,
)
_LAST = _NUMBER_MAX + 1
"""Where the .zip is among its .z01, .z02 …: it has the directory and comes last."""


@dataclass(frozen=True, slots=True)
class VolumeSet:
    """Files that are one archive. `parts` are those that exist, in reading order; `first` is the one a reader opens
    (.001, .part1.rar, the .rar of .r00, the .zip of .z01), there or not; `missing` names the gaps before the last part
    and a missing first, for people to read: of many the first, then how many more. Names do not show
    a missing end.
    """

    kind: Kind
    title: str
    parts: tuple[Path, ...]
    first: Path
    missing: tuple[str, ...]

    def missing_up_to(self, last: int) -> tuple[str, ...]:
        """`missing` where there should be parts up to this number, which something else than their names says."""
        members = [one for path in self.parts if (one := _member(path.name))]
        return _Found(members, self.first.name).missing(min(last, _NUMBER_MAX))


def volume_number(name: str) -> int | None:
    """The place of a part in its set, by its name: 1 for `.z01`; None for what is no part's name."""
    own = _member(name)
    return None if own is None else own.number


def volume_set(path: Path) -> VolumeSet | None:
    """The set that a file belongs to, whichever part it is; None for a file that is whole by itself.

    Lists the folder once and opens nothing. Pieces of a name that is no archive's (`film.mp4.001`) are a set when the
    first two are there. Where the folder cannot be listed, only the file itself is known.
    """
    own = _member(path.name)
    if own is None:
        return None
    members = [one for name in _names_beside(path) if (one := _member(name)) and one.key == own.key]
    found = _assembled(members)
    if found is None or (own not in found.members and own in members):
        return None
    folder = path.parent
    return VolumeSet(
        found.members[0].kind,
        _ARCHIVE.sub("", found.members[0].stem),
        tuple(folder / one.name for one in found.members),
        folder / found.first,
        found.missing(),
    )


def is_piece(name: str) -> bool:
    """Whether a name alone says that the file is one of several: `.7z.001`, `.part2.rar`, `.r00`, `.z01`."""
    own = _member(name)
    return own is not None and own.certain


def refuse_piece(name: str) -> None:
    """Raises PartInsideError for a part of a set of volumes, which lies alone inside another archive."""
    if is_piece(name):
        raise PartInsideError(
            f"{name} is one of several files of an archive: inside another archive they are not put together",
            suggestion=Step(NextStep.UNPACK_OUTER),
        )


def refuse_remote_piece(name: str) -> None:
    """Raises PartInsideError for a part of a set of volumes on a server, where the others are not looked for."""
    if is_piece(name):
        raise PartInsideError(
            f"{name} is one of several files of an archive: on a server they are not found together",
            suggestion="Download all of them into one folder and send any of them.",
        )


def group(names: Iterable[str]) -> dict[str, str]:
    """For every part that a reader does not open, the name of the one it does, which may itself be missing.

    Names may have folders, divided by "/": parts of a set lie in one.
    """
    sets: dict[tuple[str, str], list[_Member]] = defaultdict(list)
    for name in names:
        if one := _member(name):
            sets[one.key].append(one)
    return {
        one.name: found.first
        for members in sets.values()
        if (found := _assembled(members))
        for one in found.members
        if one.name != found.first
    }


@dataclass(frozen=True, slots=True)
class _Member:
    """A name that may be a part's. `number` is its place; `certain` whether the name alone says that there is a set."""

    kind: Kind
    name: str
    stem: str
    number: int
    width: int
    certain: bool

    @property
    def key(self) -> tuple[str, str]:
        """Equal for the parts of one set; letters of either case are one on the systems these names come from."""
        folder, slash, base = self.stem.rpartition("/")
        return (self.kind, folder + slash + base.lower())


@dataclass(frozen=True, slots=True)
class _Found:
    """A set: its parts in reading order and the name of the one a reader opens."""

    members: Sequence[_Member]
    first: str

    def missing(self, last: int = 0) -> tuple[str, ...]:
        """Names of parts that are not there: gaps, up to number `last` at least, and a first that is."""
        there = {one.number for one in self.members}
        start = min(1, *there)
        last = max(last, *(number for number in there if number != _LAST), 0)
        gaps = [number for number in range(start, last + 1) if number not in there]
        names = [_spelled(self.members, number) for number in gaps[:_NAMED_MAX]]
        if len(gaps) > _NAMED_MAX:
            names.append(f"{len(gaps) - _NAMED_MAX} more")
        if self.members[0].kind == "zip" and _LAST not in there:
            names.append(self.first)
        return tuple(names)


def _assembled(members: Sequence[_Member]) -> _Found | None:
    """The set that names of one key are; of several names for one place the shortest is taken."""
    places: dict[int, _Member] = {}
    for one in sorted(members, key=lambda one: (one.number, len(one.name), one.name)):
        held = places.setdefault(one.number, one)
        if held.name[-4:].lower() == ".exe" and one.name[-4:].lower() != ".exe":
            places[one.number] = one
    numbers = sorted(places)
    ordered = [places[number] for number in numbers]
    begins = numbers[:2] in ([0, 1], [1, 2]) and ordered[0].kind == "split"
    if not begins and not any(one.certain for one in ordered):
        return None
    start = _LAST if ordered[0].kind == "zip" else min(1, numbers[0])
    return _Found(ordered, places[start].name if start in places else _spelled(ordered, start))


def _member(name: str) -> _Member | None:
    if match := _RAR.fullmatch(name):
        return _numbered("rar", name, match, match["end"].lower() == "rar")
    if match := _WHOLE.fullmatch(name):
        ending = match["end"].lower()
        kind: Kind = "zip" if ending == "zip" else "rar-old"
        number = _LAST if ending == "zip" else 1
        return _Member(kind, name, match["stem"], number, 2, certain=False)
    if match := _ZIP.fullmatch(name):
        return _numbered("zip", name, match, certain=True)
    if match := _OLD.fullmatch(name):
        letter = match["letter"].lower()
        number = (ord(letter) - ord("r")) * 100 + int(match["digits"]) + 2
        return _Member("rar-old", name, match["stem"], number, 2, certain=letter == "r")
    if match := _SPLIT.fullmatch(name):
        # A lone "x.zip.2019" is more likely of a year than the 2019th piece.
        sure = _ARCHIVE.search(match["stem"]) is not None
        return _numbered(
            "split", name, match, sure and (len(match["digits"]) < 4 or match["digits"][0] == "0")
        )
    return None


def _numbered(kind: Kind, name: str, match: re.Match[str], certain: bool) -> _Member | None:
    number = int(match["digits"])
    if number > _NUMBER_MAX or (number == 0 and kind != "split"):
        return None
    return _Member(kind, name, match["stem"], number, len(match["digits"]), certain)


def _spelled(members: Sequence[_Member], number: int) -> str:
    """The name that the part with this number has, spelled as the others are."""
    model = members[-1] if members[-1].number != _LAST else members[0]
    digits = str(number).zfill(min(one.width for one in members if one.number != _LAST))
    base = model.stem
    tail = model.name[len(base) :]
    match model.kind:
        case "split":
            return f"{base}.{digits}"
        case "rar":
            ending = tail[-3:] if tail[-3:].lower() == "rar" else "rar"
            return f"{base}{tail[:5]}{digits}.{ending}"
        case "zip":
            word = "zip" if number == _LAST else f"z{digits}"
        case "rar-old":
            word = "rar" if number == 1 else _old_ending(number)
    return f"{base}.{word.upper() if tail.isupper() else word}"


def _old_ending(number: int) -> str:
    hundred, rest = divmod(number - 2, 100)
    return f"{chr(ord('r') + hundred)}{rest:02}"


def _names_beside(path: Path) -> list[str]:
    try:
        with os.scandir(path.parent) as entries:
            return [one.name for one in entries if _member(one.name) and one.is_file()]
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return [path.name]


@dataclass(frozen=True, slots=True)
class JoinedBlob:
    """The pieces of a "split" set, read as if the file had never been cut."""

    volumes: VolumeSet

    @property
    def name(self) -> str:
        """The name of the file that was cut."""
        return self.volumes.first.stem

    @property
    def path(self) -> Path:
        """The first piece."""
        return self.volumes.first

    def open(self) -> "JoinedFile":
        """Open the pieces as one. Raises UnreadableError."""
        return JoinedFile(self.volumes.parts)


class JoinedFile(io.RawIOBase):
    """Files one after the other, as a `ByteFile`; one of them is open at a time. Raises UnreadableError."""

    def __init__(self, parts: Sequence[Path]) -> None:
        super().__init__()
        self._file: CountedFile | None = (
            None  # first: a piece that is missing leaves this object to be closed
        )
        self._parts = parts
        self._ends = list(accumulate(_size(part) for part in parts))
        self.size = self._ends[-1]
        self._at = 0
        self._number = -1
        self._taken_before = 0

    @property
    def taken(self) -> int:
        """Bytes read from the pieces so far."""
        return self._taken_before + (self._file.taken if self._file else 0)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, b"" at the end; fewer than asked for only there, or where a piece was cut meanwhile."""
        if self.closed:
            raise UnreadableError(f"{self._parts[0]} was closed while it was read")
        left = max(self.size - self._at, 0)
        left = left if size < 0 else min(size, left)
        pieces: list[bytes] = []
        while left:
            number = bisect_right(self._ends, self._at)
            end = self._ends[number]
            start = self._ends[number - 1] if number else 0
            data = self._piece(number).read_at(self._at - start, min(left, end - self._at))
            if not data:
                break
            pieces.append(data)
            self._at += len(data)
            left -= len(data)
        return b"".join(pieces)

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end, none outside."""
        if not 0 <= offset < self.size:
            return b""
        self._at = offset
        return self.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move as files do: a place before the start raises ValueError."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The current offset."""
        return self._at

    def close(self) -> None:
        """Release the open piece; may be called twice."""
        self._leave()
        super().close()

    def _piece(self, number: int) -> CountedFile:
        if self._file is None or number != self._number:
            self._leave()
            self._file, self._number = CountedFile(self._parts[number]), number
        return self._file

    def _leave(self) -> None:
        if self._file is not None:
            self._taken_before += self._file.taken
            self._file.close()
            self._file = None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror or error}") from error


# Which volumes of a set are not there, as the archive itself says: names show the gaps alone.


def missing_of_zip(volumes: VolumeSet) -> tuple[str, ...]:
    """Names of the missing volumes of a split zip: its end record says how many there are. Raises UnreadableError."""
    with closing(CountedFile(volumes.first)) as file:
        end = find_end(file, file.size)
    return volumes.missing if end is None else volumes.missing_up_to(end.disk)


def with_lost_members(listing: "SevenZipListing", missing: tuple[str, ...]) -> "SevenZipListing":
    """The listing of a split zip in which every member with bytes on a missing volume is said to go on there.

    A member reaches to where the next one begins: only the volumes themselves say how long its header is.
    """
    numbers = {volume_number(name) for name in missing}
    starts = sorted((one.place, index) for index, one in enumerate(listing.members) if one.place)
    members = list(listing.members)
    for (place, index), (following, _) in pairwise([*starts, ((listing.volumes - 1, 1), -1)]):
        disks = range(place[0], following[0] + (following[1] > 0))
        if any(disk + 1 in numbers for disk in disks):
            members[index] = replace(members[index], continues=True)
    return replace(listing, members=members)


def check_end_of_7z(volumes: VolumeSet, joined: JoinedBlob) -> None:
    """Raise MissingVolumeError where the start of a 7z in pieces claims more than they can hold together.

    A last piece that is shorter than the first was cut: that is damage. Raises UnreadableError, too.
    """
    from transload.archives.sevenzip.listing import START_BYTES, size_of_7z

    with closing(joined.open()) as file:
        claimed = size_of_7z(file.read_at(0, START_BYTES))
        there = file.size
    pieces = len(volumes.parts)
    if claimed is None or claimed <= max(there, pieces * _size(volumes.first)):
        return
    following = volumes.missing_up_to(pieces + 1)[0]
    raise MissingVolumeError(
        f"{volumes.title}: {following} is missing, and perhaps others after it"
    )
