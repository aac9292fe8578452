"""What a source holds: entries, how reading ended, the bounds on reading. Values only, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from transload.blob import Blob
from transload.faults import Fault
from transload.units import GIB, MIB

# The endings of names that promise media, an archive or a document, in small letters with their dot.


def _dotted(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


PHOTO_SUFFIXES = _dotted(
    "jpg jpeg jpe jfif png apng gif webp heic heif hif avif tif tiff bmp jxl jp2 psd tga ppm pgm pbm pnm pcx"
    " dng nef nrw arw cr2 pef srw"
)
VIDEO_SUFFIXES = _dotted(
    "mp4 m4v mov qt 3gp 3g2 mkv webm avi flv f4v wmv asf mpg mpeg m2v vob ts mts m2ts ogv rm rmvb mxf divx ivf"
    " dv hevc h265 h264 obu nut y4m mjpeg mjpg"
)
AUDIO_SUFFIXES = _dotted(
    "mp3 m4a m4b aac ogg oga opus flac wav wma amr aif aiff ac3 eac3 ec3 mka ape wv caf tta au snd dts mp2 mp1"
)
MEDIA_SUFFIXES = PHOTO_SUFFIXES | VIDEO_SUFFIXES | AUDIO_SUFFIXES

ARCHIVE_SUFFIXES = frozenset({
    ".zip", ".zipx", ".cbz", ".7z", ".cb7", ".rar", ".cbr", ".tar", ".cbt", ".tgz", ".gz", ".tbz", ".tbz2", ".bz2",
    ".txz", ".xz", ".tzst", ".zst", ".lz4", ".lz", ".tlz", ".lzma", ".z", ".taz", ".cab", ".cpio", ".ar",
    ".xar", ".lzh", ".lha", ".ace",
    ".iso", ".arj", ".squashfs", ".wim", ".dmg", ".zoo", ".arc", ".sit", ".sitx", ".lzo", ".lrz", ".zpaq",
})  # fmt: skip
"""Endings by which people know archives; content decides, these only word the errors and titles."""

DOCUMENT_SUFFIXES = frozenset({
    ".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm", ".ppsx", ".odt", ".ods", ".odp", ".odg",
    ".pages", ".numbers", ".key", ".epub", ".apk", ".xapk", ".aab", ".ipa", ".jar", ".war", ".whl", ".xpi", ".crx",
    ".kra", ".ora", ".sketch", ".3mf", ".kmz", ".deb", ".udeb", ".ipk", ".rpm", ".a", ".lib",
})  # fmt: skip
"""Archives in form, documents in use: they are sent whole, never opened."""


def is_document(name: str) -> bool:
    """Whether an archive of this name is a document that is never opened."""
    return PurePosixPath(name).suffix.lower() in DOCUMENT_SUFFIXES


def title_of(name: str) -> str:
    """A file's name without its ending; `.tar.gz` and the like go as one."""
    path = PurePosixPath(name)
    if (
        path.suffix.lower() in ARCHIVE_SUFFIXES
        and PurePosixPath(path.stem).suffix.lower() == ".tar"
    ):
        return PurePosixPath(path.stem).stem
    return path.stem


INNER_DIGITS = 7  # of a place inside an archive, a level: fixed, so that texts sort as numbers do

Place = tuple[int, str]
"""(`index`, `inner`) of an entry or its item; places sort in the order of the source."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file inside a source, as its listing has it. `index` is its identity: names may repeat.

    `name` is decoded for display and never used as a path; `raw_name` keeps the bytes. `size` is None when it is not
    known before reading; `crc` is None when the listing has none. `block` is the solid group. `mtime_ms` is UTC.
    `trouble` is why this entry can be named but not read (an encrypted or overlapping one), else None.
    `inner` is the place inside archives within this source: their entries' own indices, seven digits a level, "" for an
    entry of the source itself; `index` is then that of the outermost one. `blob` opens the bytes of an entry that is a
    file of its own, in a folder here or on a server, again and again; None for an entry of an archive. `part_of` names
    the entry that is opened for the volume set that this one belongs to: itself or another.
    """

    index: int
    name: str
    raw_name: bytes
    size: int | None
    crc: int | None = None
    packed: int | None = None
    block: int | None = None
    kind: Literal["file", "dir", "link"] = "file"
    encrypted: bool = False
    mtime_ms: int | None = None
    trouble: Fault | None = None
    inner: str = ""
    blob: Blob | None = None
    part_of: str | None = None

    @property
    def place(self) -> Place:
        """What distinguishes this entry from every other of its source."""
        return self.index, self.inner

    @property
    def crc_text(self) -> str | None:
        """Eight upper hex digits, None where the listing has none."""
        return None if self.crc is None else f"{self.crc:08X}"

    @property
    def path(self) -> Path | None:
        """The user's own file on this machine that the entry is, None where it is none."""
        return None if self.blob is None else self.blob.path


RAISE_LIMIT = "If you trust this source, raise `{}` and send it again."
"""What may be done about a limit: its setting goes in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a hostile archive may cost; all count real bytes. Values are settings (`archive.*`)."""

    max_ratio: int = 200
    ratio_after_bytes: int = 64 * MIB
    harmless_bytes: int = 256 * MIB
    max_entry_bytes: int = 16 * GIB
    max_total_bytes: int = 256 * GIB
    max_entries: int = 200_000
    max_depth: int = 3
    max_dictionary_bytes: int = GIB


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known of a source before its bodies are read; None where only reading could say.

    `one_file` says that it is a file, plain or packed alone, and not a collection of them.
    """

    format: str
    entries: int | None
    size_bytes: int | None
    encrypted: bool = False
    one_file: bool = False


@dataclass(frozen=True, slots=True)
class ReadReport:
    """How reading ended: bytes taken from the source, and the fault when not every entry could be reached.

    `unvouched` is the first entry that was given before the sum over its bytes was compared, when that sum was wrong.
    """

    bytes_read: int
    fault: Fault | None = None
    warnings: tuple[str, ...] = ()
    unvouched: int | None = None


@dataclass(frozen=True, slots=True)
class SourceContents:
    """What a source holds, without its bodies."""

    source: str
    listing: Listing
    entries: tuple[Entry, ...]
    report: ReadReport


@dataclass(frozen=True, slots=True)
class Secret:
    """A password. It shows itself to nobody: no log, error or crash dump that prints values has its text."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a source is given when it is opened: passwords to try in their order, a folder for what must be spooled.

    `spool` None: an archive that cannot be read where it lies raises UnsupportedError.
    """

    passwords: tuple[Secret, ...] = ()
    spool: Path | None = None

    @classmethod
    def trying(cls, texts: Sequence[str]) -> "Opening":
        """These passwords, and no folder."""
        return cls(tuple(Secret(text) for text in texts))
