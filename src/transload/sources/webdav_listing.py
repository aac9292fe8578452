"""What a WebDAV server says is in a folder (RFC 4918 14.16), taken in piece by piece.

Behind a proxy the addresses in a listing may have another host and another path than were asked for. So which of them
is the folder itself decides where the others are: they count where they lie directly in it, with their last name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from transload.entry import RAISE_LIMIT
from transload.errors import LimitError, UnsupportedError
from transload.sources.remote import date_ms
from transload.sources.remote_tree import TreeEntry, TreePath
from transload.web_address import shown, without_login

DEPTH_MAX = 32
"""Elements in elements: a listing has seven, properties of a server's own a few more."""
_DAV: Final = "{DAV:}"
_WANTED = frozenset({"href", "getcontentlength", "getlastmodified"})
_LENGTH = re.compile("[0-9]{1,18}")


def names_of(path: str) -> TreePath:
    """The names in the path of an address; each is decoded once."""
    return tuple(unquote_to_bytes(name) for name in path.split("/") if name)


@dataclass(frozen=True, slots=True)
class _Place:
    """An address taken apart. `host` is "" where it names none, `names` None where it is no address."""

    host: str
    names: TreePath | None

    def is_at(self, other: "_Place") -> bool:
        """Whether both are the same place."""
        return self.names == other.names and self._shares_host(other)

    def name_in(self, folder: "_Place") -> bytes | None:
        """What it is called in a folder, None where it does not lie directly in it."""
        if not self.names or self.names[:-1] != folder.names or not self._shares_host(folder):
            return None
        return self.names[-1]

    def _shares_host(self, other: "_Place") -> bool:
        return not self.host or not other.host or self.host == other.host


def _place_of(href: str) -> _Place:
    try:
        url = urlsplit(href)
        return _Place(url.hostname or "", names_of(url.path))
    except ValueError:  # brackets that hold no address
        return _Place("", None)


@dataclass(frozen=True, slots=True)
class FolderListing:
    """Whether what was asked for is a folder, and what lies in it."""

    is_folder: bool
    names: Sequence[TreeEntry]


@dataclass(slots=True)
class _Response:
    """What a listing says of one place, as texts."""

    is_folder: bool = False
    texts: dict[str, str] = field(default_factory=dict[str, str])


class Multistatus:
    """Takes in the elements of a listing one by one, for an XML parser, and keeps what is of use.

    `url` is the address that answered, `alone` whether it was asked for itself, without what is in it. Raises
    LimitError for too many names, UnsupportedError for elements too deep in each other.
    """

    def __init__(self, url: str, max_entries: int, *, alone: bool) -> None:
        self._url = url
        self._alone = alone
        self._max_entries = max_entries
        self._found: list[tuple[str, TreeEntry]] = []
        self._open: list[str] = []
        self._one = _Response()
        self._text: list[str] | None = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= DEPTH_MAX:
            raise UnsupportedError(
                f"the listing of {shown(self._url)} has elements more than {DEPTH_MAX} deep"
            )
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

    def listing(self) -> FolderListing:
        """What it said, once it has ended."""
        folder, is_folder, names = self._folder(), False, list[TreeEntry]()
        for href, entry in self._found:
            place = _place_of(href)
            if place.is_at(folder):
                is_folder = is_folder or entry.is_folder
            elif (name := place.name_in(folder)) is not None:
                names.append(replace(entry, name=name))
            else:
                names.append(_elsewhere(entry, href))
        return FolderListing(is_folder, names)

    def _take(self, one: _Response) -> None:
        if len(self._found) > self._max_entries:  # one of them is the folder
            raise LimitError(
                f"a folder has more than {self._max_entries} names (archive.max_entries)",
                suggestion=RAISE_LIMIT.format("archive.max_entries"),
            )
        length = one.texts.get("getcontentlength", "")
        entry = TreeEntry(
            name=b"",
            is_folder=one.is_folder,
            size=int(length) if _LENGTH.fullmatch(length) else None,
            mtime_ms=date_ms(one.texts.get("getlastmodified", "")),
        )
        self._found.append((one.texts.get("href", ""), entry))

    def _folder(self) -> _Place:
        """What was asked for, under the address that this listing gives it.

        It is in every listing (RFC 4918 9.1): the only place of one that was asked for alone, else what has the address
        that was asked for, else the one folder above all others, unless some lie where they were asked for.
        """
        asked = _place_of(self._url)
        if self._alone and len(self._found) == 1:
            return _place_of(self._found[0][0])
        if any(place.is_at(asked) for place, _ in self._places()):
            return asked
        folders = {place: place.names for place, entry in self._places() if entry.is_folder}
        depths = {place: len(names) for place, names in folders.items() if names is not None}
        tops = [place for place, depth in depths.items() if depth == min(depths.values())]
        others = (place for place, _ in self._places() if place not in tops)
        if len(tops) != 1 or any(place.name_in(asked) for place in others):
            return asked
        return tops[0]

    def _places(self) -> Iterator[tuple[_Place, TreeEntry]]:
        """The places with what is said of them; taken apart each time, for as texts they take less memory."""
        return ((_place_of(href), entry) for href, entry in self._found)


def _elsewhere(entry: TreeEntry, href: str) -> TreeEntry:
    """An entry that is named with its whole address, and not to be asked for."""
    error = UnsupportedError("the server lists it under an address outside its folder")
    name = b"/" + unquote_to_bytes(without_login(href))
    return replace(entry, name=name, trouble=error.fault())
