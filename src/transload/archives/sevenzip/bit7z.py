"""The last resort for 7z: methods that 7zz has no decoder for (Zstandard, LZ4, Brotli), by pybit7z in a child.

The library gives an entry as one piece of memory, so what it may give is capped. Run as `python -I -m
transload.archives.sevenzip.bit7z MAX_ENTRY_BYTES ARCHIVE [FILE_WITH_NAMES]`; a password comes on standard input.
"""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transload.archives.sevenzip.process import RC_DAMAGED
from transload.entry import Limits
from transload.processes.registry import NO_REGISTRY, ChildRegistry
from transload.units import MIB

if TYPE_CHECKING:
    import pybit7z

MAX_ENTRY_BYTES = 256 * MIB
"""More would need more memory than a reader should take on a small machine."""

RC_TOO_LARGE = 8


@dataclass(frozen=True, slots=True)
class Bit7z:
    """The program, in the shape of `SevenZip`: it reads entries and tests, it does not list."""

    max_entry_bytes: int
    registry: ChildRegistry = NO_REGISTRY

    def words(self, command: str, archive: Path, names: str | None) -> list[str]:
        """A command line; both commands write entries, the reader of a test throws them away."""
        del command
        own = [
            sys.executable,
            "-I",
            "-m",
            "transload.archives.sevenzip.bit7z",
            str(self.max_entry_bytes),
        ]
        return [*own, str(archive), *([] if names is None else [names])]


def last_resort(limits: Limits, registry: ChildRegistry = NO_REGISTRY) -> Bit7z | None:
    """The program, None where the library is not installed."""
    if importlib.util.find_spec("pybit7z") is None:
        return None
    return Bit7z(min(MAX_ENTRY_BYTES, limits.max_entry_bytes), registry)


def main(arguments: list[str]) -> int:
    """Write the wanted entries to standard output in the archive's order; returns the exit status."""
    import pybit7z

    limit, archive = int(arguments[0]), arguments[1]
    names = _names(arguments[2]) if len(arguments) > 2 else None
    password = "" if os.isatty(0) else sys.stdin.readline().rstrip("\n")
    status = 0
    with pybit7z.lib7zip_context(large_page_mode=False) as library:
        library.load_plugins([pybit7z.default_plugin_dir()])
        try:
            reader = pybit7z.BitArchiveReader(library, archive, pybit7z.FormatSevenZip, password)
        except pybit7z.BitException:
            return RC_DAMAGED
        for item in reader.items():
            if not item.is_dir() and (names is None or item.path() in names):
                status = max(status, _write(reader, item, limit))
    return status


def _names(path: str) -> set[str]:
    lines = Path(path).read_bytes().decode("utf-8", "surrogateescape").split("\n")
    return {line.replace("/", os.sep) for line in lines if line}


def _write(
    reader: "pybit7z.BitArchiveReader", item: "pybit7z.BitArchiveItemInfo", limit: int
) -> int:
    import pybit7z

    if item.size() > limit:
        return RC_TOO_LARGE
    try:
        data = reader.extract_to(item.index()) if item.size() else b""
    except pybit7z.BitException:
        return RC_DAMAGED
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
