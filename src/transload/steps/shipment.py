"""What is sent of an item, decided purely: its files, their names, the original beside a converted copy."""

from collections.abc import Iterable, Sequence

from transload.conversions import Converted
from transload.model import Held, Item, ItemKind, Job, Judgement, Parcel, Recipe, Shipment, Verdict

UNTOUCHED = Judgement(ItemKind.DOCUMENT, Verdict.AS_IS, "delivered untouched")


def as_it_is(item: Item, held: Held, judgement: Judgement, thumb: bytes | None = None) -> Shipment:
    """The shipment of untouched bytes; the destination gives the name the ending that the judgement asks for."""
    parcel = Parcel(held.path, item.name, held.size_bytes, held.sha256, item.mtime_ms)
    return Shipment(item, judgement, (parcel,), thumb)


def parcels_of(
    job: Job, item: Item, held: Held, made: Converted, judgement: Judgement
) -> tuple[Parcel, ...]:
    """The converted file, or the numbered files of one that was split.

    Behind them the original in `originals/`, for recipe `playable` and where it holds more than the copy shows, unless
    the job drops it.
    """
    names = _numbered(item.name, len(made.pieces), judgement.suffix)
    copies = tuple(
        Parcel(piece.local, name, piece.size_bytes, piece.sha256, item.mtime_ms)
        for name, piece in zip(names, made.pieces, strict=True)
    )
    wanted = job.recipe is Recipe.PLAYABLE or judgement.plan.get("original") == "beside"
    if not wanted or job.originals == "drop":
        return copies
    kept = Parcel(held.path, f"originals/{item.name}", held.size_bytes, held.sha256, item.mtime_ms)
    return (*copies, kept)


def _numbered(name: str, count: int, suffix: str | None) -> list[str]:
    """`film.mkv` as `film (1 of 3).mp4` and so on; alone it keeps its name, which the destination then ends."""
    if count == 1:
        return [name]
    stem, dot, ending = name.rpartition(".")
    if not dot or "/" in ending or not stem:
        stem, ending = name, ""
    old = f".{ending}" if ending else ""
    return [f"{stem} ({n} of {count}){suffix or old}" for n in range(1, count + 1)]


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
