"""Archives that do not begin as such: known by their end, or by a mark far inside. For files that nothing else knows.

A zip is found by its end record, whatever comes before it or became of its first bytes; disks have their marks after
32 KiB, images of virtual ones at their end. Reading is bounded: two small pieces of the file, three where its name
promises a zip.
"""

import re
import zlib
from contextlib import closing
from pathlib import Path, PurePath

from transload.archives.blob import Blob, ByteFile, blob_of
from transload.archives.sniff import HEAD_BYTES, archive_format, is_zero_tar, likeness
from transload.archives.zip.directory import END_BYTES_MAX, END_MAGIC, find_end
from transload.archives.zip.entries import LOCAL_MAGIC
from transload.errors import NotArchiveError, TransloadError, TruncatedError, UnsupportedError
from transload.units import KIB, MIB

_FOR_PEOPLE = {
    "ace": "ACE",
    "rar14": "RAR 1.4",
    "arc": "ARC",
    "zoo": "Zoo",
    "stuffit": "StuffIt",
    "stuffit x": "StuffIt X",
}
"""Formats whose short names are not how people know them."""
TAIL_BYTES = 4 * KIB
"""Holds the end record of a zip with a comment of usual length."""

_LEAD_BYTES = MIB  # how far in a zip without its end is looked for
_ZIP_SUFFIXES = frozenset({".zip", ".zipx", ".cbz"})
_SECTORS_AT = 32 * KIB
_SECTORS = {
    b"CD001": "iso",
    b"BEA01": "udf",
    b"NSR02": "udf",
    b"NSR03": "udf",
}  # ECMA-119 8.1, ECMA-167 2/9
_FOOTER_BYTES = 512
_FOOTERS = {b"koly": "dmg disk image", b"conectix": "vhd disk image"}
_DOCUMENT_NAMES = (
    b"word/", b"xl/", b"ppt/", b"[Content_Types].xml", b"mimetype", b"META-INF/", b"AndroidManifest",
)  # fmt: skip


def read_head(where: Path | Blob) -> bytes:
    """The first bytes of a file, as many as `archive_format` wants. Raises UnreadableError."""
    file = blob_of(where).open()
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def is_archive(name: str, head: bytes) -> bool:
    """Whether a file is an archive by its content, or an empty tar by name and content."""
    return format_of_head(name, head) is not None


def format_of_head(name: str, head: bytes) -> str | None:
    """Short name of the format of the first bytes; an empty tar has its name only."""
    return archive_format(head) or ("tar" if _is_empty_tar(name, head) else None)


def format_of(blob: Blob, head: bytes) -> str | None:
    """Short name of the format of an archive that begins with `head`; None: it is no archive that is known."""
    return format_of_head(blob.name, head) or embedded_format(blob, head) or hidden_format(blob)


def _is_empty_tar(name: str, head: bytes) -> bool:
    return name.lower().endswith(".tar") and is_zero_tar(head)


def refusal(name: str, found: str | None, head: bytes) -> TransloadError:
    """Why a file is not opened that is of the format `found`, which no reader here knows, or of none."""
    if found is not None:
        return UnsupportedError(
            f"{name} is of the format {_FOR_PEOPLE.get(found, found)}, which no reader here knows",
            suggestion="Unpack it with the program that made it and send the folder.",
        )
    if not head:
        return TruncatedError(f"{name} is empty (0 bytes)")
    return NotArchiveError(
        f"{name} is not an archive: it begins like {likeness(head)}",
        suggestion="Perhaps the download gave a web page instead of the file: look into it.",
        evidence=f"first bytes: {head[:16].hex(' ')}",
    )


