"""What is sent of an item, decided purely: its files, their names, the original beside a converted copy."""

from collections.abc import Iterable, Sequence

from transload.conversions import Made
from transload.model import Held, Item, ItemKind, Job, Judgement, Parcel, Recipe, Shipment, Verdict

UNTOUCHED = Judgement(ItemKind.DOCUMENT, Verdict.AS_IS, "delivered untouched")


def as_it_is(item: Item, held: Held, judgement: Judgement, thumb: bytes | None = None) -> Shipment:
    """The shipment of untouched bytes; the destination gives the name the ending that the judgement asks for."""
    parcel = Parcel(held.path, item.name, held.size_bytes, held.sha256, item.mtime_ms)
    return Shipment(item, judgement, (parcel,), thumb)


def parcels_of(job: Job, item: Item, held: Held, made: Made) -> tuple[Parcel, ...]:
    """The converted file, and the original in `originals/` for recipe `playable` unless the job drops it."""
    copy = Parcel(made.local, item.name, made.size_bytes, made.sha256, item.mtime_ms)
    if job.recipe is not Recipe.PLAYABLE or job.originals == "drop":
        return (copy,)
    kept = Parcel(held.path, f"originals/{item.name}", held.size_bytes, held.sha256, item.mtime_ms)
    return (copy, kept)


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
