"""Self-extracting archives: a program with an archive after it. Content decides, the program is never run."""

import re
import zlib
from contextlib import closing
from pathlib import PurePath

from transload.archives.blob import Blob, ByteFile
from transload.archives.late_signatures import disk_format
from transload.units import KIB, MIB

STUB_BYTES_MAX = 4 * MIB
"""How far into a program an archive is looked for: 7-Zip's own stubs are 150 to 300 KiB, installers' up to 2 MiB."""

_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PROGRAM_SUFFIXES = frozenset({"", ".exe", ".bin", ".run", ".sfx", ".com"})
_SIGNATURE = re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07")
_PROOF_BYTES = 160  # a 7z's start, or a RAR's signature and main header
_ZIP_END = b"PK\x05\x06"  # APPNOTE.TXT 4.3.16, with at most 64 KiB of comment after it
_ZIP_END_BYTES = 22 + 0xFFFF
_STEP = 256 * KIB


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
    for at in range(0, min(file.size, STUB_BYTES_MAX), _STEP):
        step = kept + file.read_at(at, _STEP)
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
