"""What the flow needs of sources, as protocols, apart from the other ports: to list an archive, no more is loaded.

`Source`, `ArchiveReader` and `Sources` block and are used from one worker thread at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from transload.blob import Blob
from transload.entry import Entry, Limits, Listing, Opening, ReadReport, Secret

Want = Callable[[Entry], bool]
"""Whether an entry is to be read."""


class ArchiveReader(Protocol):
    """Entries of one archive, streamed. Used from one thread.

    `stream` is one pass in archive order over the wanted entries with `index >= start`; each body is read before the
    next is asked for, the unread rest is drained or passed over by the reader. A body's `read(n)` gives at most n
    bytes, b"" at the end, and raises CorruptError (wrong CRC, known only at the end), TruncatedError or LimitError;
    after that the stream goes on with the next entry where the format allows it, else it ends and `finish().fault`
    says why. Entries with `trouble`, folders and links are listed but never streamed. `want` is asked once for each
    entry that is not a folder, in order; for one that cannot be streamed its answer changes nothing. Memory: one
    64 KiB chunk beside the decoder, plus the archive's own directory.
    """

    @property
    def listed(self) -> bool:
        """Whether `entries` reads a directory instead of the whole archive."""
        ...

    def listing(self) -> Listing:
        """Format and sums; None where only reading could say. Raises LimitError on too many entries."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Every entry in archive order; reads the whole archive when it has no directory."""
        ...

    def cost_to(self, index: int) -> int:
        """Bytes to decode and throw away before entry `index`."""
        ...

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        """Wanted entries with their bodies, as described above."""
        ...

    def finish(self) -> ReadReport:
        """How reading went so far."""
        ...

    def close(self) -> None:
        """Release the file; ends a child by its pid. May be called twice."""
        ...


OpenArchive = Callable[[Path | Blob, str], ArchiveReader]
"""Opens what an entry is, or what was written of it, under its display name: raises what `Sources.open` does.

One that lies elsewhere and can only be read from a file on this machine raises NeedsLocalFileError.
"""


OpenWithPasswords = Callable[[Path | Blob, str, tuple[Secret, ...]], ArchiveReader]
"""The same, with the passwords to try in their order."""


class Source(ArchiveReader, Protocol):
    """Where bytes come from: an archive, a folder or a single file with one entry."""

    @property
    def title(self) -> str:
        """Readable name of the source: the archive's name without its ending, the folder's name."""
        ...


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source as a command names it: `ref` is enough to open it again, equal sources have equal `identity`.

    `version` changes with the content of the source; empty where only reading could say so. `scopes` are what its waits
    may be named by: its host, its account.
    """

    ref: str
    identity: str
    title: str
    version: str = ""
    scopes: tuple[str, ...] = ()


class Sources(Protocol):
    """All kinds of sources behind one door, chosen by scheme."""

    def check(self, text: str) -> None:
        """Raise UsageError or InvalidUrlError where a text has not the shape of a source. Pure: nothing is asked."""
        ...

    def resolve(self, text: str) -> SourceRef:
        """The source a user means. Raises SourceNotFoundError, UnreadableError, UsageError; opens no archive."""
        ...

    def open(self, ref: str, opening: Opening) -> Source:
        """Open it for reading, with what `opening` gives.

        Raises UnreadableError, UnsupportedError, CorruptError, TruncatedError, LimitError, MissingVolumeError,
        SevenZipMissingError, the errors of the network; PasswordNeededError or WrongPasswordError where not even the
        names can be read. Entries that no password opens have one of these two as their `trouble`.
        """
        ...
