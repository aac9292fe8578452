"""Intents and receipts as SQL: what is about to lie where, and what lies there. Each function runs in a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from transload.albums import NO_ALBUMS, AlbumClass, Numbering, OpenAlbum, album_class, assign
from transload.json_codec import JsonObject
from transload.ledger.claims import LedgerClaims, doubtful_items
from transload.ledger.moves import Move, apply
from transload.ledger.rows import judgement_to_json, placement_of
from transload.ledger.schema import (
    albums,
    items,
    outputs,
    receipts,
    stagings,
    uploads,
)
from transload.model import (
    Intent,
    ItemKind,
    ItemState,
    Job,
    Judgement,
    Output,
    Shipment,
    Task,
)
from transload.plans import UNTOUCHED
from transload.ports import Destination, Landed

_CLASSES: tuple[AlbumClass, ...] = ("photo", "video", "mixed")


class Packer:
    """Gives placements and albums to shipments of one job; keeps the claims it has seen to spare questions."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._kept_claims = set[str]()
        self._met = set[
            int
        ]()  # hashes of contents that were to be sent: 7 MiB for a hundred thousand
        self._numbering = NO_ALBUMS
        self._begun = set[int]()  # albums that have a row already
        self._joined: dict[int, tuple[AlbumClass, int]] = {}

    def claim_folder(
        self, db: Connection, destination: Destination, source_identity: str
    ) -> str | None:
        """What all deliveries of the job have in common there, claimed for its source."""
        known = LedgerClaims(db, self.job.destination)
        return destination.claim_folder(self.job, source_identity, known)

    def pack(
        self, db: Connection, shipments: Sequence[Shipment], destination: Destination
    ) -> list[Intent]:
        """The committed-to intents; a shipment whose content this job has delivered meanwhile gets none.

        Where albums are gathered none is given out yet: `form_album` does that.
        """
        for one in shipments:
            self.meet(one.item.sha256)
        gathers = destination.powers.gathers
        if not gathers:
            self._look(db)
        wanted = {one.item.id: one for one in shipments}
        if self.job.drops_equals:
            for item_id in _sent_by_job(db, self.job, shipments):
                del wanted[item_id]
        kept = _kept_intents(db, list(wanted.values()))
        new = [one for item_id, one in wanted.items() if item_id not in kept]
        claims = LedgerClaims(db, self.job.destination, self._kept_claims)
        fresh = {
            one.item.id: Intent(
                one, None if gathers else self._album(one.judgement.kind), placements
            )
            for one, placements in zip(new, destination.plan(self.job, new, claims), strict=True)
        }
        intents = [kept.get(item_id) or fresh[item_id] for item_id in wanted]
        self._write(db, intents, list(fresh.values()))
        return intents

    def meet(self, sha256: str | None) -> None:
        """Remember a content that this run sends."""
        self._met.add(hash(sha256))

    def has_met(self, sha256: str) -> bool:
        """Whether this run may have sent this content: never wrongly no."""
        return hash(sha256) in self._met

    def _write(self, db: Connection, intents: Sequence[Intent], fresh: Sequence[Intent]) -> None:
        if fresh:
            given = [one for intent in fresh for one in intent.placements]
            if ended := doubtful_items(db, self.job.destination, given):
                self.withdraw(db, ended)
            db.execute(
                insert(outputs), [row for intent in fresh for row in self._output_rows(intent)]
            )
            self._write_albums(db)
        if intents:
            db.execute(_PLANNED, [_item_row(intent) for intent in intents])

    def _output_rows(self, intent: Intent) -> list[dict[str, object]]:
        return [
            {
                "item_id": intent.item_id,
                "n": n,
                "destination": self.job.destination,
                "reference": placement.reference,
                "claim": placement.claim,
                "plan": placement.data or None,
                "size_bytes": parcel.size_bytes,
                "sha256": parcel.sha256,
                "landed": False,
            }
            for n, (placement, parcel) in enumerate(
                zip(intent.placements, intent.shipment.parcels, strict=True)
            )
        ]

    def form_album(
        self, db: Connection, members: Sequence[Intent], note: JsonObject
    ) -> list[Intent]:
        """The next album of the job, with these items in it: they are sent as one, and found again as one."""
        last = select(func.max(albums.c.number)).where(albums.c.job_id == self.job.id)
        number = (db.execute(last).scalar() or 0) + 1
        cls = album_class(members[0].shipment.judgement.kind, self.job.album_mix) or "alone"
        row = {"job_id": self.job.id, "number": number, "kind": cls, "note": note or None}
        db.execute(insert(albums).values(members=len(members), **row))
        mine = items.c.id.in_([one.item_id for one in members])
        db.execute(update(items).where(mine).values(album=number))
        return [replace(one, album=number, note=note) for one in members]

    @staticmethod
    def withdraw(db: Connection, item_ids: Sequence[int] | Select[int]) -> None:
        """Forget intents that come to nothing, with what was staged or uploaded; their claims are free again."""
        mine = outputs.c.item_id.in_(item_ids) & ~outputs.c.landed
        db.execute(delete(outputs).where(mine))
        db.execute(delete(stagings).where(stagings.c.item_id.in_(item_ids)))
        db.execute(delete(uploads).where(uploads.c.item_id.in_(item_ids)))

    def _look(self, db: Connection) -> None:
        """Read the last albums anew; another worker may have opened one since."""
        last: dict[AlbumClass, OpenAlbum] = {}
        for cls in _CLASSES:
            row = db.execute(
                select(albums.c.number, albums.c.members)
                .where(albums.c.job_id == self.job.id, albums.c.kind == cls)
                .order_by(albums.c.number.desc())
                .limit(1)
            ).first()
            if row is not None:
                last[cls] = OpenAlbum(row.number, row.members)
        self._begun = {album.number for album in last.values()}
        self._numbering = Numbering(last, max((album.number for album in last.values()), default=0))
        self._joined = {}

    def _album(self, kind: ItemKind) -> int | None:
        number, self._numbering = assign(self._numbering, kind, self.job.album_mix)
        cls = album_class(kind, self.job.album_mix)
        if number is not None and cls is not None:
            self._joined[number] = (cls, self._numbering.open[cls].count)
        return number

    def _write_albums(self, db: Connection) -> None:
        rows = [
            {"job_id": self.job.id, "number": number, "kind": cls, "members": members}
            for number, (cls, members) in self._joined.items()
        ]
        grown = [row for row in rows if row["number"] in self._begun]
        new = [row for row in rows if row["number"] not in self._begun]
        if grown:
            db.execute(
                _GROWN, [{f"of_{name}": value for name, value in row.items()} for row in grown]
            )
        if new:
            db.execute(insert(albums), new)


