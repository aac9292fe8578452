"""Shipments made of real small files, for the tests of destinations."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from transload.model import (
    Intent,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Parcel,
    Recipe,
    Shipment,
    Verdict,
)
from transload.ports import Destination

MTIME_MS = 1_500_000_000_123


def nobody(path: str) -> None:
    """A ledger that has given out no path."""


def a_job(job_id: str = "01JOB", folder: str | None = None) -> Job:
    return Job(
        job_id,
        "/in/trip.zip",
        "library:x",
        Recipe.PLAYABLE,
        "trip",
        JobState.RUNNING,
        folder=folder,
    )


def a_parcel(folder: Path, name: str, content: bytes) -> Parcel:
    """A parcel whose bytes lie in `folder` under a counter, as the scratch store keeps them."""
    folder.mkdir(exist_ok=True)
    local = folder / str(sum(1 for _ in folder.iterdir()))
    local.write_bytes(content)
    return Parcel(local, name, len(content), hashlib.sha256(content).hexdigest(), MTIME_MS)


def a_shipment(item_id: int, *parcels: Parcel, suffix: str | None = None) -> Shipment:
    item = Item(item_id, "01JOB", item_id, parcels[0].name, None, ItemState.PENDING)
    judgement = Judgement(ItemKind.PHOTO, Verdict.AS_IS, "", suffix=suffix)
    return Shipment(item, judgement, parcels)


def intents_for(
    destination: Destination, shipments: Sequence[Shipment], folder: str = "trip"
) -> list[Intent]:
    """What the ledger does before a `put`: a path for each parcel, none of them given twice."""
    given: dict[str, str] = {}

    def taken(path: str) -> str | None:
        return given.get(path.casefold())

    intents: list[Intent] = []
    for shipment in shipments:
        paths = destination.place(folder, shipment, taken)
        for path in paths:
            given[path.casefold()] = "file"
            for end in [at for at, sign in enumerate(path) if sign == "/"]:
                given.setdefault(path[:end].casefold(), "dir")
        intents.append(Intent(shipment, 1, paths))
    return intents