def hidden_format(blob: Blob) -> str | None:
    """Short name of the archive that a file is although it begins as nothing known; None: it is none.

    Containers of office, Java and Android are documents, not archives. Raises UnreadableError and network errors.
    """
    with closing(blob.open()) as file:
        try:
            size = file.size
        except UnsupportedError:  # a server that does not say where the end is
            return None
        if (disk := _disk(file)) is not None:
            return disk
        named_zip = PurePath(blob.name).suffix.lower() in _ZIP_SUFFIXES
        tail = file.read_at(max(size - TAIL_BYTES, 0), TAIL_BYTES)
        if (named_zip or END_MAGIC in tail) and _ends_as_zip(file):
            return "zip"
        for mark, name in _FOOTERS.items():
            if tail[-_FOOTER_BYTES:].startswith(mark):
                return name
        return "zip" if named_zip and LOCAL_MAGIC in file.read_at(0, _LEAD_BYTES) else None


def disk_format(blob: Blob) -> str | None:
    """`iso` or `udf` for the image of a disk: whatever it begins with, and whatever its last file is."""
    with closing(blob.open()) as file:
        return _disk(file)


def _disk(file: ByteFile) -> str | None:
    return _SECTORS.get(file.read_at(_SECTORS_AT, 6)[1:])


def _ends_as_zip(file: ByteFile) -> bool:
    """Whether there is an end record whose directory is where it says, near enough the end of the file."""
    low = max(file.size - END_BYTES_MAX, 0)
    end = find_end(file, file.size) if END_MAGIC in file.read_at(low, END_BYTES_MAX) else None
    if end is None or end.start is None or end.start == end.stop:
        return False
    record = file.read_at(end.start, 46 + 32)
    return not record[46:].startswith(_DOCUMENT_NAMES)


# Self-extracting archives: a program with an archive after it. Content decides, the program is never run.


STUB_BYTES_MAX = 4 * MIB
"""How far into a program an archive is looked for: 7-Zip's own stubs are 150 to 300 KiB, installers' up to 2 MiB."""

_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PROGRAM_SUFFIXES = frozenset({"", ".exe", ".bin", ".run", ".sfx", ".com"})
_SIGNATURE = re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07")
_PROOF_BYTES = 160  # a 7z's start, or a RAR's signature and main header
_ZIP_END = b"PK\x05\x06"  # APPNOTE.TXT 4.3.16, with at most 64 KiB of comment after it
_ZIP_END_BYTES = 22 + 0xFFFF
_STUB_STEP = 256 * KIB


def embedded_format(blob: Blob, head: bytes) -> str | None:
    """`sfx` for a program with a 7z or RAR in it, `zip` for one that ends as a zip does; None for any other file.

    What has a program's name, or none, may be one of a system that is not known here.
    """
    is_program = head.startswith(_PROGRAMS)
    if not is_program and PurePath(blob.name).suffix.lower() not in _PROGRAM_SUFFIXES:
        return None
    if not is_program and disk_format(blob) is not None:
        return None
    with closing(blob.open()) as file:
        if _holds_archive(file):
            return "sfx"
        start = max(0, file.size - _ZIP_END_BYTES)
        return "zip" if _ZIP_END in file.read_at(start, file.size - start) else None


def _holds_archive(file: ByteFile) -> bool:
    """Whether a 7z or RAR begins within the first megabytes: a signature, and a header whose sum is right."""
    kept = b""
    for at in range(0, min(file.size, STUB_BYTES_MAX), _STUB_STEP):
        step = kept + file.read_at(at, _STUB_STEP)
        for found in _SIGNATURE.finditer(step):
            start = at - len(kept) + found.start()
            if _is_start(file.read_at(start, _PROOF_BYTES)):
                return True
        kept = step[-16:]
    return False


def _is_start(block: bytes) -> bool:
    if block.startswith(b"7z"):
        return zlib.crc32(block[12:32]) == int.from_bytes(block[8:12], "little")
    if block[6:7] == b"\x00":  # RAR 1.5 to 4: sum, type, flags, size of the main header
        size = int.from_bytes(block[12:14], "little")
        return block[9:10] == b"\x73" and zlib.crc32(
            block[9 : 7 + size]
        ) & 0xFFFF == int.from_bytes(block[7:9], "little")
    # RAR 5: sum and size of the first header; the size of one so small is one byte
    end = 13 + block[12] if len(block) > 12 else 0
    return zlib.crc32(block[12:end]) == int.from_bytes(block[8:12], "little")
