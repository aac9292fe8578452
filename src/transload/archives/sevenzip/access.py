"""How to get into an archive with 7zz, and which of its members can be asked for by their names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transload.archives.sevenzip.listing import Member, listed_names
from transload.archives.sevenzip.process import QUIET_S, DecoderProcess
from transload.archives.sevenzip.tool import Program, SevenZip
from transload.entry import Secret

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


def misspelled(door: ArchiveAccess, members: Sequence[Member]) -> set[bytes]:
    """Listed names that are not what the archive holds: asking for them gives nothing, or too few.

    7zz alone can tell, in one more listing of the names that may be meant; another program is not asked.
    """
    listed = Counter(
        one.raw for one in members if LISTED_BREAK in one.raw and is_selectable(one.raw)
    )
    if not listed or not isinstance(door.program, SevenZip):
        return set()
    with door.run("l", list(listed)) as run:
        found = Counter(listed_names(run.lines()))
    return {raw for raw, count in listed.items() if found[raw] < count}
