"""Archives that 7zz reads: 7z and RAR of every age and kind, and what `zipfile` cannot read of zip."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

from transload.archives.blob import CountedFile
from transload.archives.limits import Body, Pull, Tally, counted, read_whole
from transload.archives.names import decoder_for
from transload.archives.sevenzip.archive import SevenZipArchive, lock_error, no_decoder, too_hungry
from transload.archives.sevenzip.feed import Feed
from transload.archives.sevenzip.listing import (
    Member,
    block_starts,
)
from transload.archives.sevenzip.members import (
    BATCH_BYTES,
    WEAK,
    StoredMember,
    is_selectable,
    places,
    refusing_zisofs,
)
from transload.archives.sevenzip.tool import SevenZip
from transload.entry import Entry, Limits, Listing, ReadReport, Secret
from transload.errors import (
    CorruptError,
    TransloadError,
    TruncatedError,
    WrongPasswordError,
)
from transload.faults import Fault
from transload.source_port import Want

PROBES = 2  # members a password is tried on: the first may itself be damaged


class SevenZipReader:
    """An `ArchiveReader` over a local archive (the first file of a set of volumes), read by 7zz as a child.

    Raises (when made) PasswordNeededError or WrongPasswordError where the names are encrypted, CorruptError or
    TruncatedError when nothing can be listed, LimitError. Memory: the listing, about 0.4 KiB an entry.
    """

    feeds: ClassVar[type[Feed]] = Feed

    def __init__(  # noqa: PLR0913  what is read and by what; the rest is rarely given
        self,
        archive: Path,
        tool: SevenZip,
        limits: Limits,
        passwords: Sequence[Secret] = (),
        missing: Sequence[str] = (),
        name: str = "",
    ) -> None:
        """`missing` names volumes that are known not to be there; `name` is the archive's for people."""
        self._archive = archive
        self._limits = limits
        self._read = 0
        self._opened = SevenZipArchive(archive, name or archive.name, tool, limits, tuple(missing))
        self._told, self._password = self._opened.list(passwords)
        self._methods = self._opened.undecodable(self._told)
        if not self._password and passwords:
            self._password = self._fitting(passwords)
        self._locked = self._fault_of_lock(passwords) if self._is_locked() else None
        self._fault = self._opened.fault(self._told)
        self._packed = self._told.physical_bytes
        self._decoded = decoder_for((one.raw for one in self._told.members), "cp437")
        others = [one for one in passwords if one != self._password]
        self._stored = self._stored_places()
        self._file: CountedFile | None = None
        self._feeds = [self._new_feed(), *map(self._new_feed, others)]

    # -- the port ----------------------------------------------------------------------------------------------------

    @property
    def listed(self) -> bool:
        """True: 7zz lists before it reads."""
        return True

    def listing(self) -> Listing:
        """Number and listed sizes of the entries."""
        members = self._told.members
        sizes = [one.size for one in members if one.kind == "file"]
        known = None if None in sizes else sum(size or 0 for size in sizes)
        encrypted = self._password is not None or any(one.encrypted for one in members)
        return Listing(self._told.format, len(members), known, encrypted)

    def entries(self) -> Iterator[Entry]:
        """Every entry in the archive's order."""
        for index, member in enumerate(self._told.members):
            yield self._entry(index, member)

    def cost_to(self, index: int) -> int:
        """Bytes of the same solid block before the entry."""
        return self._feeds[0].cost_to(index)

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as the port says."""
        tally = self._new_tally(limits)
        for index in range(start, len(self._told.members)):
            member = self._told.members[index]
            entry = self._entry(index, member)
            if entry.kind == "dir" or not want(entry):
                continue
            if entry.kind == "link" or entry.trouble is not None:
                continue
            self._read += member.packed or 0
            pull = counted(self._pull(index), tally)
            yield entry, cast("BinaryIO", Body(pull, limits, entry.name))
            if tally.spent is not None:
                self._fault = tally.spent.fault()
                break
        self._close_feeds()

    def _stored_places(self) -> dict[int, int]:
        return places(self._archive, self._told)

    def _pull(self, index: int) -> Pull:
        """The entry's bytes. RAR and zip may have a password for each: all that were given are tried on it."""
        if index in self._stored:
            self._file = self._file or CountedFile(self._archive)
            return StoredMember(self._file, self._stored[index], self._told.members[index])
        feeds = self._feeds
        if self._told.format == "iso":
            return refusing_zisofs(feeds[0].pull(index))
        if len(feeds) == 1 or not feeds[0].has_own_password(index):
            return feeds[0].pull(index)
        opened: Pull | None = None

        def pull(size: int) -> bytes:
            nonlocal opened
            if opened is not None:
                return opened(size)
            opened, data = self._first_that_opens(index, size)
            return data

        return pull

    def _first_that_opens(self, index: int, size: int) -> tuple[Pull, bytes]:
        """The pull of the first password that fits, with its first bytes. It is tried first on the next entry."""
        failures: list[TransloadError] = []
        doubtful = self._is_doubtful(index)
        for feed in list(self._feeds):
            try:
                if doubtful:
                    read_whole(feed.pull(index))
                pull = feed.pull(index)
                data = pull(size)
            except (WrongPasswordError, CorruptError, TruncatedError) as error:
                feed.close()
                failures.append(error)
                continue
            self._feeds.remove(feed)
            self._feeds.insert(0, feed)
            return pull, data
        damaged = [one for one in failures if not isinstance(one, WrongPasswordError)]
        raise (damaged or failures)[0]

    def _is_doubtful(self, index: int) -> bool:
        """Whether a first byte proves no password: ZipCrypto checks eight bits, so one wrong one of 256 gives bytes,
        too. Small members are held until their sum is known; a large one that several open is read once before.
        """
        member = self._told.members[index]
        if WEAK not in member.method or (member.size or 0) <= BATCH_BYTES:
            return False
        return sum(feed.opens(index) for feed in self._feeds) > 1

    def _new_tally(self, limits: Limits) -> Tally:
        """What is read is set against the whole archive: a child does not say what it takes for which entry."""
        taken = 0
        tally = Tally(self._for_codecs(limits), lambda: taken)
        taken = self._packed
        return tally

    def _for_codecs(self, limits: Limits) -> Limits:
        """PPMd, RAR and LZMA make honest logs a thousand times smaller: where little is listed no ratio is judged."""
        size = self.listing().size_bytes
        harmless = size is not None and size <= limits.harmless_bytes
        return replace(limits, ratio_after_bytes=limits.harmless_bytes) if harmless else limits

    def finish(self) -> ReadReport:
        """Packed bytes of the entries read so far, and what was wrong with the archive as a whole."""
        return ReadReport(min(self._read, self._packed), self._fault)

    def close(self) -> None:
        """End what runs; may be called twice."""
        self._close_feeds()
        if self._file is not None:
            self._file.close()

    def _close_feeds(self) -> None:
        for feed in self._feeds:
            feed.close()

    # -- feeds ------------------------------------------------------------------------------------------------------

    def _new_feed(self, password: Secret | None = None) -> Feed:
        members = self._told.members
        has_bytes = self._told.fields.get(b"Type") != b"Rar5"
        fits = password or self._password
        barred = frozenset(index for index, one in enumerate(members) if self._is_barred(one, fits))
        return self.feeds(
            self._opened.access(fits), members, links_have_bytes=has_bytes, barred=barred
        )

    def _is_barred(self, member: Member, password: Secret | None) -> bool:
        """Whether a run ends, or takes what it may not, when it comes to this member."""
        return (
            (member.encrypted and password is None)
            or not self._fits_memory(member)
            or member.method in self._methods
            or (member.continues and member.place is not None)
        )

    # -- passwords ---------------------------------------------------------------------------------------------------

    def _is_locked(self) -> bool:
        """Whether a password is missing; what has no bytes needs none."""
        return self._password is None and any(
            one.encrypted and one.size != 0 for one in self._told.members
        )

    def _fitting(self, passwords: Sequence[Secret]) -> Secret | None:
        """The first password that opens one of the cheapest encrypted members."""
        members = self._told.members
        starts = block_starts(members)
        locked = [
            n
            for n, one in enumerate(members)
            if one.encrypted and one.size and self._fits_memory(one)
        ]
        probes = sorted(
            locked,
            key=lambda n: (not is_selectable(members[n].raw), starts[n] + (members[n].size or 0)),
        )[:PROBES]
        for password in passwords:
            if any(self._opens(password, index) for index in probes):
                return password
        return None

    def _opens(self, password: Secret, index: int) -> bool:
        feed = self._new_feed(password)
        pull = feed.pull(index)
        try:
            read_whole(pull)
        except (CorruptError, TruncatedError, WrongPasswordError):
            return False
        finally:
            feed.close()
        return True

    def _fault_of_lock(self, passwords: Sequence[Secret]) -> Fault:
        return lock_error(passwords, "the entry is encrypted").fault()

    # -- words -------------------------------------------------------------------------------------------------------

    def _entry(self, index: int, member: Member) -> Entry:
        name = self._decoded(member.raw)
        return Entry(
            index=index,
            name=name.rstrip("/") or name,
            raw_name=member.raw,
            size=member.size,
            crc=member.crc,
            packed=member.packed,
            block=member.block,
            kind=member.kind,
            encrypted=member.encrypted,
            mtime_ms=member.mtime_ms,
            trouble=self._trouble(member, name),
        )

    def _fits_memory(self, member: Member) -> bool:
        return member.dictionary_bytes <= self._limits.max_dictionary_bytes

    def _trouble(self, member: Member, name: str) -> Fault | None:
        if member.kind != "file":
            return None
        error: TransloadError | None = None
        if not self._fits_memory(member):
            error = too_hungry(member.dictionary_bytes, self._limits.max_dictionary_bytes)
        elif member.encrypted and member.size != 0 and self._locked is not None:
            return self._locked
        elif member.continues and self._fault is not None:
            return self._fault
        elif member.method in self._methods:
            error = no_decoder(member.method)
        if error is None:
            return None
        error.item = name
        return error.fault()
