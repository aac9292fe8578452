"""Where the bytes of a zip entry really are: in a damaged archive, often not where its directory says.

An entry is described twice, in the directory and in the header before its data. Where both agree nothing more is
asked. Else the ways to read it are tried against its checksum, and the first one that fits is taken.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from zipfile import ZipInfo

from transload.archives.blob import ByteFile, foreseeing
from transload.archives.codecs.zip_methods import can_decode
from transload.archives.limits import CHUNK
from transload.archives.names import extra_field
from transload.archives.zip.directory import IN_ZIP64, ZIP64
from transload.archives.zip.entries import (
    ENCRYPTED,
    LOCAL_HEAD,
    LOCAL_MAGIC,
    SIZES_FOLLOW,
    raw_name,
)
from transload.archives.zip.entry_bytes import (
    LONG,
    SHORT,
    EntryBytes,
    Span,
    descriptor_end,
    fits,
)
from transload.errors import CorruptError, TruncatedError
from transload.units import GIB

_TRIED_BYTES_MAX = GIB  # unpacked in all, only to see how damaged entries are to be read
_SAME_NAME_MAX = 16
_MARKS_A_RECORD = 16
_DESCRIPTORS = (0, SHORT.size, SHORT.size + 4, LONG.size, LONG.size + 4)


class Places:
    """Finds the data of entries. Looks through the file at most once.

    `shift` bytes were added to the offsets of the directory, as it is itself not where it says: where bytes are missing
    in the file or too many, that is right for the entries after them only.
    """

    def __init__(self, file: ByteFile, infos: Sequence[ZipInfo], shift: int) -> None:
        self._file = file
        self._infos = infos
        self._shift = shift
        self._budget = _TRIED_BYTES_MAX

    def is_there(self, info: ZipInfo) -> bool:
        """Whether a header with the entry's name is where the directory says."""
        head = self._told(info)
        return head is not None and head.name == raw_name(info)

    def is_anywhere(self, info: ZipInfo) -> bool:
        """Whether a header with the entry's name is in the file."""
        return self.is_there(info) or self._searched(info) is not None

    def packed(self, info: ZipInfo) -> int | None:
        """The least that the entry is said to take, by the directory or its own header; None when it has no header."""
        head = self._told(info)
        if head is None:
            return None
        return min(info.compress_size, head.packed) if head.packed else info.compress_size

    def ends_as_told(self, info: ZipInfo) -> bool:
        """Whether the descriptor after the data, where there should be one, says the same as the directory."""
        head = self._told(info)
        return head is None or self._is_followed(head, _by_directory(info, head))

    def span(self, info: ZipInfo) -> Span:
        """How to read the entry. Raises CorruptError or TruncatedError when it is nowhere, UnreadableError."""
        if (plain := self._plain(info)) is not None:
            return plain
        head = self._told(info) or self._searched(info)
        if head is None:
            if info.header_offset >= self._file.size:
                raise TruncatedError("the archive ends before the entry's header")
            raise CorruptError("there is no entry header where the directory says")
        own = _by_directory(info, head)
        if head.agrees_with(info) and self._is_followed(head, own):
            return own
        return self._tried(info, own, head)

    def bytes_of(self, info: ZipInfo) -> EntryBytes:
        """The entry's unpacked bytes; where they are is found out with the first of them."""
        return EntryBytes(self._file, partial(self.span, info))

    def _plain(self, info: ZipInfo) -> Span | None:
        """The span of an entry with nothing to doubt in its header: most entries of most archives are such."""
        name = raw_name(info)
        block = self._file.read_at(info.header_offset, LOCAL_HEAD.size + len(name))
        if len(block) < LOCAL_HEAD.size or block[LOCAL_HEAD.size :] != name:
            return None
        magic, _, flags, method, _, _, crc, packed, size, named, extra_size = (
            LOCAL_HEAD.unpack_from(block)
        )
        own = info.compress_size, info.file_size, info.CRC, info.compress_type
        if magic != LOCAL_MAGIC or extra_size or flags & SIZES_FOLLOW or flags != info.flag_bits:
            return None
        if named != len(name) or (packed, size, crc, method) != own:
            return None
        return Span(info.header_offset + len(block), *own)

    def _told(self, info: ZipInfo) -> "LocalHeader | None":
        """Its header by the directory; one with another name only where none has the right one."""
        name, other = raw_name(info), None
        for at in dict.fromkeys((info.header_offset, info.header_offset - self._shift)):
            block = self._file.read_at(at, LOCAL_HEAD.size + len(name))
            if not block.startswith(LOCAL_MAGIC) or len(block) < LOCAL_HEAD.size:
                continue
            if block[LOCAL_HEAD.size :] == name:
                return head_at(self._file, at, block)
            other = other or head_at(self._file, at, block)
        return other

    def _searched(self, info: ZipInfo) -> "LocalHeader | None":
        """Its own header with a damaged mark, or the nearest one that has its name."""
        name, offset = raw_name(info), info.header_offset
        for at in dict.fromkeys((offset, offset - self._shift)):
            block = self._file.read_at(at, LOCAL_HEAD.size + len(name))
            if name and block[LOCAL_HEAD.size :] == name:
                return head_at(self._file, at, block)
        places = self._by_name.get(name, [])
        nearest = bisect_left(places, offset)
        near = places[max(nearest - 1, 0) : nearest + 1]
        if not near:
            return None
        return head_at(self._file, min(near, key=lambda at: abs(at - offset)))

    @cached_property
    def _by_name(self) -> dict[bytes, list[int]]:
        """Where in the file there are headers with the names of the directory."""
        found: dict[bytes, list[int]] = {raw_name(info): [] for info in self._infos}
        for at in islice(headers(self._file), _MARKS_A_RECORD * (len(self._infos) + 1_000)):
            places = found.get(head_at(self._file, at).name)
            if places is not None and len(places) < _SAME_NAME_MAX:
                places.append(at)
        return found

    def _is_followed(self, head: "LocalHeader", span: Span) -> bool:
        """Whether the descriptor after the data, where there is one, says the same; from afar that is not asked."""
        follows = head.flags & SIZES_FOLLOW and not head.flags & ENCRYPTED
        return (
            not follows
            or foreseeing(self._file) is not None
            or bool(descriptor_end(self._file, span))
        )

    def _tried(self, info: ZipInfo, own: Span, head: "LocalHeader") -> Span:
        """The first way to read the entry that fits its checksum; the directory's own, when none does."""
        if info.flag_bits & ENCRYPTED:
            return own
        for span in dict.fromkeys((own, *self._ways(info, own, head))):
            # Nothing has the sum 0, whatever is lost: that it fits proves no entry empty that is said to have bytes.
            is_emptied = bool(own.size or own.crc) and not span.size
            if can_decode(span.method) and not is_emptied:
                right, made = fits(self._file, span, self._budget)
                self._budget -= made
                if right:
                    return span
        return own

    def _ways(self, info: ZipInfo, own: Span, head: "LocalHeader") -> Iterator[Span]:
        """Each of the two descriptions, from each place where the data may begin."""
        named = head.at + LOCAL_HEAD.size + len(raw_name(info))
        starts = [own.start, named + head.extra_size, named, named + len(info.extra)]
        if (following := self._following(info)) is not None:
            starts += [following - own.packed - size for size in _DESCRIPTORS]
        for start in dict.fromkeys(starts):
            yield replace(own, start=start)
            yield replace(own, start=start, method=head.method)
            if head.crc or head.size:
                yield Span(start, head.packed, head.size, head.crc, head.method)
                yield replace(own, start=start, packed=head.packed, size=head.size)
                yield replace(own, start=start, crc=head.crc)

    def _following(self, info: ZipInfo) -> int | None:
        """Where the next entry's header should be."""
        after = bisect_right(self._offsets, info.header_offset)
        return self._offsets[after] if after < len(self._offsets) else None

    @cached_property
    def _offsets(self) -> list[int]:
        return sorted(info.header_offset for info in self._infos)


