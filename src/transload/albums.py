"""Which album an item travels in. Pure: the ledger keeps the open albums as rows, these functions say what follows.

Photos and videos are delivered in albums of at most ten, everything else alone. Numbers are given out in the order in
which albums are opened; an album is closed by being full and never opened again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from transload.model import ALBUM_MAX, AlbumMix, ItemKind

AlbumClass = Literal["photo", "video", "mixed"]


@dataclass(frozen=True, slots=True)
class OpenAlbum:
    """The last album of a class: its number within the job (from 1) and how many items it has."""

    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Numbering:
    """The albums of a job so far: the last one of each class, and the highest number given out."""

    open: Mapping[AlbumClass, OpenAlbum]
    last_number: int = 0


NO_ALBUMS = Numbering({})


def album_class(kind: ItemKind, album_mix: AlbumMix) -> AlbumClass | None:
    """The class of albums an item of this kind joins, None when it travels alone."""
    match kind:
        case ItemKind.PHOTO:
            return "mixed" if album_mix == "mixed" else "photo"
        case ItemKind.VIDEO:
            return "mixed" if album_mix == "mixed" else "video"
        case _:
            return None


def assign(
    numbering: Numbering, kind: ItemKind, album_mix: AlbumMix
) -> tuple[int | None, Numbering]:
    """The album number of the next item (None: it travels alone), and the numbering after it."""
    cls = album_class(kind, album_mix)
    if cls is None:
        return None, numbering
    album = numbering.open.get(cls)
    if album is None or album.count >= ALBUM_MAX:
        album = OpenAlbum(numbering.last_number + 1, 0)
    joined = OpenAlbum(album.number, album.count + 1)
    last = max(numbering.last_number, joined.number)
    return joined.number, Numbering({**numbering.open, cls: joined}, last)
