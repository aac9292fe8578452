"""Archives inside the source: where their entries lie, what they may still give, how opening one went."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol, cast

from transload.entry import (
    ARCHIVE_SUFFIXES,
    INNER_DIGITS,
    RAISE_LIMIT,
    Entry,
    Limits,
    Place,
    ReadReport,
    is_document,
)
from transload.errors import (
    LOCKED,
    BugError,
    CorruptError,
    LimitError,
    MemoryLimitError,
    MissingVolumeError,
    NeedsLocalFileError,
    NotArchiveError,
    NotMediaError,
    PartInsideError,
    PasswordNeededError,
    RemoteForbiddenError,
    RemoteLoginError,
    RemoteNotFoundError,
    SevenZipMissingError,
    StalledError,
    TransloadError,
    TruncatedError,
    UnreadableError,
    UnsteadyError,
    UnsupportedError,
    WrongPasswordError,
)
from transload.faults import Fault, NextStep, Step
from transload.model import Files, Held, Item, ItemKind, Recipe
from transload.ports import ArchiveReader, Media, ReadContext
from transload.steps.staging import spool

OF_ARCHIVES = (
    BugError,
    CorruptError,
    LimitError,
    MemoryLimitError,
    MissingVolumeError,
    PasswordNeededError,
    RemoteForbiddenError,
    RemoteLoginError,
    RemoteNotFoundError,
    SevenZipMissingError,
    StalledError,
    TruncatedError,
    UnreadableError,
    UnsteadyError,
    UnsupportedError,
    WrongPasswordError,
)
"""What reading an archive raises: inside another one it costs that archive alone."""

UNOPENED = Step(NextStep.SEND_UNOPENED)
_KEEPS_NOTHING = LOCKED | {SevenZipMissingError.kind.word, MissingVolumeError.kind.word}
"""Faults that are not those of its bytes: they are left where they are, to be read another time."""


_OTHER_USES = frozenset({".z", ".ar", ".arc"})
"""Endings of archives that other files have, too."""


def is_another_part(entry: Entry) -> bool:
    """Whether an entry is a part of a volume set that is read with another of its parts."""
    return entry.part_of not in (None, entry.name)


def kind_of(media: Media, head: bytes, name: str) -> ItemKind:
    """What an entry is; documents that are archives in form are documents."""
    kind = media.sniff(head, name)
    return ItemKind.DOCUMENT if kind is ItemKind.ARCHIVE and is_document(name) else kind


def base_name(entry: Entry) -> str:
    """The name of an entry without its folders, that of its file where it has one."""
    if entry.blob is not None:
        return entry.blob.name
    return PurePosixPath(entry.name.replace("\\", "/")).name or entry.name


class Asked(Protocol):
    """What is asked for: a job, or a dry run in the words of one."""

    @property
    def files(self) -> Files:
        """Media, or all files."""
        ...

    @property
    def recipe(self) -> Recipe:
        """What is made of media."""
        ...

    @property
    def include(self) -> Sequence[str]:
        """Globs of which a name must pass one; none: all pass."""
        ...

    @property
    def exclude(self) -> Sequence[str]:
        """Globs of which a name must pass none."""
        ...


def opens(job: Asked) -> bool:
    """Whether archives inside the source are looked into; where nothing is to be changed they go whole."""
    return job.files == "media" and job.recipe is not Recipe.ORIGINAL


def is_included(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a name passes the globs: any of `include` (none: all) and none of `exclude`; `*` crosses folders."""
    inside = not include or any(fnmatchcase(name, glob) for glob in include)
    return inside and not any(fnmatchcase(name, glob) for glob in exclude)


def may_hold(entry: Entry, job: Asked) -> bool:
    """Whether an entry that is not included may be an archive in which others are; content decides that."""
    suffix = PurePosixPath(entry.name).suffix.lower()
    named = entry.part_of == entry.name or suffix in ARCHIVE_SUFFIXES
    return opens(job) and named and is_included(entry.name, (), job.exclude)


def alone_unwanted() -> Fault:
    """Why a file that was sent alone is not delivered: what was asked for must not be passed over in silence."""
    return NotMediaError("it is not a photo, video or sound, and nothing else was sent").fault()


def promises_archive(name: str) -> bool:
    """Whether a name is that of an archive and of nothing else."""
    return PurePosixPath(name).suffix.lower() in ARCHIVE_SUFFIXES - _OTHER_USES


