"""How to get into an archive with 7zz, and which of its members can be asked for by their names."""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transload.archives.blob import CountedFile
from transload.archives.limits import CHUNK, Pull, ended_early, wrong_checksum
from transload.archives.sevenzip.listing import (
    START_BYTES,
    Member,
    SevenZipListing,
    block_starts,
    listed_names,
    packed_blocks,
)
from transload.archives.sevenzip.process import QUIET_S, DecoderProcess
from transload.archives.sevenzip.tool import Program, SevenZip
from transload.entry import Secret
from transload.errors import (
    CorruptError,
    TransloadError,
    UnsupportedError,
    WrongPasswordError,
)
from transload.units import MIB

LISTED_BREAK = b"_"
"""What 7zz lists in the place of a line break in a name (26.03; other control characters stay as they are)."""


@dataclass(frozen=True, slots=True)
class ArchiveAccess:
    """How to get into an archive: its first file, the program, the password that fits, the memory a run may take, and
    how long it may be silent.
    """

    archive: Path
    program: Program
    password: Secret | None
    memory_bytes: int
    quiet_s: float = QUIET_S

    def run(self, command: str, names: Sequence[bytes] | None = None) -> DecoderProcess:
        """Start a run of the command, over these names alone if given."""
        words = partial(self.program.words, command, self.archive)
        registry = self.program.registry
        return DecoderProcess(
            words, self.memory_bytes, self.password, names, self.quiet_s, registry
        )


def is_selectable(raw: bytes) -> bool:
    """Whether 7zz finds a member by this name in a list: it must be text, of one line, of a plain relative path."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    plain = text.isprintable() and text.strip() == text and not set('"\\') & set(text)
    return plain and not {"", ".", ".."} & set(text.split("/"))


def misspelled(access: ArchiveAccess, members: Sequence[Member]) -> set[bytes]:
    """Listed names that are not what the archive holds: asking for them gives nothing, or too few.

    7zz alone knows, by one more listing of the names that may be meant; another program is not asked.
    """
    listed = Counter(
        one.raw for one in members if LISTED_BREAK in one.raw and is_selectable(one.raw)
    )
    if not listed or not isinstance(access.program, SevenZip):
        return set()
    with access.run("l", list(listed)) as run:
        found = Counter(listed_names(run.lines()))
    return {raw for raw, count in listed.items() if found[raw] < count}


# Members that are read by themselves: out of a run of their own, out of memory, or not at all.


# Members of a 7z that are stored as they are: read straight from the file, without a child in between.
#
# A pipe costs three times what reading stored bytes does. 7zz does not say where they lie, but the packed blocks lie
# one after the other from the start. That they do is checked: with the headers, their sizes must make up the whole
# file.


def places(archive: Path, listing: SevenZipListing) -> dict[int, int]:
    """Where each stored member with a checksum begins in the file; none where that is not sure."""
    start = listing.offset_bytes + START_BYTES
    blocks = packed_blocks(listing.members, start)
    packed = max((end for _, end in blocks.values()), default=start) - start
    adds_up = listing.headers_bytes + packed == listing.physical_bytes
    whole = archive.stat().st_size == listing.offset_bytes + listing.physical_bytes
    if listing.format != "7z" or not adds_up or not whole:
        return {}
    before = block_starts(listing.members)
    return {
        index: blocks[one.block][0] + before[index]
        for index, one in enumerate(listing.members)
        if one.block is not None
        and one.method == "Copy"
        and not one.encrypted
        and one.crc is not None
    }


class StoredMember:
    """A stored member's bytes; call it for the next ones. Raises CorruptError, TruncatedError, UnreadableError."""

    def __init__(self, file: CountedFile, at: int, member: Member) -> None:
        self._file, self._at, self._member = file, at, member
        self._left, self._sum = member.size or 0, 0

    def __call__(self, size: int) -> bytes:
        whole = self._member.size or 0
        if not self._left:
            if self._sum != self._member.crc:
                raise wrong_checksum(whole)
            return b""
        data = self._file.read_at(self._at, min(size, self._left))
        if not data:
            raise ended_early(whole - self._left, whole)
        self._at += len(data)
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        return data


UNPACK = "Unpack it with the program that made it and send the folder."
WEAK = "ZipCrypto"  # checks a password by eight bits
_ZISOFS_MARK = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"
"""Begins a file of an ISO image that was packed by itself (`mkzftree`): 7zz gives it packed, as if it were whole. Linux
unpacks such files when it reads the image (zisofs-tools, iso9660/Documentation "zisofs").
"""
_NO_DECODER = b"Unsupported Method : "


def other_password() -> WrongPasswordError:
    """The error for a member without a byte."""
    return WrongPasswordError("the entry is encrypted; no password given fits it, or it is damaged")


def doubted(error: TransloadError, member: Member) -> TransloadError:
    """The error of a member that is not what was packed, with the second cause that it has in ZipCrypto."""
    if WEAK not in member.method:
        return error
    doubt = "ZipCrypto lets one wrong password of 256 through: it is damaged, or locked with another one"
    return CorruptError(f"{error}; {doubt}")


def refused(run: DecoderProcess, member: Member) -> TransloadError:
    """The error for a member of whose run 7zz says that it is not right; the run is over."""
    if lacks_decoder(run, member.raw):
        return unsupported(member.method)
    return CorruptError("7-Zip found it damaged", evidence=run.evidence())


