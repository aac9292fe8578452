"""Sources on web servers: archives read where they lie as far as format and server allow, and single files."""

import logging
from collections.abc import Callable
from pathlib import Path

from transload.archives.blob import RenamedBlob
from transload.archives.open import Archives
from transload.archives.recognition import embedded_format, format_of_head, is_archive
from transload.archives.volumes import refuse_remote_piece
from transload.entry import (
    ARCHIVE_SUFFIXES,
    Opening,
    is_document,
    title_of,
)
from transload.errors import (
    NeedsLocalFileError,
    RemoteBrokenError,
    UnsteadyError,
)
from transload.net.fetch import Target, Web, host_scope, target_of
from transload.source_port import Source, SourceRef
from transload.sources.download import Reserve, Spool, no_spool
from transload.sources.http_blob import (
    HEAD_BYTES,
    UNSTEADY,
    RemoteBlob,
    blob_at,
    in_one_piece,
    look_further,
)
from transload.sources.http_source import BlockArchive, RemoteArchive, RemoteFile
from transload.sources.remote import look

log = logging.getLogger(__name__)

_NO_PARTS = "the server cannot give parts of a file"
_LOCAL_ONLY = "this format can only be read from a local file"
_TOGETHER = "its entries can only be had all together"
_BY_DIRECTORY = frozenset({"zip", "7z", "rar"})
"""What is opened from its end: for these the second answer comes while they are opened."""
_LOCAL_ENTRIES = "some of its entries can only be read from a local file"


class HttpSources:
    """The `Sources` port for http and https. `web` makes a client, one a source; `reserve` guards the disk."""

    def __init__(self, archives: Archives, web: Callable[[], Web], reserve: Reserve) -> None:
        self._archives = archives
        self._web = web
        self._reserve = reserve

    def check(self, text: str) -> None:
        """Raise InvalidUrlError for what is no web address."""
        target_of(text)

    def resolve(self, text: str) -> SourceRef:
        """The file at an address, asked for by one request of one byte. Only `ref` keeps user and password.

        Raises InvalidUrlError, BlockedAddressError, TlsError, and the errors of source.* and net.*.
        """
        target, web = target_of(text), self._web()
        try:
            remote, answer = look(web, target, 1)
            answer.close()
        finally:
            web.close()
        return SourceRef(
            text.strip().partition("#")[0],
            target.url,
            title_of(remote.name),
            remote.version,
            (host_scope(target.url),),
        )

    def open(self, ref: str, opening: Opening) -> Source:
        """Open what `resolve` named: as an archive by content or by a name that promises one, else as a file.

        Raises what `resolve` and `Archives.open` raise; UnsupportedError without a folder for what must be fetched
        whole; DiskFullError, LimitError, StoreError where that fails.
        """
        web = self._web()
        try:
            return self._opened(web, target_of(ref), opening)
        except BaseException:
            web.close()
            raise

    def _opened(self, web: Web, target: Target, opening: Opening) -> Source:
        blob = blob_at(web, target, HEAD_BYTES)
        try:
            try:
                return self._source(blob, opening)
            except (UnsteadyError, RemoteBrokenError) as error:
                log.info("unsteady_server", extra={"detail": error.detail})
                blob = in_one_piece(blob)
                return self._source(blob, opening, UNSTEADY)
        except BaseException:
            blob.close()
            raise

    def _source(self, blob: RemoteBlob, opening: Opening, warning: str = "") -> Source:
        """The file as a source. Raises UnsteadyError where the server's second answer contradicts its first."""
        if is_document(blob.name) or not _promises_archive(blob, _head(blob)):
            return RemoteFile(blob)
        if format_of_head(blob.name, _head(blob)) not in _BY_DIRECTORY:
            look_further(blob)
        return self._archive(blob, opening, warning)

    def _archive(self, blob: RemoteBlob, opening: Opening, warning: str) -> Source:
        refuse_remote_piece(blob.name)
        if format_of_head(blob.name, _head(blob)) == "zip" and not blob.in_parts:
            return self._spooled(blob, warning or _NO_PARTS, opening)
        try:
            reader = self._archives.open(blob, opening.passwords)
        except NeedsLocalFileError:
            return self._by_blocks(blob, opening)
        if opening.spool is not None and self._archives.reads_more_here(reader, opening.passwords):
            reader.close()
            return self._spooled(blob, _LOCAL_ENTRIES, opening)
        return RemoteArchive(reader, blob, warning)

    def _by_blocks(self, blob: RemoteBlob, opening: Opening) -> Source:
        """What 7zz reads: only the blocks that are wanted where that can be, else all of it first."""
        if blob.in_parts and opening.spool is not None:
            room = self._spool(opening.spool, blob).check_room
            try:
                reader = self._archives.open_by_blocks(blob, opening.spool, room, opening.passwords)
            except NeedsLocalFileError:
                return self._spooled(blob, _LOCAL_ONLY, opening)
            return BlockArchive(reader, blob, lambda: self._spooled(blob, _TOGETHER, opening))
        return self._spooled(blob, _LOCAL_ONLY, opening)

    def _spool(self, folder: Path, blob: RemoteBlob) -> Spool:
        return Spool(folder, blob.web, self._archives.limits.max_total_bytes, self._reserve)

    def _spooled(self, blob: RemoteBlob, why: str, opening: Opening) -> RemoteArchive:
        if opening.spool is None:
            raise no_spool(blob.remote, why)
        blob.close()
        path = self._spool(opening.spool, blob).whole(blob.remote)
        reader = self._archives.open(RenamedBlob(path, blob.name), opening.passwords)
        return RemoteArchive(reader, blob, f"spooled: {why}")


def _head(blob: RemoteBlob) -> bytes:
    file = blob.open()
    try:
        return file.read(HEAD_BYTES)
    finally:
        file.close()


def _promises_archive(blob: RemoteBlob, head: bytes) -> bool:
    """Whether it is to be opened as an archive: by its content, or by a name that people know archives by."""
    if (
        is_archive(blob.name, head)
        or "." + blob.name.rpartition(".")[2].lower() in ARCHIVE_SUFFIXES
    ):
        return True
    return blob.in_parts and embedded_format(blob, head) is not None