def _kept_intents(db: Connection, shipments: Sequence[Shipment]) -> dict[int, Intent]:
    """Earlier intents of the same content; those of another content are withdrawn and their claims free again."""
    known = {one.item.id: one for one in shipments}
    rows = db.execute(
        select(outputs, items.c.album, albums.c.note)
        .join(items, items.c.id == outputs.c.item_id)
        .outerjoin(albums, (albums.c.job_id == items.c.job_id) & (albums.c.number == items.c.album))
        .where(outputs.c.item_id.in_(known))
        .order_by(outputs.c.item_id, outputs.c.n)
    ).all()
    kept: dict[int, Intent] = {}
    stale: list[int] = []
    for item_id, group in groupby(rows, lambda row: int(row.item_id)):
        own, shipment = list(group), known[item_id]
        if [row.sha256 for row in own] == [parcel.sha256 for parcel in shipment.parcels]:
            placed = tuple(placement_of(row) for row in own)
            kept[item_id] = Intent(shipment, own[0].album, placed, note=own[0].note or {})
        else:
            stale.append(item_id)
    if stale:
        Packer.withdraw(db, stale)
    return kept


def _sent_by_job(db: Connection, job: Job, shipments: Sequence[Shipment]) -> list[int]:
    """Items whose content a receipt of this very job has, under another item."""
    rows = db.execute(
        select(receipts.c.sha256, receipts.c.item_id).where(
            receipts.c.destination == job.destination,
            receipts.c.recipe == job.recipe.value,
            receipts.c.job_id == job.id,
            receipts.c.sha256.in_([one.item.sha256 for one in shipments]),
        )
    )
    sent = {row.sha256: row.item_id for row in rows}
    return [
        one.item.id for one in shipments if sent.get(one.item.sha256, one.item.id) != one.item.id
    ]


