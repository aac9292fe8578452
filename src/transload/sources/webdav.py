"""Folders on WebDAV servers (RFC 4918) as sources: `webdav://` and `webdavs://host/folder/`.

Where things are is never taken from the server: of an address in its listing only the last name counts, below the
folder that was asked for, and the next address is made of that.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError, XMLParser

from transload.entry import Opening
from transload.errors import (
    LimitError,
    RemoteBrokenError,
    TransientError,
    UnsupportedError,
)
from transload.net.fetch import Answer, Asked, Target, Web, host_scope, target_of
from transload.source_port import Source, SourceRef
from transload.sources.http import HttpSources
from transload.sources.http_blob import RemoteBlob, blob_at
from transload.sources.remote_tree import RemoteTree, TreeEntry, TreePath
from transload.sources.webdav_listing import FolderListing, Multistatus, names_of
from transload.units import KIB, MIB

SCHEMES = {"webdav": "http", "webdavs": "https"}
LISTING_BYTES_MAX = 128 * MIB
"""Of one folder: 150,000 names as talkative servers describe them."""
_CHUNK_BYTES = 64 * KIB
_QUESTION = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>"
)
_ACCEPTS = frozenset({200, 207, 405, 501})
"""All but the second are answers of servers that know no WebDAV."""


class WebdavSources:
    """The `Sources` port for WebDAV. `http` reads what turns out to be a single file; at most `max_entries` names."""

    def __init__(self, http: HttpSources, web: Callable[[], Web], max_entries: int) -> None:
        self._http = http
        self._web = web
        self._max_entries = max_entries

    def check(self, text: str) -> None:
        """Raise InvalidUrlError for what is no address."""
        target_of(as_http(text))

    def resolve(self, text: str) -> SourceRef:
        """The folder or file at an address, asked for by one or two requests. Only `ref` keeps user and password.

        Raises what `HttpSources.resolve` does; UnsupportedError where the server speaks no WebDAV.
        """
        ref = text.strip().partition("#")[0]
        server = WebdavServer(self._web(), target_of(as_http(ref)), self._max_entries)
        with closing(server):
            is_folder = server.is_folder()
        if is_folder:
            return SourceRef(ref, server.identity, server.title, scopes=(server.scope,))
        return replace(self._http.resolve(as_http(ref)), ref=ref)

    def open(self, ref: str, opening: Opening) -> Source:
        """Open what `resolve` named: a folder as a tree, anything else as `HttpSources.open` does. Raises the same."""
        server = WebdavServer(self._web(), target_of(as_http(ref)), self._max_entries)
        try:
            if server.is_folder():
                return RemoteTree(server, server.title, self._max_entries)
        except BaseException:
            server.close()
            raise
        server.close()
        return self._http.open(as_http(ref), opening)


def as_http(text: str) -> str:
    """The web address that a WebDAV address stands for."""
    scheme, colon, rest = text.strip().partition(":")
    return SCHEMES.get(scheme.lower(), scheme) + colon + rest


class WebdavServer:
    """A `TreeServer` over one folder. The login goes with every request, but to no other host."""

    def __init__(self, web: Web, target: Target, max_entries: int) -> None:
        self._web = web
        self._target = target
        self._max_entries = max_entries

    @property
    def scope(self) -> str:
        """The server's host."""
        return host_scope(self._target.url)

    @property
    def title(self) -> str:
        """The folder's name, else the server's."""
        url = urlsplit(self._target.url)
        names = names_of(url.path)
        return names[-1].decode("utf-8", "replace") if names else url.hostname or "files"

    @property
    def identity(self) -> str:
        """The folder's address without a login, however it was written."""
        _, colon, rest = self._at((), is_folder=True).url.partition(":")
        return ("webdavs" if self._target.url.startswith("https:") else "webdav") + colon + rest

    def is_folder(self) -> bool:
        """Whether the address is that of a folder, by one request. Raises what `names` raises."""
        return self._listed(self._target, "0").is_folder

    def names(self, folder: TreePath) -> Sequence[TreeEntry]:
        """What is in a folder, as the server lists it.

        Raises LimitError where that is too much, UnsupportedError where it is no listing or a hostile one,
        RemoteBrokenError where it cannot be read, and what `Web.ask` raises.
        """
        return self._listed(self._at(folder, is_folder=True), "1").names

    def file(self, path: TreePath, first_bytes: int) -> RemoteBlob:
        """The file at a place, its first bytes on their way. Raises what `Web.get` raises."""
        blob = blob_at(self._web, self._at(path, is_folder=False), first_bytes)
        blob.remote = replace(blob.remote, name=path[-1].decode("utf-8", "replace"))
        return blob

    def rest(self, seconds: float) -> None:
        """Wait as the client does between its tries."""
        self._web.pause(seconds)

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._web.close()

    def _at(self, path: TreePath, *, is_folder: bool) -> Target:
        url = urlsplit(self._target.url)
        inside = "/".join(quote(name, safe="") for name in path)
        whole = f"{url.path.rstrip('/')}/{inside}" + ("/" if is_folder and path else "")
        return replace(self._target, url=urlunsplit((url.scheme, url.netloc, whole, url.query, "")))

    def _listed(self, target: Target, depth: str) -> FolderListing:
        """What the server says of a place; a listing that breaks off is asked for again."""
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        asked = Asked("PROPFIND", headers, _QUESTION, _ACCEPTS)
        failures = 0
        while True:
            with closing(self._answer(asked, target)) as answer:
                if answer.status != 207:
                    raise UnsupportedError(
                        f"{target.shown} speaks no WebDAV (status {answer.status})",
                        suggestion="Give the address of a single file with http:// or https:// before it.",
                    )
                try:
                    return self._read(answer, target, alone=depth == "0")
                except TransientError as error:
                    failures += 1
                    self._web.rest(failures, error)

    def _answer(self, asked: Asked, target: Target) -> Answer:
        """The answer about a place. A server with a fault of its own is as good as out of reach: it is waited for."""
        try:
            return self._web.ask(asked, target)
        except RemoteBrokenError as error:
            error.within(self.scope)
            raise

    def _read(self, answer: Answer, target: Target, *, alone: bool) -> FolderListing:
        said = Multistatus(answer.url, self._max_entries, alone=alone)
        parser = XMLParser(target=said, encoding="utf-8")
        size, before = 0, b""
        try:
            while chunk := answer.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > LISTING_BYTES_MAX:
                    raise LimitError(f"the listing of {target.shown} is larger than {size} bytes")
                if b"<!DOCTYPE" in before + chunk:  # entities could make it grow without end
                    raise UnsupportedError(f"the listing of {target.shown} has a DOCTYPE")
                before = (before + chunk)[-16:]
                parser.feed(chunk)
            parser.close()
        except ParseError as error:
            raise RemoteBrokenError(
                f"the listing of {target.shown} cannot be read", evidence=str(error)
            ) from error
        return said.listing()
