"""Shipments made of real small files, for the tests of destinations."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from transload.blob import LocalBlob
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
from transload.ports import Destination, Holder

MTIME_MS = 1_500_000_000_123


class HeldClaims:
    """A ledger that remembers in memory what has been given out."""

    def __init__(self) -> None:
        self.given: dict[str, Holder] = {}
        self.owned: dict[str, str] = {}

    def holder(self, claim: str) -> Holder | None:
        return self.given.get(claim)

    def look_up(self, claims: Collection[str]) -> None:
        pass

    def owned_by(self, owner: str) -> str | None:
        return self.owned.get(owner)

    def add(self, claim: str, value: str, owner: str | None = None) -> None:
        self.given.setdefault(claim, "claim")
        if owner is not None:
            self.owned[owner] = value


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
    return Parcel(
        LocalBlob(local), name, len(content), hashlib.sha256(content).hexdigest(), MTIME_MS
    )


def a_shipment(item_id: int, *parcels: Parcel, suffix: str | None = None) -> Shipment:
    item = Item(item_id, "01JOB", item_id, parcels[0].name, None, ItemState.PENDING)
    judgement = Judgement(ItemKind.PHOTO, Verdict.AS_IS, "", suffix=suffix)
    return Shipment(item, judgement, parcels)


def intents_for(
    destination: Destination, shipments: Sequence[Shipment], folder: str = "trip"
) -> list[Intent]:
    """What the ledger does before a delivery: a placement for each parcel, no claim given twice."""
    planned = destination.plan(a_job(folder=folder), shipments, HeldClaims())
    return [
        Intent(shipment, 1, placements)
        for shipment, placements in zip(shipments, planned, strict=True)
    ]


def paths_of(intent: Intent) -> tuple[str, ...]:
    """Where its files go."""
    return tuple(placement.reference for placement in intent.placements)


def local(parcel: Parcel) -> Path:
    """The file that a parcel is."""
    assert parcel.blob is not None
    assert parcel.blob.path is not None
    return parcel.blob.path


def as_open(intents: Sequence[Intent]) -> list[Intent]:
    """As the ledger has them: their bytes are no longer at hand."""
    bare = [tuple(replace(parcel, blob=None) for parcel in one.shipment.parcels) for one in intents]
    return [
        replace(one, shipment=replace(one.shipment, parcels=parcels))
        for one, parcels in zip(intents, bare, strict=True)
    ]
