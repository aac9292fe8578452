"""Archives that are read here, without 7zz and without a directory: tars, packed files, and old formats."""

import contextlib
from pathlib import Path

from transload.archives.blob import Blob, local_path
from transload.archives.codecs.decoders import COMPRESSIONS
from transload.archives.single import SingleReader
from transload.archives.tar.index import TarIndex
from transload.archives.tar.reader import TarReader, holds_tar
from transload.entry import Limits
from transload.errors import UnreadableError
from transload.source_port import ArchiveReader

INDICES_MAX = 4  # tars whose places are remembered: those that are being read


class OwnReaders:
    """Opens what is read here, and remembers where the entries of the latest tars lie."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._indices: dict[tuple[Path, int, int], TarIndex] = {}

    def open(self, blob: Blob, found: str) -> ArchiveReader | None:
        """The reader for a format, None for one (or a cabinet of a kind) that is not read here.

        Raises what reading the first bytes raises; NeedsLocalFileError for a remote blob of an old format.
        """
        if found == "tar":
            return TarReader(blob, self._limits, None, self._index_of(blob))
        if found in COMPRESSIONS:
            if holds_tar(blob, found):
                return TarReader(blob, self._limits, found, self._index_of(blob))
            return SingleReader(blob, found)
        if found in ("ar", "cpio"):
            return self._records(blob, found)
        return self._cabinet(blob) if found == "cab" else None

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

    def _records(self, blob: Blob, found: str) -> ArchiveReader:
        from transload.archives.records.ar import MAGIC, Ar
        from transload.archives.records.cpio import Cpio
        from transload.archives.records.reader import RecordReader

        local_path(blob)
        form, start = (Ar(), len(MAGIC)) if found == "ar" else (Cpio(), 0)
        return RecordReader(blob, form, start, self._limits)

    def _cabinet(self, blob: Blob) -> ArchiveReader | None:
        from transload.archives.cab.reader import CabReader, read_directory

        local_path(blob)
        with contextlib.ExitStack() as undo:
            file = blob.open()
            undo.callback(file.close)
            cabinet = read_directory(file, self._limits)
            if cabinet is None:
                return None
            reader = CabReader(blob, file, cabinet, self._limits)
            undo.pop_all()
        return reader
