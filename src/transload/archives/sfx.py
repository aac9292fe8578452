"""Self-extracting archives: a program with an archive behind it. Content decides, the program is never run."""

from contextlib import closing
from pathlib import PurePath

from transload.archives.blob import Blob, ByteFile

STUB_BYTES_MAX = 4 << 20
"""How far into a program an archive is looked for: 7-Zip's own stubs are 150 to 300 KiB, installers' up to 2 MiB."""

_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PROGRAM_SUFFIXES = frozenset({"", ".exe", ".bin", ".run", ".sfx", ".com"})
_SIGNATURES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
_ZIP_END = b"PK\x05\x06"  # APPNOTE.TXT 4.3.16, with at most 64 KiB of comment behind
_ZIP_END_BYTES = 22 + 0xFFFF
_STEP = 256 << 10


def embedded_format(blob: Blob, head: bytes) -> str | None:
    """`sfx` for a program with a 7z or RAR in it, `zip` for one that ends as a zip does; None for any other file."""
    is_program = head.startswith(_PROGRAMS)
    if not is_program and PurePath(blob.name).suffix.lower() not in _PROGRAM_SUFFIXES:
        return None
    with closing(blob.open()) as file:
        if is_program and _holds_signature(file):
            return "sfx"
        start = max(0, file.size - _ZIP_END_BYTES)
        return "zip" if _ZIP_END in file.read_at(start, file.size - start) else None


def _holds_signature(file: ByteFile) -> bool:
    kept = b""
    for at in range(0, min(file.size, STUB_BYTES_MAX), _STEP):
        step = kept + file.read_at(at, _STEP)
        if any(signature in step for signature in _SIGNATURES):
            return True
        kept = step[-16:]
    return False
