"""Folders on WebDAV servers (RFC 4918) as sources: `webdav://` and `webdavs://host/folder/`.

Where things are is never taken from the server: of an address in its listing only the last name counts, below the
folder that was asked for, and the next address is made of that.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError, XMLParser

from transload.entry import RAISE_LIMIT, Opening
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
from transload.sources.remote import date_ms
from transload.sources.remote_tree import RemoteTree, TreeEntry, TreePath
from transload.units import KIB, MIB
from transload.web_address import without_login

SCHEMES = {"webdav": "http", "webdavs": "https"}
LISTING_BYTES_MAX = 128 * MIB
"""Of one folder: 150,000 names as talkative servers describe them."""
_CHUNK_BYTES = 64 * KIB
_DAV: Final = "{DAV:}"
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
            scopes = (host_scope(as_http(ref)),)
            return SourceRef(ref, server.identity, server.title, scopes=scopes)
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
    def title(self) -> str:
        """The folder's name, else the server's."""
        url = urlsplit(self._target.url)
        names = _names_of(url.path)
        return names[-1].decode("utf-8", "replace") if names else url.hostname or "files"

    @property
    def identity(self) -> str:
        """The folder's address without a login, however it was written."""
        _, colon, rest = self._at((), is_folder=True).url.partition(":")
        return ("webdavs" if self._target.url.startswith("https:") else "webdav") + colon + rest

    def is_folder(self) -> bool:
        """Whether the address is that of a folder, by one request. Raises what `names` raises."""
        own, _ = self._listed(self._target, "0")
        return own

    def names(self, folder: TreePath) -> Sequence[TreeEntry]:
        """What is in a folder, as the server lists it.

        Raises LimitError where that is too much, UnsupportedError where it is no listing or a hostile one,
        RemoteBrokenError where it cannot be read, and what `Web.ask` raises.
        """
        _, names = self._listed(self._at(folder, is_folder=True), "1")
        return names

    def file(self, path: TreePath, first_bytes: int) -> RemoteBlob:
        """The file at a place, its first bytes on their way. Raises what `Web.get` raises."""
        blob = blob_at(self._web, self._at(path, is_folder=False), first_bytes)
        blob.remote = replace(blob.remote, name=path[-1].decode("utf-8", "replace"))
        return blob

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self._web.close()

    def _at(self, path: TreePath, *, is_folder: bool) -> Target:
        url = urlsplit(self._target.url)
        inside = "/".join(quote(name, safe="") for name in path)
        whole = f"{url.path.rstrip('/')}/{inside}" + ("/" if is_folder and path else "")
        return replace(self._target, url=urlunsplit((url.scheme, url.netloc, whole, url.query, "")))

    def _listed(self, target: Target, depth: str) -> tuple[bool, Sequence[TreeEntry]]:
        """Whether the place is a folder, and what is in it; a listing that breaks off is asked for again."""
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        asked = Asked("PROPFIND", headers, _QUESTION, _ACCEPTS)
        failures = 0
        while True:
            with closing(self._web.ask(asked, target)) as answer:
                if answer.status != 207:
                    raise UnsupportedError(
                        f"{target.shown} speaks no WebDAV (status {answer.status})",
                        suggestion="Give the address of a single file with http:// or https:// before it.",
                    )
                try:
                    return self._read(answer, target)
                except TransientError as error:
                    failures += 1
                    self._web.rest(failures, error)

    def _read(self, answer: Answer, target: Target) -> tuple[bool, Sequence[TreeEntry]]:
        listing = _Multistatus(answer.url, self._max_entries)
        parser = XMLParser(target=listing, encoding="utf-8")
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
        return listing.is_folder, listing.names


def _names_of(path: str) -> TreePath:
    """The names in the path of an address; each is decoded once."""
    return tuple(unquote_to_bytes(name) for name in path.split("/") if name)


@dataclass(slots=True)
class _Response:
    """What a listing says of one place, as texts."""

    is_folder: bool = False
    texts: dict[str, str] = field(default_factory=dict[str, str])


class _Multistatus:
    """Takes in the elements of a listing (RFC 4918 14.16) one by one and keeps what is of use. Raises LimitError."""

    def __init__(self, url: str, max_entries: int) -> None:
        self.is_folder = False
        self.names: list[TreeEntry] = []
        self._base = urlsplit(url)
        self._folder = _names_of(self._base.path)
        self._max_entries = max_entries
        self._open: list[str] = []
        self._one = _Response()
        self._text: list[str] | None = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        inside, word = (self._open or [""])[-1], tag.removeprefix(_DAV)
        self._open.append(word)
        if word == "response":
            self._one = _Response()
        elif word == "collection" and inside == "resourcetype":
            self._one.is_folder = True
        elif inside in ("response", "prop"):
            self._text = []

    def data(self, text: str) -> None:
        """Text, perhaps only a piece of it."""
        if self._text is not None:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        """An element ends."""
        word = self._open.pop()
        if word == "response":
            self._take(self._one)
        elif self._text is not None and word in _WANTED:
            self._one.texts.setdefault(word, "".join(self._text).strip())
        self._text = None

    def close(self) -> None:
        """The listing ends."""

    def _take(self, one: _Response) -> None:
        name, trouble = self._name(one.texts.get("href", "")), None
        if name == b"":
            self.is_folder = self.is_folder or one.is_folder
            return
        if len(self.names) >= self._max_entries:
            raise LimitError(
                f"a folder has more than {self._max_entries} names (archive.max_entries)",
                suggestion=RAISE_LIMIT.format("archive.max_entries"),
            )
        if b"/" in name:
            error = UnsupportedError("the server lists it under an address outside its folder")
            trouble = error.fault()
        length = one.texts.get("getcontentlength", "")
        entry = TreeEntry(
            name=name,
            is_folder=one.is_folder,
            size=int(length) if _LENGTH.fullmatch(length) else None,
            mtime_ms=date_ms(one.texts.get("getlastmodified", "")),
            trouble=trouble,
        )
        self.names.append(entry)

    def _name(self, href: str) -> bytes:
        """The name in the folder that an address stands for, b"" for the folder, all of it for what is elsewhere."""
        try:
            place = urlsplit(href)
            is_here = not place.netloc or place.hostname == self._base.hostname
        except ValueError:  # brackets that hold no address
            return b"/" + href.encode()
        names = _names_of(place.path)
        if is_here and names == self._folder:
            return b""
        if is_here and names[:-1] == self._folder:
            return names[-1]
        return b"/" + unquote_to_bytes(without_login(href))


_WANTED = frozenset({"href", "getcontentlength", "getlastmodified"})
_LENGTH = re.compile("[0-9]{1,18}")
