"""Album numbers, decided purely: who travels together, at most ten, in entry order.

Numbers are given out when an item is about to be sent, one shelf of albums for each kind (or one for all), so that
nobody waits for a tenth member and the albums are full all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transload.model import ALBUM_MAX, AlbumMix, ItemKind, Shipment

SHELVED = frozenset(
    {ItemKind.PHOTO, ItemKind.VIDEO}
)  # Telegram: documents, sound and animations travel alone
MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class OpenAlbum:
    """The latest album of a shelf: its number, from 1 on, and how many members it has."""

    number: int
    members: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item travels: its shelf (a kind, or "mixed") and the album as it is with this member."""

    shelf: str
    album: OpenAlbum


def next_album(opened: Mapping[str, OpenAlbum], kind: ItemKind, mix: AlbumMix) -> Place | None:
    """The album of the next item of a job, given the latest album of each shelf; None for kinds without albums."""
    if kind not in SHELVED:
        return None
    shelf = MIXED if mix == "mixed" else kind.value
    latest = opened.get(shelf)
    if latest is not None and latest.members < ALBUM_MAX:
        return Place(shelf, OpenAlbum(latest.number, latest.members + 1))
    number = 1 + max((album.number for album in opened.values()), default=0)
    return Place(shelf, OpenAlbum(number, 1))


def equals_apart(batch: Sequence[Shipment]) -> Iterable[list[Shipment]]:
    """The batch in order, cut before an item whose content is already in the part: one receipt decides the next."""
    part: list[Shipment] = []
    seen: set[str | None] = set()
    for shipment in batch:
        if shipment.item.sha256 in seen:
            yield part
            part, seen = [], set()
        part.append(shipment)
        seen.add(shipment.item.sha256)
    if part:
        yield part
