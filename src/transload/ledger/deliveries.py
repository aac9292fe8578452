"""Intents and receipts as SQL: what is about to lie where, and what lies there. Each function runs in a transaction."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    insert,
    literal,
    select,
    union_all,
    update,
)

from transload.albums import NO_ALBUMS, AlbumClass, Numbering, OpenAlbum, album_class, assign
from transload.ledger.moves import Move, apply
from transload.ledger.rows import judgement_to_json
from transload.ledger.schema import albums, folders, items, outputs, receipts
from transload.model import Intent, Item, ItemKind, ItemState, Job, Judgement, Shipment, Task
from transload.plans import UNTOUCHED
from transload.ports import Destination, Landed, Taken

_CLASSES: tuple[AlbumClass, ...] = ("photo", "video", "mixed")


def path_key(path: str) -> str:
    """The form in which two paths are the same on a disk that ignores case."""
    return unicodedata.normalize("NFC", path).casefold()


_TAKEN = union_all(
    select(literal("file")).where(
        outputs.c.destination == bindparam("at"), outputs.c.path_key == bindparam("key")
    ),
    select(literal("dir")).where(
        folders.c.destination == bindparam("at"), folders.c.path_key == bindparam("key")
    ),
)


def taken_at(db: Connection, destination: str) -> Taken:
    """Answers "file", "dir" or None for a path of the destination, from the ledger alone."""

    def taken(path: str) -> str | None:
        found = db.execute(_TAKEN, {"at": destination, "key": path_key(path)}).first()
        return None if found is None else str(found[0])

    return taken


def own_folder(db: Connection, job: Job, source_identity: str, destination: Destination) -> str:
    """The folder of a source in a destination, the same one each time it is sent there."""
    known = db.execute(
        select(folders.c.path).where(
            folders.c.destination == job.destination, folders.c.source_identity == source_identity
        )
    ).scalar()
    if known is not None:
        return str(known)
    path = destination.folder(job.title, taken_at(db, job.destination))
    _know_folder(db, job.destination, path, source_identity)
    return path


def _know_folder(
    db: Connection, destination: str, path: str, source_identity: str | None = None
) -> None:
    key = path_key(path)
    at = (folders.c.destination == destination) & (folders.c.path_key == key)
    if db.execute(select(folders.c.path).where(at)).first() is None:
        db.execute(
            insert(folders).values(
                destination=destination, path_key=key, path=path, source_identity=source_identity
            )
        )


class Packer:
    """Gives paths and albums to shipments of one job; keeps the folders it has seen to spare questions."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._seen_folders: dict[str, str] = {}
        self._numbering = NO_ALBUMS

    def pack(
        self, db: Connection, shipments: Sequence[Shipment], destination: Destination
    ) -> list[Intent]:
        """The committed-to intents; a shipment whose content this job has delivered meanwhile gets none."""
        self._look(db)
        wanted = {one.item.id: one for one in shipments}
        if self.job.drops_equals:
            for item_id in _sent_by_job(db, self.job, shipments):
                del wanted[item_id]
        kept = self._kept_plans(db, list(wanted.values()))
        intents: list[Intent] = []
        fresh: list[Intent] = []
        taken = self._taken(db)
        for item_id, shipment in wanted.items():
            if (plan := kept.get(item_id)) is not None:
                intents.append(Intent(shipment, plan.album, plan.paths))
                continue
            paths = destination.place(self.job.folder or "", shipment, taken)
            self._claim(db, paths)
            fresh.append(Intent(shipment, self._album(shipment.judgement.kind), paths))
            intents.append(fresh[-1])
        self._write(db, intents, fresh)
        return intents

    def _kept_plans(self, db: Connection, shipments: Sequence[Shipment]) -> "dict[int, _Plan]":
        """Earlier intents of the same content; those of another content are withdrawn and their paths free again."""
        old = _earlier_plans(db, [one.item.id for one in shipments])
        hashes = {one.item.id: [parcel.sha256 for parcel in one.parcels] for one in shipments}
        stale = [item_id for item_id, plan in old.items() if plan.hashes != hashes[item_id]]
        if stale:
            db.execute(delete(outputs).where(outputs.c.item_id.in_(stale)))
        return {item_id: plan for item_id, plan in old.items() if item_id not in stale}

    def _taken(self, db: Connection) -> Taken:
        """What the ledger holds, with what this batch has just claimed."""
        in_ledger = taken_at(db, self.job.destination)
        self._claimed: dict[str, str] = {}

        def taken(path: str) -> str | None:
            key = path_key(path)
            return self._claimed.get(key) or self._seen_folders.get(key) or in_ledger(path)

        return taken

    def _claim(self, db: Connection, paths: Sequence[str]) -> None:
        for path in paths:
            self._claimed[path_key(path)] = "file"
            for parent in PurePosixPath(path).parents:
                key = path_key(str(parent))
                if str(parent) != "." and key not in self._seen_folders:
                    _know_folder(db, self.job.destination, str(parent))
                    self._seen_folders[key] = "dir"

    def _write(self, db: Connection, intents: Sequence[Intent], fresh: Sequence[Intent]) -> None:
        if fresh:
            db.execute(
                insert(outputs), [row for intent in fresh for row in self._output_rows(intent)]
            )
            self._write_albums(db)
        if intents:
            db.execute(_PLANNED, [_item_row(intent) for intent in intents])

    def _output_rows(self, intent: Intent) -> list[dict[str, object]]:
        return [
            {
                "item_id": intent.shipment.item.id,
                "n": n,
                "destination": self.job.destination,
                "path": path,
                "path_key": path_key(path),
                "size_bytes": parcel.size_bytes,
                "sha256": parcel.sha256,
                "landed": False,
            }
            for n, (path, parcel) in enumerate(
                zip(intent.paths, intent.shipment.parcels, strict=True)
            )
        ]

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
        self._numbering = Numbering(last, max((album.number for album in last.values()), default=0))
        self._joined: dict[int, tuple[AlbumClass, int]] = {}

    def _album(self, kind: ItemKind) -> int | None:
        number, self._numbering = assign(self._numbering, kind, self.job.album_mix)
        cls = album_class(kind, self.job.album_mix)
        if number is not None and cls is not None:
            self._joined[number] = (cls, self._numbering.open[cls].count)
        return number

    def _write_albums(self, db: Connection) -> None:
        for number, (cls, members) in self._joined.items():
            at = (albums.c.job_id == self.job.id) & (albums.c.number == number)
            if db.execute(update(albums).where(at).values(members=members)).rowcount == 0:
                row = {"job_id": self.job.id, "number": number, "kind": cls, "members": members}
                db.execute(insert(albums).values(row))


