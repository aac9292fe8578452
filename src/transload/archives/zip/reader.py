"""Zip archives: the directory is read once, entries are streamed from one open file.

What reads entries, and what looks through a damaged file, is loaded with the first that is read so: to list a whole
archive takes neither.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from zipfile import ZipInfo

from transload.archives.blob import Blob, ByteFile, blob_of, foreseeing
from transload.archives.limits import Body, EntryTally, Tally, counted, too_many_entries
from transload.archives.names import decoder_for
from transload.archives.sniff import after_end
from transload.archives.zip.directory import (
    Directory,
    EndRecord,
    end_after,
    find_end,
    read_directory,
)
from transload.archives.zip.entries import (
    ENCRYPTED,
    LOCAL_HEAD,
    LOCAL_MAGIC,
    entry_of,
    needs_more,
    overlapping,
    raw_name,
    span_of,
    unmarked_names,
)
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import CorruptError, MissingVolumeError, TransloadError, TruncatedError
from transload.faults import Fault
from transload.source_port import Want

if TYPE_CHECKING:
    from transload.archives.zip.places import Places
    from transload.archives.zip.salvage import Salvage

# Which entries a zip has: what its directory names, and in a damaged file what else is found in it.
#
# The directory's count, its volumes and its place are compared with what is there: whatever is missing is said.


_COUNTED_MODULO = 1 << 16  # by writers that know no zip64
_DAMAGED_MAX = 3  # sizes that are wrong by chance; more are of an archive that was made so
_NAMED_MAX = 3  # of missing volumes: the first ones, then the last


@dataclass
class Contents:
    """The entries of a zip, in the order of its directory, those that it does not name after them.

    `shift` is that of `Places`. `troubles` are by index; `fault` is what makes the archive less than whole, `warning`
    what costs nothing.
    """

    file: ByteFile
    infos: list[ZipInfo]
    shift: int = 0
    troubles: dict[int, Fault] = field(default_factory=dict[int, Fault])
    fault: Fault | None = None
    warning: str = ""

    @cached_property
    def places(self) -> "Places":
        """Where the bytes of the entries are."""
        from transload.archives.zip.places import Places

        return Places(self.file, self.infos, self.shift)


def read_contents(file: ByteFile, limits: Limits, name: str) -> Contents:
    """The entries of the archive, called `name` for people.

    Raises LimitError on too many, UnreadableError, CorruptError or TruncatedError when not one is found.
    """
    end, found = find_end(file, file.size), None
    if end is None:
        found = _salvage(file, limits)
        end = None if found.directory_at is None else end_after(file, found.directory_at)
        if end is None:
            return _salvaged(file, found, TruncatedError, "central directory missing")
    directory = read_directory(file, end, limits)
    if not directory.infos and directory.lacks:
        if end.names_other_disks:
            raise _missing_volume(end, name)
        found = found or _salvage(file, limits)
        return _salvaged(file, found, CorruptError, "central directory damaged")
    return _compared(file, directory, limits, name)


def _salvage(file: ByteFile, limits: Limits, known: Sequence[tuple[int, int]] = ()) -> "Salvage":
    from transload.archives.zip.salvage import salvage

    return salvage(file, limits, known)


def _salvaged(
    file: ByteFile, found: "Salvage", kind: type[TransloadError], reason: str
) -> Contents:
    if not found.infos:
        raise kind(f"{reason}, and no entry was found")
    fault = kind(f"{reason}; {found.whole} whole entries found").fault()
    contents = Contents(file, found.infos, troubles=found.troubles, fault=fault)
    contents.troubles = _overlaps(contents) | found.troubles
    return contents


def _compared(file: ByteFile, directory: Directory, limits: Limits, name: str) -> Contents:
    """The directory's entries, with what is missing among them and what lies before and after them."""
    end, infos = directory.end, _before(file, directory, limits) + directory.infos
    if len(infos) > limits.max_entries:
        raise too_many_entries(limits)
    contents = Contents(file, infos, directory.shift)
    if directory.damaged or directory.lacks:
        _complete(file, contents, directory, limits)
    if end.names_other_disks and not file.read_at(0, 8).startswith(b"PK\x07\x08" + LOCAL_MAGIC):
        _lack_volumes(contents, end, name)
    trailing = after_end(file, end.after)
    contents.warning = trailing.warning
    more = len(directory.infos) - end.entries
    if more > 0 and more % _COUNTED_MODULO:
        contents.warning = f"its directory has {more} entries more than its end record claims"
    contents.fault = contents.fault or trailing.fault
    contents.troubles = _overlaps(contents) | contents.troubles
    return contents


def _before(file: ByteFile, directory: Directory, limits: Limits) -> list[ZipInfo]:
    """The entries of the whole zips to which this one was appended."""
    infos: list[ZipInfo] = []
    while directory.shift > 0 and len(infos) <= limits.max_entries:
        first = find_end(file, directory.shift)
        if first is None or first.start is None or first.after != directory.shift:
            break
        directory = read_directory(file, first, limits)
        infos = directory.infos + infos
    return infos