_GROWN = (
    update(albums)
    .where(albums.c.job_id == bindparam("of_job_id"), albums.c.number == bindparam("of_number"))
    .values(members=bindparam("of_members"))
)
_PLANNED = (
    update(items)
    .where(items.c.id == bindparam("item"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "kind", "verdict", "why", "partial", "judgement", "size", "crc32", "sha256", "album",
            )
        }
    )
)  # fmt: skip


def _is_worth_keeping(judgement: Judgement) -> bool:
    """Whether anything is in it that the item's own columns do not hold: a plan, a duration for the gallery."""
    return judgement.plan != UNTOUCHED or judgement.duration_s is not None


def _item_row(intent: Intent) -> dict[str, object]:
    item, judgement = intent.shipment.item, intent.shipment.judgement
    return {
        "item": item.id,
        "new_kind": judgement.kind.value,
        "new_verdict": judgement.verdict.value,
        "new_why": judgement.why,
        "new_partial": judgement.partial,
        "new_judgement": judgement_to_json(judgement) if _is_worth_keeping(judgement) else None,
        "new_size": item.size,
        "new_crc32": item.crc32,
        "new_sha256": item.sha256,
        "new_album": intent.album,
    }


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes receipts: a job, its source, the task that is held for it."""

    job: Job
    source_identity: str
    task: Task


def write_receipts(
    db: Connection, sender: Sender, landed: Sequence[Landed], now: int
) -> tuple[list[int], int]:
    """Mark items sent with what lies there; returns the indices of the new ones and the bytes delivered."""
    by_id = {one.item_id: one for one in landed}
    rows = db.execute(
        select(
            items.c.id,
            items.c.idx,
            items.c.inner,
            items.c.state,
            items.c.sha256,
            items.c.recovered,
        ).where(items.c.id.in_(by_id))
    ).all()
    moves = [_arrival(row.id, ItemState(row.state), row.recovered, now) for row in rows]
    open_moves = [move for move in moves if move.old is not ItemState.SENT]
    made = {move.row for move in apply(db, open_moves, sender.task)}
    new = [row for row in rows if row.id in made]
    if not new:
        return [], 0
    done = [(row.id, n, out) for row in new for n, out in enumerate(by_id[row.id].outputs)]
    db.execute(_LANDED, [_landed_row(item_id, n, out) for item_id, n, out in done])
    for table in (stagings, uploads, receipts):
        db.execute(delete(table).where(table.c.item_id.in_([row.id for row in new])))
    common = {
        "job_id": sender.job.id,
        "destination": sender.job.destination,
        "recipe": sender.job.recipe.value,
        "source_identity": sender.source_identity,
        "sent_ms": now,
    }
    db.execute(
        insert(receipts),
        [
            common | {"item_id": row.id, "idx": row.idx, "inner": row.inner, "sha256": row.sha256}
            for row in new
        ],
    )
    return [row.idx for row in new], sum(out.size_bytes for _, _, out in done)


def _arrival(item_id: int, old: ItemState, was_refused: bool, now: int) -> Move:
    recovered = was_refused or old is ItemState.REFUSED
    return Move(
        item_id, old, ItemState.SENT, {"sent_ms": now, "recovered": recovered, "fault": None}
    )


_LANDED = (
    update(outputs)
    .where(outputs.c.item_id == bindparam("item"), outputs.c.n == bindparam("part"))
    .values(
        landed=True,
        reference=bindparam("where"),
        size_bytes=bindparam("size"),
        sha256=bindparam("sha"),
    )
)


def _landed_row(item_id: int, n: int, output: Output) -> dict[str, object]:
    return {
        "item": item_id,
        "part": n,
        "where": output.reference,
        "size": output.size_bytes,
        "sha": output.sha256,
    }