@dataclass(frozen=True, slots=True)
class LocalHeader:
    """An entry's own header."""

    at: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    name: bytes
    extra: bytes
    extra_size: int

    @property
    def data_at(self) -> int:
        """Where the data begin."""
        return self.at + LOCAL_HEAD.size + len(self.name) + self.extra_size

    def agrees_with(self, info: ZipInfo) -> bool:
        """Whether it says what the directory does; what comes after the data may be missing here."""
        if self.method != info.compress_type or len(self.name) != len(raw_name(info)):
            return False
        if (self.flags ^ info.flag_bits) & (SIZES_FOLLOW | ENCRYPTED) or not _is_whole(self):
            return False
        here = (self.crc, self.packed, self.size)
        claimed = (info.CRC, info.compress_size, info.file_size)
        if self.flags & SIZES_FOLLOW:
            return all(one in (0, other) for one, other in zip(here, claimed, strict=True))
        return here == claimed


def _by_directory(info: ZipInfo, head: LocalHeader) -> Span:
    return Span(head.data_at, info.compress_size, info.file_size, info.CRC, info.compress_type)


def head_at(file: ByteFile, at: int, block: bytes = b"") -> LocalHeader:
    """The header at `at`, of which `block` was read already; what is cut off is zeros."""
    block = block or file.read_at(at, LOCAL_HEAD.size)
    fields = LOCAL_HEAD.unpack(block[: LOCAL_HEAD.size].ljust(LOCAL_HEAD.size, b"\0"))
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    end = LOCAL_HEAD.size + name_size + extra_size
    if end > len(block):
        block += file.read_at(at + len(block), end - len(block))
    name = block[LOCAL_HEAD.size : LOCAL_HEAD.size + name_size]
    extra = block[LOCAL_HEAD.size + name_size : end]
    field = extra_field(extra, ZIP64) if extra else None
    if field is not None and len(field) >= 16 and IN_ZIP64 in (packed, size):
        size, packed = (int.from_bytes(field[place : place + 8], "little") for place in (0, 8))
    return LocalHeader(at, flags, method, crc, packed, size, name, extra, extra_size)


def _is_whole(head: LocalHeader) -> bool:
    """Whether its extra fields end where it says that they do; up to three bytes are padding."""
    at = 0
    while len(head.extra) - at >= 4:
        at += 4 + int.from_bytes(head.extra[at + 2 : at + 4], "little")
    return len(head.extra) == head.extra_size and at <= head.extra_size


def headers(file: ByteFile) -> Iterator[int]:
    """The offsets of all header marks in the file, also of those in the data of entries."""
    tail, at = b"", 0
    while chunk := file.read_at(at, CHUNK):
        window = tail + chunk
        place = window.find(LOCAL_MAGIC)
        while place >= 0:
            yield at - len(tail) + place
            place = window.find(LOCAL_MAGIC, place + 1)
        at += len(chunk)
        tail = window[-(len(LOCAL_MAGIC) - 1) :]
