"""Archives that do not begin as such: told by their end, or by a mark far inside. For files that nothing else knows.

A zip is found by its end record, whatever comes before it or became of its first bytes; disks have their marks after
32 KiB, images of virtual ones at their end. Reading is bounded: two small pieces of the file, three where its name
promises a zip.
"""

from contextlib import closing
from pathlib import PurePath

from transload.archives.blob import Blob, ByteFile
from transload.archives.zip.directory import END_BYTES_MAX, END_MAGIC, find_end
from transload.archives.zip.entries import LOCAL_MAGIC
from transload.errors import UnsupportedError
from transload.units import KIB, MIB

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
