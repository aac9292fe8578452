"""7z and RAR over a network by the block: a local file with holes, filled only where an entry needs it.

7zz wants a file it can seek in. It gets one of the archive's size in which only the directory and the wanted entries'
packed bytes are written; the rest are holes that cost no disk. What was read is cut out again.
"""

import contextlib
import ctypes
import os
import platform
import struct
from array import array
from bisect import insort
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from transload.archives.blob import Blob, ByteFile, foreseeing
from transload.archives.sevenzip.feed import Feed
from transload.archives.sevenzip.listing import START_BYTES, SevenZipListing, packed_blocks
from transload.archives.sevenzip.members import is_selectable
from transload.archives.sevenzip.reader import SevenZipReader
from transload.archives.sevenzip.tool import SevenZip
from transload.entry import Limits, Secret
from transload.errors import CorruptError, NeedsLocalFileError, fetch_error
from transload.units import KIB, MIB

_START = struct.Struct("<6sBBLQQL")
TAILS = (64 * KIB, MIB, 16 * MIB)
"""What is fetched before a 7z's end until 7zz can list it: a packed directory lies right before the end."""
BLOCK_MIN_MAX = 64 * MIB
BLOCK_SHARE = 4
"""A block may be so large, or this part of the archive, to be worth it; else the archive is fetched whole."""
AHEAD_BYTES = MIB
_STEP = MIB
_FETCHING = "parts of an archive are fetched"
_PUNCH = 0x03  # linux/falloc.h: FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

Span = tuple[int, int]


class Image:
    """The file with holes. `fill` fetches what is not there yet, `drop` cuts out what is no longer wanted."""

    def __init__(self, blob: Blob, folder: Path, check_room: Callable[[int], None]) -> None:
        """`check_room` raises DiskFullError where so many bytes more would touch the reserve of the disk."""
        self._check_room = check_room
        self.name = blob.name
        self._remote: ByteFile = blob.open()
        self.size = self._remote.size
        self.path = folder / f"{os.getpid()}-{id(self):x}.holes"
        self._filled: list[Span] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w+b", buffering=0)
            self._file.truncate(self.size)
        except OSError as error:
            self._remote.close()
            raise fetch_error(error, _FETCHING) from error

    def fill(self, start: int, end: int) -> None:
        """Fetch what of these bytes is missing, in one reading."""
        remote = foreseeing(self._remote)
        for gap in _gaps(self._filled, start, end):
            self._check_room(gap[1] - gap[0])
            if remote is not None:
                remote.expect(gap[0], gap[1] - gap[0], self.name)
            at = gap[0]
            while at < gap[1] and (data := self._remote.read_at(at, min(_STEP, gap[1] - at))):
                self._write(at, data)
                at += len(data)
            insort(self._filled, gap)

    def read_at(self, at: int, size: int) -> bytes:
        """What is in the file there."""
        return os.pread(self._file.fileno(), size, at)

    def note(self, at: int, data: bytes) -> None:
        """Write bytes that were fetched by somebody else."""
        self._write(at, data)
        insort(self._filled, (at, at + len(data)))

    def drop(self, start: int, end: int) -> None:
        """Give the disk back what these bytes take."""
        self._filled = [span for span in self._filled if span[1] <= start or span[0] >= end]
        if platform.system() == "Linux":
            ctypes.CDLL(None, use_errno=True).fallocate(
                self._file.fileno(), _PUNCH, ctypes.c_int64(start), ctypes.c_int64(end - start)
            )

    def remote(self) -> ByteFile:
        """The archive as it is on the server."""
        return self._remote

    def close(self) -> None:
        """Remove the file, end the connection. May be called twice."""
        self._remote.close()
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _write(self, at: int, data: bytes) -> None:
        try:
            os.pwrite(self._file.fileno(), data, at)
        except OSError as error:
            raise fetch_error(error, _FETCHING) from error


class BlockFeed(Feed):
    """Runs that reach no further than the bytes that are there. `ready` fetches a member's and says how far."""

    ready: Callable[[int], int]

    def _plan(self, index: int) -> "tuple[list[bytes] | None, array[int]]":
        """The names of the members that are there from this one on; equal ones there are not."""
        there = [*self._forerunners(index), *range(index, self.ready(index))]
        wanted = [one for one in there if self._is_open_file(one)]
        return [self._members[one].raw for one in wanted], array("q", wanted)


