"""What is sent of an item, decided purely: its files, their names, the original beside a converted copy."""

from transload.model import Held, Item, ItemKind, Job, Judgement, Parcel, Recipe, Shipment, Verdict
from transload.ports import Made

UNTOUCHED = Judgement(ItemKind.DOCUMENT, Verdict.AS_IS, "delivered untouched")
SUFFIX_MAX = 5  # longer endings are part of the name, not a file type


def as_it_is(item: Item, held: Held, judgement: Judgement, thumb: bytes | None = None) -> Shipment:
    """The shipment of untouched bytes, under a name whose ending fits."""
    name = item.name if judgement.suffix is None else renamed(item.name, judgement.suffix)
    parcel = Parcel(held.path, name, held.size_bytes, held.sha256, item.mtime_ms)
    return Shipment(item, judgement, (parcel,), thumb)


def renamed(name: str, suffix: str) -> str:
    """The name with the ending the delivered content needs; the stem stays readable."""
    head, dot, ending = name.rpartition(".")
    known = dot and head and len(ending) < SUFFIX_MAX and "/" not in ending
    return (head if known else name) + suffix


def parcels_of(
    job: Job, item: Item, held: Held, judgement: Judgement, made: Made
) -> tuple[Parcel, ...]:
    """The converted file, and the original in `originals/` for recipe `playable` unless the job drops it."""
    name = renamed(item.name, judgement.suffix or "")
    copy = Parcel(made.local, name, made.size_bytes, made.sha256, item.mtime_ms)
    if job.recipe is not Recipe.PLAYABLE or job.originals == "drop":
        return (copy,)
    kept = Parcel(held.path, f"originals/{item.name}", held.size_bytes, held.sha256, item.mtime_ms)
    return (copy, kept)