@dataclass(frozen=True, slots=True)
class _Plan:
    """An intent that is in the ledger already."""

    album: int | None
    paths: tuple[str, ...]
    hashes: list[str]


def _earlier_plans(db: Connection, item_ids: Sequence[int]) -> dict[int, _Plan]:
    rows = db.execute(
        select(outputs.c.item_id, outputs.c.path, outputs.c.sha256, items.c.album)
        .join(items, items.c.id == outputs.c.item_id)
        .where(outputs.c.item_id.in_(item_ids))
        .order_by(outputs.c.item_id, outputs.c.n)
    ).all()
    return {
        item_id: _Plan(
            own[0].album, tuple(str(row.path) for row in own), [str(row.sha256) for row in own]
        )
        for item_id, group in groupby(rows, lambda row: int(row.item_id))
        for own in [list(group)]
    }


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
        select(items.c.id, items.c.idx, items.c.inner, items.c.state, items.c.sha256).where(
            items.c.id.in_(by_id)
        )
    ).all()
    moves = [_arrival(row.id, ItemState(row.state), now) for row in rows]
    open_moves = [move for move in moves if move.old is not ItemState.SENT]
    made = {move.row for move in apply(db, open_moves, sender.task)}
    new = [row for row in rows if row.id in made]
    if not new:
        return [], 0
    done = [(row.id, n, out) for row in new for n, out in enumerate(by_id[row.id].outputs)]
    db.execute(
        _LANDED,
        [{"item": i, "part": n, "size": out.size_bytes, "sha": out.sha256} for i, n, out in done],
    )
    db.execute(delete(receipts).where(receipts.c.item_id.in_([row.id for row in new])))
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


def _arrival(item_id: int, old: ItemState, now: int) -> Move:
    recovered = old is ItemState.REFUSED
    return Move(
        item_id, old, ItemState.SENT, {"sent_ms": now, "recovered": recovered, "fault": None}
    )


_LANDED = (
    update(outputs)
    .where(outputs.c.item_id == bindparam("item"), outputs.c.n == bindparam("part"))
    .values(landed=True, size_bytes=bindparam("size"), sha256=bindparam("sha"))
)


def earlier(db: Connection, job: Job, source_identity: str, item: Item, sha256: str) -> int | None:
    """The item whose receipt makes this one a duplicate, by the job's rule, or None.

    Media: the same content for the same recipe. All files: nothing is dropped but what the same place of the same
    source already delivered. `again` leaves earlier jobs out.
    """
    same = (receipts.c.destination == job.destination) & (receipts.c.sha256 == sha256)
    same &= receipts.c.recipe == job.recipe.value
    if not job.drops_equals:
        same &= receipts.c.source_identity == source_identity
        same &= receipts.c.idx == item.index
        same &= receipts.c.inner == item.inner
        same &= receipts.c.job_id != job.id
    if job.again:
        same &= receipts.c.job_id == job.id
    return db.execute(select(receipts.c.item_id).where(same).limit(1)).scalar()


def twin_of(db: Connection, job: Job, source_identity: str, item: Item, sha256: str) -> int | None:
    """The item of an earlier job whose files a duplicate stands for; None when another item of this job names them."""
    found = earlier(db, job, source_identity, item, sha256)
    if found is None:
        return None
    own = select(receipts.c.item_id).where(receipts.c.item_id == found, receipts.c.job_id == job.id)
    named = select(items.c.id).where(items.c.job_id == job.id, items.c.twin == found)
    return None if db.execute(own).first() or db.execute(named).first() else found