def lacks_decoder(run: DecoderProcess, raw: bytes) -> bool:
    """Whether a run that is over found no decoder for the method of a member of this name."""
    return _NO_DECODER + raw in run.errors()


def unsupported(method: str) -> UnsupportedError:
    """The error for a member packed in a way that 7zz knows at most by name."""
    return UnsupportedError(
        f"packed by a method that 7-Zip cannot unpack ({method or 'it does not say which'})",
        suggestion=UNPACK,
    )


class SingleMembers:
    """One member out of its own run; members of the same name are read over. Over with its end: a `lasting` pull asks
    no more of it.
    """

    def __init__(
        self, access: ArchiveAccess, members: Sequence[Member], index: int, given: Sequence[int]
    ) -> None:
        self._access, self._member = access, members[index]
        self._name, self._size = members[index].raw, members[index].size
        self._has_own_password = members[index].encrypted and members[index].block is None
        self._before = sum(members[one].size or 0 for one in given if one < index)
        self._run: DecoderProcess | None = None
        self._got = 0

    def __call__(self, size: int) -> bytes:
        if self._run is None:
            self._run = self._access.run("x", [self._name])
            self._run.skip(self._before)
        left = size if self._size is None else min(size, self._size - self._got)
        data = self._run.read(left) if left else b""
        self._got += len(data)
        if not data:
            self._finish(self._run)
        return data

    def close(self) -> None:
        """End the run. May be called twice."""
        if self._run is not None:
            self._run.kill()

    def _finish(self, run: DecoderProcess) -> None:
        while run.read(CHUNK):
            pass
        if not run.is_sound() or (self._size is not None and self._got < self._size):
            error = refused(run, self._member)
            nothing = self._has_own_password and not self._got
            raise other_password() if nothing and isinstance(error, CorruptError) else error


def pieces(run: DecoderProcess, size: int) -> Iterator[bytes]:
    """The next bytes of a run in steps; fewer than `size` when it ends."""
    left = size
    while left and (data := run.read(min(left, CHUNK))):
        left -= len(data)
        yield data


def from_bytes(data: bytes) -> Pull:
    """A pull that returns these bytes."""
    at = 0

    def pull(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        at += len(piece)
        return piece

    return pull


def failing(error: TransloadError) -> Pull:
    """A pull that raises this error."""

    def pull(_size: int) -> bytes:
        raise error

    return pull


def refusing_zisofs(pull: Pull) -> Pull:
    """The pull of a file of an ISO image, which raises UnsupportedError at once where its bytes are packed."""
    head: bytes | None = None  # what was read to look for the mark and not given yet

    def looking_first(size: int) -> bytes:
        nonlocal head
        if head is None:
            head = _start(pull)
        if not head:
            return pull(size)
        given, head = head[:size], head[size:]
        return given

    return looking_first


def _start(pull: Pull) -> bytes:
    head = b""
    while len(head) < len(_ZISOFS_MARK) and (more := pull(len(_ZISOFS_MARK) - len(head))):
        head += more
    if head == _ZISOFS_MARK:
        raise UnsupportedError(
            "it is packed inside the image (zisofs), which no reader here unpacks",
            suggestion="Mount the image on Linux, which unpacks such files, and send the folder.",
        )
    return head


# Members without a listed sum: 7zz checks what the format holds, and says at the end of a run what was wrong.
#
# A cabinet has a sum over each block, a xar a digest of each file, encrypted RAR 5 one that only the password opens:
# none of them is listed. Several small members come out of one run, and are given when its end says they are right; a
# run over all of them ends with the names of those that are not.


BATCH_BYTES = 4 * MIB
"""What is held in memory; a larger member comes alone, as it is read."""
BATCH_MEMBERS = 256


def neighbours(
    members: Sequence[Member], index: int, can_be_read: Callable[[int], bool]
) -> list[int]:
    """This member and the next ones of its kind, as many as a batch may hold."""
    batch, size = [index], members[index].size or 0
    for one in range(index + 1, min(index + BATCH_MEMBERS, len(members))):
        member = members[one]
        if not can_be_read(one):
            continue
        size += member.size or 0
        if member.crc is not None or member.size is None or size > BATCH_BYTES:
            break
        batch.append(one)
    return batch


def sealed(
    access: ArchiveAccess, members: Sequence[Member], batch: Sequence[int], given: Sequence[int]
) -> dict[int, bytes]:
    """The members' bytes out of a run of their own, nothing when it did not end well.

    `given` are the members that such a run gives, in order: those of equal names come, too.
    """
    names = [members[one].raw for one in batch]
    found: dict[int, bytes] = {}
    with access.run("x", names) as run:
        for one in given:
            size = members[one].size or 0
            data = b"".join(pieces(run, size))
            if one in batch and len(data) == size:
                found[one] = data
        whole = not run.read(1)
        return found if whole and run.is_sound() else {}


_NAME = re.compile(rb"(?= : )...")


def named_wrong(
    access: ArchiveAccess, members: Sequence[Member], names: list[bytes] | None, *, apart: bool
) -> Collection[int]:
    """The members that a run over `names` (None: over all) calls wrong; 7zz's own test is silent, as a hang is.

    All of them where it does not say which, or where they cannot be left out of a run: `apart` says that they can.
    """
    with access.run("x", names) as run:
        while run.skip(CHUNK):
            pass
        if run.is_sound():
            return ()
        ends = {line[at.end() :] for line in run.errors() for at in _NAME.finditer(line)}
    named = {index for index, one in enumerate(members) if one.raw in ends}
    return named if named and apart else range(len(members))
