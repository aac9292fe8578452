"""What kind of archive a file is, by its first bytes. Pure: no file is opened here."""

import re
import struct
from dataclasses import dataclass

from transload.archives.blob import ByteFile
from transload.archives.tar.header import NO_BLOCK, TAR_BLOCK, has_right_sum
from transload.errors import UnsupportedError
from transload.faults import Fault
from transload.units import KIB, MIB

HEAD_BYTES = 1024
"""Enough of a file's beginning for every test below."""

# Signatures as in the formats' own papers: APPNOTE.TXT 4.3, 7zFormat.txt, RAR 5.0 technote, RFC 1952, RFC 8878,
# the xz and LZ4 frame formats; the rest as in file(1)'s magic tables.
_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),  # no entries: only the end record
    (0, b"PK\x06\x06", "zip"),  # the same in zip64
    (0, b"PK\x07\x08PK\x03\x04", "zip"),  # spanned, then written as one file
    (0, b"PK00PK\x03\x04", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07\x01\x00", "rar"),
    (0, b"Rar!\x1a\x07\x00", "rar"),
    (0, b"RE~^", "rar14"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zst"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"LZIP\x01", "lz"),
    (0, b"\x1f\x9d", "Z"),
    (0, b"MSCF\x00\x00\x00\x00", "cab"),
    (0, b"!<arch>\n", "ar"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"070707", "cpio"),
    (0, b"xar!\x00\x1c", "xar"),
    (0, b"MSWIM\x00\x00\x00", "wim"),
    (7, b"**ACE**", "ace"),
    # Named only: nothing here opens them.
    (0, b"\x02\x21\x4c\x18", "legacy lz4"),
    (0, b"\x89LZO\x00\r\n\x1a\n", "lzop"),
    (0, b"LRZI\x00", "lrzip"),
    (0, b"\x37kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3", "zpaq"),
    (0, b"7kSt", "zpaq"),
    (0, b"zPQ\x01", "zpaq"),
    (0, b"zPQ\x02", "zpaq"),
    (20, b"\xdc\xa7\xc4\xfd", "zoo"),
    (10, b"rLau", "stuffit"),
    (0, b"StuffIt (c)1997-", "stuffit"),
    (0, b"StuffIt!", "stuffit x"),
    (0, b"ALZ\x01", "alz"),
    (0, b"EGGA", "egg"),
    (0, b"BZ3v1", "bzip3"),
    (0, b"RZIP\x02", "rzip"),
    (0, b"bvx2", "lzfse"),
    (0, b"\xff\x06\x00\x00sNaPpY", "snappy"),
    (0, b"SZDD\x88\xf0\x27\x33", "ms-dos compress"),
    (0, b"ISc(", "installshield cabinet"),
    (7, b"-sqx-", "sqx"),
    (14, b"\x1aJar\x1b", "arj jar"),
    (0, b"conectix", "vhd disk image"),
    (0, b"vhdxfile", "vhdx disk image"),
    (0, b"KDMV", "vmdk disk image"),
    (0, b"QFI\xfb\x00\x00\x00", "qcow disk image"),
    (64, b"\x7f\x10\xda\xbe", "vdi disk image"),
)
_LZH = re.compile(rb"-(?:lh[0-7d]|lhx|lz[4s5]|pm[0-2s])-")
_ARJ_HEADER_BYTES_MAX = 2600  # arj's technote: HEADERSIZE_MAX
_ARJ_MAIN = 2  # the file type of the header of all
_OLD_CPIO = struct.Struct("13H")  # cpio(5): as wide as the machine's own, in either order of bytes
_FILE_KINDS = frozenset({0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000})
_ARC_NAME = slice(2, 15)
_LZMA_HEAD = struct.Struct("<BLQ")  # properties, dictionary, size
_NO_SIZE = (1 << 64) - 1
_WITH_SKIPPABLE = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18(.{4})", re.DOTALL)
"""A frame of somebody's own data that readers of zstd and LZ4 pass over (RFC 8878 3.1.2): pzstd begins with one."""
_BZIP2_BLOCKS = (
    b"1AY&SY",
    b"\x17\x72\x45\x38\x50\x90",
)  # a first block, or the end of an empty stream


def archive_format(head: bytes) -> str | None:
    """Short name of the archive or compression format that `head` begins; None: it is neither.

    `head` should hold the first HEAD_BYTES. A tar is known by its first header's checksum, which every dialect has.
    """
    head = _after_skippable(head)
    for offset, magic, name in _MAGICS:
        if head.startswith(magic, offset):
            return name
    if head.startswith(b"BZh") and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS:
        return "bz2"
    return next((name for is_it, name in _SHAPES if is_it(head)), None)


def _after_skippable(head: bytes) -> bytes:
    """What follows the skippable frames at the start, where that is a frame of zstd or LZ4; else all of it."""
    rest = head
    while found := _SKIPPABLE.match(rest):
        rest = rest[found.end() + int.from_bytes(found[1], "little") :]
    return rest if rest.startswith(_WITH_SKIPPABLE) else head


def _is_lzh(head: bytes) -> bool:
    return _LZH.match(head, 2) is not None


def _is_arj(head: bytes) -> bool:
    size = int.from_bytes(head[2:4], "little")
    main = head[10:11] == bytes([_ARJ_MAIN]) and 30 <= head[4] <= size <= _ARJ_HEADER_BYTES_MAX
    return head.startswith(b"\x60\xea") and main


def _is_fat(head: bytes) -> bool:
    """A memory card as one file: a boot sector with its mark at the end, and the name where FAT writes it."""
    named = head[54:59] in (b"FAT12", b"FAT16") or head[82:87] == b"FAT32"
    return named and head[510:512] == b"\x55\xaa"


def _is_squashfs(head: bytes) -> bool:
    order = {b"hsqs": "<", b"sqsh": ">", b"shsq": "<", b"qshs": ">"}.get(head[:4])
    return (
        order is not None
        and len(head) > 30
        and 1 <= struct.unpack_from(order + "H", head, 28)[0] <= 4
    )


def _is_old_cpio(head: bytes) -> bool:
    """Old binary cpio, whose mark has but two bytes: the kind of file and the end of the name must be right, too."""
    order = {b"\xc7\x71": "<", b"\x71\xc7": ">"}.get(head[:2])
    if order is None or len(head) < _OLD_CPIO.size:
        return False
    fields = struct.unpack_from(order + _OLD_CPIO.format, head)
    mode, name_size = fields[3], fields[10]
    name = head[_OLD_CPIO.size : _OLD_CPIO.size + name_size]
    return (
        mode & 0o170000 in _FILE_KINDS
        and 2 <= name_size <= len(name)
        and name.find(b"\0") == name_size - 1
    )


def _is_arc(head: bytes) -> bool:
    """ARC of 1985: a mark of one byte, a method, a name of at most twelve characters."""
    name, end, _ = head[_ARC_NAME].partition(b"\0")
    return (
        head[:1] == b"\x1a"
        and 1 <= int.from_bytes(head[1:2], "big") <= 11
        and bool(end)
        and name.isascii()
        and _is_word(name)
    )


def _is_word(name: bytes) -> bool:
    return bool(name) and all(0x21 <= byte < 0x7F for byte in name)


def _is_tar(head: bytes) -> bool:
    return is_tar_header(head[:TAR_BLOCK])


def _is_lzma(head: bytes) -> bool:
    """Whether a file in the format of lzma 4.x begins: it has no signature, but few headers make sense.

    The properties that every packer sets, a dictionary of one or one and a half powers of two, a size below 256 GiB or
    none (as XZ Utils ask), and the zero that all LZMA data begins with.
    """
    if len(head) <= _LZMA_HEAD.size or not head.startswith(b"\x5d\0\0") or head[_LZMA_HEAD.size]:
        return False
    _, dictionary, size = _LZMA_HEAD.unpack_from(head)
    power = dictionary & -dictionary
    return dictionary in {power, 3 * power, 0xFFFFFFFF} and (size < 1 << 38 or size == _NO_SIZE)


_SHAPES = (
    (_is_lzma, "lzma"),
    (_is_tar, "tar"),
    (_is_lzh, "lzh"),
    (_is_arj, "arj"),
    (_is_squashfs, "squashfs"),
    (_is_fat, "fat"),
    (_is_old_cpio, "cpio"),
    (_is_arc, "arc"),
)


def is_tar_header(block: bytes) -> bool:
    """Whether a 512-byte block is a tar header: its checksum is right, counted signed or unsigned as old tars did."""
    return block[:1] not in {b"", b"\0"} and has_right_sum(block)


def is_zero_tar(head: bytes) -> bool:
    """Whether `head` could be a tar without entries: nothing but its end mark, two blocks of zeros."""
    return head[: 2 * TAR_BLOCK] == 2 * NO_BLOCK


_TEXT_SHARE = 0.9
_STARTS = (
    (b"%PDF-", "a PDF document"),
    (b"{", "JSON, as a server's answer does"),
    (b"[", "JSON, as a server's answer does"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"<?xml", "XML, as a server's answer does"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG", "a PNG"),
)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def likeness(head: bytes) -> str:
    """How a file with these first bytes begins, to stand after "it begins like"; never the bytes themselves."""
    if not head.strip(b"\0"):
        return "a file of zeros, as one does that was not written to its end"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:64].lower().startswith(_WEB_PAGE):
        return "a web page"
    for magic, words in _STARTS:
        if start.startswith(magic):
            return words
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return "a text" if printable >= _TEXT_SHARE * len(head) else "nothing that is known here"


# What follows an archive's end in the same file: nothing, padding, or something that nobody has read.


_CUT_IT = "Cut the file in two where the first archive ends, and send the second part."
_PADDING_MAX = MIB
_STEP = 64 * KIB


@dataclass(frozen=True, slots=True)
class Trailing:
    """A warning for people, "" where there is nothing to say; the fault where another archive was not read."""

    warning: str = ""
    fault: Fault | None = None


def after_end(file: ByteFile, end: int) -> Trailing:
    """What follows offset `end`. Zeros are padding, as many as tape blocks and disk sectors have."""
    if end >= file.size:
        return Trailing()
    at = _after_zeros(file, end)
    if at >= file.size:
        return Trailing()
    if (error := archive_at(file, at)) is not None:
        return Trailing("", error.fault())
    return Trailing(f"{_count(file, at)} and were not read")


def archive_at(file: ByteFile, at: int) -> UnsupportedError | None:
    """The error for another archive that begins at offset `at`, after the end of the first; None when there is none."""
    found = archive_format(file.read_at(at, HEAD_BYTES))
    if found is None:
        return None
    return UnsupportedError(
        f"{_count(file, at)} and begin as another archive ({found}), which was not read",
        suggestion=_CUT_IT,
    )


def another_archive(found: str, first: str) -> UnsupportedError:
    """The error for another archive, of the format `found`, that follows what is called `first`."""
    message = f"another archive ({found}) follows {first}, which was not read"
    return UnsupportedError(message, suggestion=_CUT_IT)


def _count(file: ByteFile, at: int) -> str:
    return f"{file.size - at:,} bytes follow the end of the archive"


def _after_zeros(file: ByteFile, start: int) -> int:
    """The offset of the first byte that is not zero, as far as is looked."""
    at = start
    while at - start < _PADDING_MAX and (step := file.read_at(at, _STEP)):
        rest = step.lstrip(b"\0")
        at += len(step) - len(rest)
        if rest:
            break
    return at