def may_be_one(entry: Entry, kind: ItemKind) -> bool:
    """Whether an entry whose beginning says nothing may be an archive, and is worth opening to see that.

    On this disk that costs little; out of an archive it must be copied first, on a server asked for: its name decides.
    """
    unknown = kind in (ItemKind.DOCUMENT, ItemKind.UNKNOWN) and not is_document(entry.name)
    return unknown and (entry.path is not None or promises_archive(entry.name))


@dataclass(frozen=True, slots=True)
class ArchivePath:
    """What entries lie in: the source itself (`depth` 0), or an archive inside it with its place and name."""

    index: int = -1
    inner: str = ""
    name: str = ""
    raw_name: bytes = b""
    depth: int = 0

    def inside(self, entry: Entry) -> "ArchivePath":
        """The path of the archive that an entry is, as `named` returned it."""
        return ArchivePath(entry.index, entry.inner, entry.name, entry.raw_name, self.depth + 1)

    def named(self, entry: Entry) -> Entry:
        """An entry as the reader of this archive yields it, under its place and name in the source."""
        if not self.depth:
            return entry
        return replace(
            entry,
            index=self.index,
            inner=self.place(entry.index)[1],
            name=f"{self.name}/{entry.name}",
            raw_name=self.raw_name + b"/" + entry.raw_name,
            blob=None,
        )

    def place(self, own_index: int) -> Place:
        """The place in the source of what the reader of this archive yields under an index."""
        if not self.depth:
            return own_index, ""
        return self.index, f"{self.inner}{own_index:0{INNER_DIGITS}d}"

    def own_index(self, place: Place) -> int:
        """The index that the reader of this archive gives to the entry that is at the place, or that holds it."""
        index, inner = place
        if not self.depth:
            return index
        at = len(self.inner)
        return int(inner[at : at + INNER_DIGITS])

    def holds(self, place: Place) -> bool:
        """Whether what is at the place lies in this archive, directly or deeper."""
        index, inner = place
        return not self.depth or (
            index == self.index and inner.startswith(self.inner) and len(inner) > len(self.inner)
        )

    def is_directly_in(self, place: Place) -> bool:
        """Whether what is at the place is an entry of this archive, not of one inside it."""
        return len(place[1]) == self.depth * INNER_DIGITS


@dataclass(slots=True)
class LimitBudget:
    """Counts what comes out of a source and of all archives inside it, against the limits of the whole.

    Each reader holds its own ratio; here the product of the levels is held too: what the archives inside one entry
    give, level by level, against the `packed` bytes that entry takes in the file.
    """

    limits: Limits
    spent: Fault | None = None
    _made: int = 0
    _entries: int = 0
    _levels: dict[int, int] = field(default_factory=dict[int, int])
    _packed: Callable[[], int] = int

    def enter(self, packed: Callable[[], int]) -> None:
        """Begin with an entry of the source that is an archive; `packed` says how many bytes of the file it takes."""
        self._levels.clear()
        self._packed = packed

    def left(self) -> Limits:
        """The limits for a reader that is opened now."""
        return replace(
            self.limits,
            max_total_bytes=max(self.limits.max_total_bytes - self._made, 0),
            max_entries=max(self.limits.max_entries - self._entries, 0),
        )

    def name(self, entries: int) -> None:
        """Count entries that a listing names."""
        self._entries += entries
        if self._entries > self.limits.max_entries:
            self._end("entries", "archive.max_entries", self.limits.max_entries)

    def add(self, depth: int, size: int) -> None:
        """Count bytes that came out at a depth. Raises LimitError beyond a limit."""
        self._made += size
        if self._made > self.limits.max_total_bytes:
            raise self._end("bytes", "archive.max_total_bytes", self.limits.max_total_bytes)
        if not depth:
            return
        made = self._levels[depth] = self._levels.get(depth, 0) + size
        packed = max(self._packed(), 1)
        if made > self.limits.ratio_after_bytes and made > self.limits.max_ratio * packed:
            raise LimitError(
                f"the archives inside grow {made // packed} times when unpacked "
                f"(archive.max_ratio = {self.limits.max_ratio})",
                suggestion=RAISE_LIMIT.format("archive.max_ratio"),
            )

    def exclude(self, depth: int, size: int) -> None:
        """Leave an entry that failed by a limit out of its level's ratio, so that its neighbours go on."""
        if depth in self._levels:
            self._levels[depth] -= size

    def _end(self, what: str, setting: str, most: int) -> LimitError:
        error = LimitError(
            f"the source with the archives inside it gives more than {most} {what} ({setting})",
            suggestion=RAISE_LIMIT.format(setting),
        )
        self.spent = error.fault()
        return error