class BlockReader(SevenZipReader):
    """A `SevenZipReader` over an image; closing it removes the image."""

    feeds = BlockFeed

    def __init__(
        self,
        image: Image,
        tool: SevenZip,
        limits: Limits,
        passwords: Sequence[Secret],
        spans_of: Callable[[SevenZipListing], list[Span | None]],
    ) -> None:
        self._image = image
        self._spans_of = spans_of
        self._spans: list[Span | None] | None = None
        self._held: set[Span] = set()
        super().__init__(image.path, tool, limits, passwords, name=image.name)

    def _stored_places(self) -> dict[int, int]:
        return {}  # the image has holes where they lie

    def _fitting(self, passwords: Sequence[Secret]) -> Secret | None:
        """As any reader; raises NeedsLocalFileError where trying a password would fetch nearly all of it."""
        if not self.is_worth_it:
            raise NeedsLocalFileError(f"{self._image.name} is one large encrypted block")
        return super()._fitting(passwords)

    def _new_feed(self, password: Secret | None = None) -> Feed:
        feed = super()._new_feed(password)
        if isinstance(feed, BlockFeed):
            feed.ready = self._ready
        return feed

    def close(self) -> None:
        """End what runs, remove the image; may be called twice."""
        super().close()
        self._image.close()

    def _ready(self, index: int) -> int:
        """Have the member's packed bytes in the image, and those of small ones after it; returns the end of those."""
        spans = self._all_spans()
        own = spans[index]
        if own is None:
            return index + 1
        (start, end), last = own, index + 1
        while last < len(spans) and ((span := spans[last]) is None or _near(span, start, end)):
            end = end if span is None else max(end, span[1])
            last += 1
        there = {span for span in spans[index:last] if span}
        for span in self._held - there:  # not what lies between them: a RAR has its headers there
            self._image.drop(*span)
        self._held = there
        self._image.fill(start, end)
        return last

    def _all_spans(self) -> list[Span | None]:
        if self._spans is None:
            self._spans = self._spans_of(self._told)
        return self._spans

    @property
    def is_worth_it(self) -> bool:
        """Whether entries can be had one by one, each known to be right: else the archive is better fetched whole."""
        largest = max((span[1] - span[0] for span in self._all_spans() if span), default=0)
        files = [one for one in self._told.members if one.kind == "file"]
        summed = all(one.crc is not None or not one.size for one in files)
        names = [one.raw for one in files]
        apart = len(set(names)) == len(names) and all(is_selectable(name) for name in names)
        chained = self._told.format == "rar" and self._told.solid
        small = largest <= max(BLOCK_MIN_MAX, self._image.size // BLOCK_SHARE)
        return summed and apart and small and not chained


def open_by_blocks(
    image: Image, found: str, tool: SevenZip, limits: Limits, passwords: tuple[Secret, ...]
) -> BlockReader:
    """A reader for a remote 7z or RAR whose entries can be had one by one; it closes the image, also where this raises.

    It lists whatever it can be made for; `is_worth_it` says whether to read it so. Raises NeedsLocalFileError where its
    directory cannot be had apart, what `SevenZipReader` raises, the errors of the network.
    """
    with contextlib.ExitStack() as undo:
        undo.callback(image.close)
        match found:
            case "7z":
                reader = _seven(image, tool, limits, passwords)
            case "rar":
                reader = _rar(image, tool, limits)
            case _:
                raise NeedsLocalFileError(
                    f"{image.name} can only be read from a file on this machine"
                )
        undo.pop_all()
    return reader


def _near(span: Span, start: int, end: int) -> bool:
    return start <= span[0] <= end + AHEAD_BYTES and span[1] - start <= AHEAD_BYTES


def _seven(
    image: Image, tool: SevenZip, limits: Limits, passwords: tuple[Secret, ...]
) -> BlockReader:
    image.fill(0, START_BYTES)
    directory = _directory_of(image)
    for tail in TAILS:
        image.fill(max(START_BYTES, directory - tail), image.size)
        try:
            return BlockReader(image, tool, limits, passwords, _spans_of_blocks)
        except CorruptError:
            if directory - tail <= START_BYTES:
                raise
    raise NeedsLocalFileError(f"{image.name} has a directory that is too large to be fetched apart")


def _directory_of(image: Image) -> int:
    """Where the directory of a 7z begins."""
    _, _, _, _, offset, size, _ = _START.unpack(image.read_at(0, START_BYTES))
    if START_BYTES + offset + size > image.size:
        raise CorruptError(f"{image.name} ends before its index: it was cut short")
    return int(START_BYTES + offset)


def _spans_of_blocks(listing: SevenZipListing) -> list[Span | None]:
    blocks = packed_blocks(listing.members, START_BYTES)
    return [None if one.block is None else blocks[one.block] for one in listing.members]


def _rar(image: Image, tool: SevenZip, limits: Limits) -> BlockReader:
    """RAR has no directory: its headers are walked through, and each is written into the image as it is seen."""
    import rarfile  # pyright: ignore[reportMissingTypeStubs]  20 ms, and only here

    try:
        walked = rarfile.RarFile(cast("BinaryIO", _Noting(image)))
    except rarfile.Error as error:
        raise NeedsLocalFileError(f"{image.name} cannot be walked through") from error
    with contextlib.closing(walked):
        infos = cast("list[_Header]", walked.infolist())
        if not infos:
            raise NeedsLocalFileError(f"{image.name} has headers that cannot be read")
        spans = [_span_of_rar(one) for one in infos]
    image.fill(max(0, image.size - _TAIL_OF_RAR), image.size)

    def spans_of(listing: SevenZipListing) -> list[Span | None]:
        if len(listing.members) != len(spans):
            raise NeedsLocalFileError(f"{image.name} lists other entries than its headers")
        return spans

    return BlockReader(image, tool, limits, (), spans_of)


_TAIL_OF_RAR = 256  # the end record


class _Header(Protocol):
    """What is used of rarfile's entries, which have no types."""

    data_offset: int
    compress_size: int


def _span_of_rar(header: _Header) -> Span | None:
    start, size = header.data_offset, header.compress_size
    return (start, start + size) if size else None


class _Noting:
    """The remote archive as a file that notes in the image what is read of it."""

    def __init__(self, image: Image) -> None:
        self._image, self._file, self._at = image, image.remote(), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read_at(self._at, self._image.size - self._at if size < 0 else size)
        if data:
            self._image.note(self._at, data)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as files do."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._image.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The current offset."""
        return self._at


def _gaps(filled: Sequence[Span], start: int, end: int) -> list[Span]:
    """What of a range is in none of the sorted spans."""
    gaps: list[Span] = []
    for low, high in filled:
        if high <= start or low >= end:
            continue
        if low > start:
            gaps.append((start, low))
        start = max(start, high)
    return [*gaps, (start, end)] if start < end else gaps
