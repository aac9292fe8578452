"""What a listing says of the archive as a whole: cut short, damaged, without a volume, with something after its end.

7zz ends with status 0 also where it lists a part and warns. What counts are the fields that it lists: errors, warnings,
and how many bytes follow the end that it found.
"""

import os
import struct
import zlib
from pathlib import Path

from transload.archives.limits import CHUNK
from transload.archives.sevenzip.listing import START_BYTES, SevenZipListing
from transload.archives.sniff import HEAD_BYTES, archive_format
from transload.errors import (
    CorruptError,
    MissingVolumeError,
    TransloadError,
    TruncatedError,
    UnsupportedError,
)
from transload.units import MIB

_SELF_MEASURED = frozenset({"7z", "zip", "cab", "xar", "iso", "udf", "squashfs", "fat", "wim"})
"""Their directories say all that is in them: what follows is no part of them. The others are walked through from header
to header, and the walk ends at a damaged one as at the archive's end."""
_SPLIT_IT = (
    "Cut the file where the first archive ends, or unpack it with the program that joined them."
)
_START = struct.Struct("<6s2BLQQL")  # 7zFormat.txt: SignatureHeader
_DIRECTORY_BYTES_MAX = 64 * MIB
_SQUASHFS = struct.Struct("<4s16xH6xH")  # squashfs_fs.h: the mark, the method, the version
_LZ4 = 5


def error_of_listing(
    archive: Path, name: str, told: SevenZipListing, status: int, missing: tuple[str, ...]
) -> TransloadError | None:
    """Why a listing without entries is not that of an empty archive; None for one with entries, or an empty one.

    An archive is empty when it says so: nothing is wrong with it, and nothing follows.
    """
    if told.members:
        return None
    if missing:
        return MissingVolumeError(f"{name}: {', '.join(missing)} is missing")
    well = status == 0 and bool(told.fields) and not (told.faulty or told.warned_inside)
    if well and (told.tail_bytes or not told.warned) and not _tail(archive, told):
        return None
    if archive.exists() and _is_lz4_squashfs(archive):
        return UnsupportedError(
            f"{name} is packed by LZ4, which 7-Zip does not read in a squashfs",
            suggestion="Unpack it with unsquashfs and send the folder.",
        )
    if archive.exists() and _is_intact_7z(archive):
        return UnsupportedError(
            f"{name} is a whole 7z that uses something 7-Zip cannot read",
            suggestion="Unpack it with the program that made it and send the folder.",
        )
    return CorruptError(f"{name}: the index is missing or damaged, so nothing in it can be found")


def error_of_archive(
    archive: Path, name: str, told: SevenZipListing, missing: tuple[str, ...]
) -> TransloadError | None:
    """What is wrong with an archive that lists entries, None when nothing is."""
    if told.format == "arj" and any(one.continues for one in told.members):
        return UnsupportedError(
            f"{name} is one of several volumes: the files cut over two of them are not put together here",
            suggestion="Unpack the set with the program that made it (`arj x -v`) and send the folder.",
        )
    lacks_volume = told.fields.get(b"Multivolume") == b"+" and b"ERROR" in told.fields
    if missing or lacks_volume or (told.members and told.members[-1].continues):
        names = ", ".join(missing) or f"the volume after number {told.volumes}"
        return MissingVolumeError(f"{name}: {names} is missing")
    if told.faulty:
        return TruncatedError(f"{name} is damaged or cut short")
    if told.warned and told.layers == told.volumes == 1:
        return _error_of_end(name, told, _tail(archive, told))
    return None


def _error_of_end(name: str, told: SevenZipListing, tail: bytes) -> TransloadError | None:
    """What 7-Zip warned of, by what follows the archive: nothing but zeros is no matter."""
    if told.warned_inside or not told.tail_bytes:
        return CorruptError(f"{name} is damaged: 7-Zip warns of it")
    if tail and told.format not in _SELF_MEASURED:
        return CorruptError(
            f"{name} is damaged: {told.tail_bytes:,} bytes at its end were not read"
        )
    if found := archive_format(tail):
        return UnsupportedError(
            f"{name}: {told.tail_bytes:,} bytes after its end are another archive ({found}), which was not read",
            suggestion=_SPLIT_IT,
        )
    return None


def _tail(archive: Path, told: SevenZipListing) -> bytes:
    """The first bytes after the archive's end, b"" when there are none, or nothing but zeros."""
    if not told.tail_bytes:
        return b""
    with archive.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - told.tail_bytes))
        head = file.read(HEAD_BYTES)
        if head.strip(b"\0"):
            return head
        while block := file.read(CHUNK):
            if block.strip(b"\0"):
                return block.lstrip(b"\0")[:HEAD_BYTES]
    return b""


def _is_lz4_squashfs(archive: Path) -> bool:
    with archive.open("rb") as file:
        start = file.read(_SQUASHFS.size)
    return len(start) == _SQUASHFS.size and _SQUASHFS.unpack(start) == (b"hsqs", _LZ4, 4)


def size_of_7z(start: bytes) -> int | None:
    """How many bytes a whole 7z has, by its first START_BYTES; None where they are no start of one, or damaged."""
    if len(start) < START_BYTES or not start.startswith(b"7z\xbc\xaf\x27\x1c"):
        return None
    _, _, _, start_sum, offset, size, _ = _START.unpack(start)
    return START_BYTES + offset + size if zlib.crc32(start[12:]) == start_sum else None


def _is_intact_7z(archive: Path) -> bool:
    """Whether the sums over a 7z's start and over its directory are right."""
    with archive.open("rb") as file:
        start = file.read(START_BYTES)
        if size_of_7z(start) is None:
            return False
        _, _, _, _, offset, size, directory_sum = _START.unpack(start)
        if not 0 < size <= _DIRECTORY_BYTES_MAX:
            return False
        try:
            file.seek(START_BYTES + offset)
        except (OverflowError, OSError):
            return False
        return bool(zlib.crc32(file.read(size)) == directory_sum)