def _complete(file: ByteFile, contents: Contents, directory: Directory, limits: Limits) -> None:
    """Add the entries that the directory should name and does not."""
    known = sorted(
        (info.header_offset, info.header_offset + LOCAL_HEAD.size + info.compress_size)
        for info in contents.infos
        if contents.places.is_there(info)
    )
    found = _salvage(file, limits, known)
    named = {(raw_name(info), info.CRC) for info in contents.infos}
    for index, info in enumerate(found.infos):
        if (raw_name(info), info.CRC) not in named:
            if index in found.troubles:
                contents.troubles[len(contents.infos)] = found.troubles[index]
            contents.infos.append(info)
    if len(contents.infos) > limits.max_entries:
        raise too_many_entries(limits)
    whole = len(contents.infos) - len(contents.troubles)
    if directory.damaged:
        message = f"central directory damaged; {whole} whole entries found"
        contents.fault = CorruptError(message).fault()
        return
    message = (
        f"the end record claims {directory.end.entries} entries, the directory has "
        f"{len(directory.infos)}: a volume is missing, or the archive is damaged"
    )
    contents.fault = MissingVolumeError(message).fault()


def _lack_volumes(contents: Contents, end: EndRecord, name: str) -> None:
    """Say which volumes are missing, and give the entries that lie on them their trouble."""
    error = _missing_volume(end, name)
    contents.fault = error.fault()
    for index, info in enumerate(contents.infos):
        if info.volume != end.disk and not contents.places.is_anywhere(info):
            error.item = info.filename
            contents.troubles[index] = error.fault()


def _missing_volume(end: EndRecord, name: str) -> MissingVolumeError:
    if not end.disk:
        return MissingVolumeError(
            f"{name} has {end.entries_here} of {end.entries} entries: the others are in volumes that are missing"
        )
    stem = name[:-4] if name.lower().endswith(".zip") else name
    names = [f"{stem}.z{number:02}" for number in range(1, min(end.disk, _NAMED_MAX) + 1)]
    if end.disk > _NAMED_MAX:  # a damaged record may claim four thousand million
        names = [*names[: _NAMED_MAX - 1], "…", f"{stem}.z{end.disk}"]
    return MissingVolumeError(
        f"{name} is the last of {end.disk + 1} volumes; missing: {', '.join(names)}"
    )


def _overlaps(contents: Contents) -> dict[int, Fault]:
    """Entries that share bytes. What only damage makes seem so is looked at more closely: it costs no neighbour."""
    here = [index for index in range(len(contents.infos)) if index not in contents.troubles]
    packed = {index: contents.infos[index].compress_size for index in here}
    suspects = overlapping([contents.infos[index] for index in here])
    if not suspects:
        return {}
    damaged: list[int] = []
    for index in (here[one] for one in suspects):
        least = contents.places.packed(contents.infos[index])
        if least is None:
            del packed[index]
            continue
        packed[index] = least
        if not contents.places.ends_as_told(contents.infos[index]):
            damaged.append(index)
    if len(damaged) <= _DAMAGED_MAX:
        packed |= dict.fromkeys(damaged, 0)
    here = list(packed)
    troubles = overlapping([contents.infos[index] for index in here], list(packed.values()))
    return {here[index]: fault for index, fault in troubles.items()}


class ZipReader:
    """An `ArchiveReader` over a zip. A damaged or missing directory is replaced by walking the entries.

    Raises (when made) UnreadableError, LimitError, and CorruptError or TruncatedError when not one entry is found.
    Memory: the directory's records, about 0.7 KiB an entry.
    """

    def __init__(self, where: Path | Blob, limits: Limits) -> None:
        self._limits = limits
        blob = blob_of(where)
        self._file = blob.open()
        try:
            found = read_contents(self._file, limits, blob.name)
            self._infos: Sequence[ZipInfo] = found.infos
            self._contents, self._troubles = found, found.troubles
            self._fault, self._warning = found.fault, found.warning
            self._decode = decoder_for(unmarked_names(self._infos), "cp437")
        except BaseException:
            self._file.close()
            raise
        self._read_before = self._file.taken

    @property
    def listed(self) -> bool:
        """True: the directory names all."""
        return True

    @property
    def needs_more(self) -> bool:
        """Whether an entry is encrypted, or packed in a way that cannot be read here."""
        return any(map(needs_more, self._infos))

    def lack(self, why: Fault) -> None:
        """Have the entries that cannot be read here say why nothing else reads them."""
        for index, info in enumerate(self._infos):
            if needs_more(info):
                self._troubles.setdefault(index, why)

    def listing(self) -> Listing:
        """Number and listed sizes of the entries."""
        return Listing(
            "zip",
            len(self._infos),
            sum(info.file_size for info in self._infos),
            any(info.flag_bits & ENCRYPTED for info in self._infos),
        )

    def entries(self) -> Iterator[Entry]:
        """Every entry in directory order."""
        for index, info in enumerate(self._infos):
            yield self._entry(index, info)

    def cost_to(self, index: int) -> int:  # noqa: ARG002 - the port's shape
        """0: every entry can be reached directly."""
        return 0

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        tally, remote = Tally(limits, lambda: self._file.taken), foreseeing(self._file)
        for index in range(start, len(self._infos)):
            info = self._infos[index]
            entry = self._entry(index, info)
            if entry.kind == "dir" or not want(entry):
                continue
            if entry.kind == "link" or entry.trouble is not None:
                continue
            if remote is not None:
                remote.expect(info.header_offset, span_of(info), entry.name)
            pull = counted(self._contents.places.bytes_of(info), EntryTally(tally))
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                return

    def finish(self) -> ReadReport:
        """Bytes of entries read so far, and what was wrong with the directory."""
        warnings = (self._warning,) if self._warning else ()
        return ReadReport(self._file.taken - self._read_before, self._fault, warnings)

    def close(self) -> None:
        """Release the file; may be called twice."""
        self._file.close()

    def _entry(self, index: int, info: ZipInfo) -> Entry:
        return entry_of(index, info, self._troubles.get(index), self._decode)