class _CountedBody:
    """A body whose bytes are counted into the budget."""

    def __init__(self, body: BinaryIO, budget: LimitBudget, depth: int) -> None:
        self._body, self._budget, self._depth = body, budget, depth
        self._made = 0

    def read(self, size: int) -> bytes:
        try:
            data = self._body.read(size)
            self._made += len(data)
            self._budget.add(self._depth, len(data))
        except LimitError:
            self._budget.exclude(self._depth, self._made)
            self._made = 0
            raise
        return data


def counted_body(body: BinaryIO, budget: LimitBudget, depth: int) -> BinaryIO:
    """The body, only to be read, with what it yields counted into the budget."""
    return cast("BinaryIO", _CountedBody(body, budget, depth))


def too_deep(limits: Limits) -> Fault:
    """Why an archive is not opened that lies deeper than is allowed."""
    return LimitError(
        f"an archive inside archives, more than {limits.max_depth} deep (archive.max_depth)",
        suggestion=RAISE_LIMIT.format("archive.max_depth"),
    ).fault()


@dataclass(slots=True)
class OpenResult:
    """How reading an archive inside went. `skip` are the words where it is passed over all the same, `is_none` says
    that it is no archive, `is_part` that it is only a part of one, `in_place` that it is read where it lies, `held` is
    what was written of it.
    """

    fault: Fault | None = None
    skip: str | None = None
    is_none: bool = False
    is_part: bool = False
    in_place: bool = False
    report: ReadReport = field(default_factory=lambda: ReadReport(0))
    held: Held | None = None

    @property
    def keeps(self) -> bool:
        """Whether its bytes are kept with the fault."""
        kept = self.fault is not None and self.fault.kind not in _KEEPS_NOTHING
        return kept and not self.is_part

    def fails(self, error: TransloadError) -> None:
        """Note an error; the first one stands."""
        self.fault = self.fault or error.fault()

    def refuses(self, error: TransloadError) -> None:
        """Note why it was not opened. What cannot be read here can still be had unopened."""
        self.is_none = isinstance(error, NotArchiveError)
        self.is_part = isinstance(error, PartInsideError)
        fault = error.fault()
        if isinstance(error, UnsupportedError) and not (self.is_none or self.is_part):
            fault = replace(fault, suggestion=UNOPENED)
        self.fault = self.fault or fault


@dataclass(frozen=True, slots=True)
class NestedEntry:
    """An entry that may be an archive: its item, the beginning of its bytes, and the rest of them."""

    item: Item
    entry: Entry
    head: bytes
    body: BinaryIO


@contextmanager
def open_nested(
    context: ReadContext, found: NestedEntry, opened: OpenResult
) -> Generator[ArchiveReader | None]:
    """The reader of an archive inside, closed afterwards; None when it cannot be had or opened.

    It is read where it lies, else written to scratch, where it stays until its item is dropped. How it went is in
    `opened`.
    """
    try:
        reader = _opened(context, found, opened)
    except OF_ARCHIVES as error:
        opened.refuses(error)
        reader = None
    if reader is None:
        yield None
        return
    try:
        yield reader
    except OF_ARCHIVES as error:
        opened.fails(error)
    finally:
        opened.report = reader.finish()
        opened.fault = opened.fault or opened.report.fault
        reader.close()


def _opened(context: ReadContext, found: NestedEntry, opened: OpenResult) -> ArchiveReader | None:
    entry, name = found.entry, base_name(found.entry)
    opened.in_place = entry.blob is not None
    if entry.blob is not None:
        try:
            return context.open_inside(entry.blob, name)
        except NeedsLocalFileError:
            if entry.path is not None:
                raise
            opened.in_place = False
    opened.held, opened.fault = spool(context, found.item, entry.size, found.head, found.body)
    return None if opened.held is None else context.open_inside(opened.held.path, name)
