"""Intents and receipts as SQL: what is about to lie where, and what lies there. Each function runs in a transaction."""

import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from sqlalchemy import Connection, delete, insert, select, update

from transload.albums import NO_ALBUMS, AlbumClass, Numbering, OpenAlbum, album_class, assign
from transload.model import Intent, ItemKind, ItemState, Job, Output, Shipment
from transload.ports import Destination, Landed, Taken
from transload.states import check_item_move
from transload.storage.rows import judgement_to_json
from transload.storage.schema import albums, folders, items, outputs, receipts, thumbs


_CLASSES: tuple[AlbumClass, ...] = ("photo", "video", "mixed")


def path_key(path: str) -> str:
    """The form in which two paths are the same on a disk that ignores case."""
    return unicodedata.normalize("NFC", path).casefold()


def taken_at(db: Connection, destination: str) -> Taken:
    """Answers "file", "dir" or None for a path of the destination, from the ledger alone."""

    def taken(path: str) -> str | None:
        key = path_key(path)
        at = (outputs.c.destination == destination) & (outputs.c.path_key == key)
        if db.execute(select(outputs.c.item_id).where(at)).first():
            return "file"
        at = (folders.c.destination == destination) & (folders.c.path_key == key)
        return "dir" if db.execute(select(folders.c.path).where(at)).first() else None

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
        self._seen_folders: set[str] = set()
        self._numbering = NO_ALBUMS

    def pack(self, db: Connection, shipment: Shipment, destination: Destination) -> Intent | None:
        """The committed-to intent; None when this job has delivered the same content meanwhile."""
        if self.job.files == "media" and _sent_by_job(db, self.job, shipment):
            return None
        item_id = shipment.item.id
        old = db.execute(
            select(outputs).where(outputs.c.item_id == item_id).order_by(outputs.c.n)
        ).all()
        hashes = [parcel.sha256 for parcel in shipment.parcels]
        if old and [row.sha256 for row in old] == hashes:
            album = db.execute(select(items.c.album).where(items.c.id == item_id)).scalar()
            paths = tuple(str(row.path) for row in old)
        else:
            db.execute(delete(outputs).where(outputs.c.item_id == item_id))
            album = self._album(db, shipment.judgement.kind)
            paths = destination.place(
                self.job.folder or "", shipment, taken_at(db, self.job.destination)
            )
            self._write_outputs(db, shipment, paths)
        self._write_item(db, shipment, album)
        return Intent(shipment, album, paths)

    def look(self, db: Connection) -> None:
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

    def _album(self, db: Connection, kind: ItemKind) -> int | None:
        number, self._numbering = assign(self._numbering, kind, self.job.album_mix)
        cls = album_class(kind, self.job.album_mix)
        if number is None or cls is None:
            return None
        members = self._numbering.open[cls].count
        at = (albums.c.job_id == self.job.id) & (albums.c.number == number)
        if db.execute(update(albums).where(at).values(members=members)).rowcount == 0:
            db.execute(
                insert(albums).values(job_id=self.job.id, number=number, kind=cls, members=members)
            )
        return number

    def _write_outputs(self, db: Connection, shipment: Shipment, paths: Sequence[str]) -> None:
        for path in paths:
            for parent in PurePosixPath(path).parents:
                if str(parent) != "." and str(parent) not in self._seen_folders:
                    _know_folder(db, self.job.destination, str(parent))
                    self._seen_folders.add(str(parent))
        db.execute(
            insert(outputs),
            [
                {
                    "item_id": shipment.item.id,
                    "n": n,
                    "destination": self.job.destination,
                    "path": path,
                    "path_key": path_key(path),
                    "size_bytes": parcel.size_bytes,
                    "sha256": parcel.sha256,
                    "landed": False,
                }
                for n, (path, parcel) in enumerate(zip(paths, shipment.parcels, strict=True))
            ],
        )

    def _write_item(self, db: Connection, shipment: Shipment, album: int | None) -> None:
        item, judgement = shipment.item, shipment.judgement
        db.execute(
            update(items)
            .where(items.c.id == item.id)
            .values(
                kind=judgement.kind.value,
                verdict=judgement.verdict.value,
                why=judgement.why,
                partial=judgement.partial,
                judgement=judgement_to_json(judgement) if judgement.plan else None,
                size=item.size,
                crc32=item.crc32,
                sha256=item.sha256,
                album=album,
            )
        )


def _sent_by_job(db: Connection, job: Job, shipment: Shipment) -> bool:
    same = (
        (receipts.c.destination == job.destination)
        & (receipts.c.sha256 == shipment.item.sha256)
        & (receipts.c.recipe == job.recipe.value)
        & (receipts.c.job_id == job.id)
        & (receipts.c.item_id != shipment.item.id)
    )
    return db.execute(select(receipts.c.item_id).where(same)).first() is not None


def write_receipt(db: Connection, job: Job, source_identity: str, landed: Landed, now: int) -> int:
    """Mark an item sent with what lies there; gives the bytes delivered, 0 for a receipt that was there already."""
    row = db.execute(select(items).where(items.c.id == landed.item_id)).one()
    old = ItemState(row.state)
    if old is ItemState.SENT:
        return 0
    check_item_move(old, ItemState.SENT)
    db.execute(
        update(items)
        .where(items.c.id == row.id)
        .values(
            state=ItemState.SENT.value, sent_ms=now, fault=None, recovered=old is ItemState.REFUSED
        )
    )
    for n, output in enumerate(landed.outputs):
        _write_landed(db, row.id, n, output)
    db.execute(delete(receipts).where(receipts.c.item_id == row.id))
    db.execute(
        insert(receipts).values(
            item_id=row.id,
            job_id=job.id,
            destination=job.destination,
            recipe=job.recipe.value,
            source_identity=source_identity,
            idx=row.idx,
            sha256=row.sha256,
            sent_ms=now,
        )
    )
    return sum(output.size_bytes for output in landed.outputs)


def _write_landed(db: Connection, item_id: int, n: int, output: Output) -> None:
    db.execute(
        update(outputs)
        .where(outputs.c.item_id == item_id, outputs.c.n == n)
        .values(landed=True, size_bytes=output.size_bytes, sha256=output.sha256)
    )


def write_thumb(db: Connection, job_id: str, item_id: int, jpeg: bytes) -> None:
    """Keep the small picture of an item for the gallery."""
    db.execute(delete(thumbs).where(thumbs.c.item_id == item_id))
    db.execute(insert(thumbs).values(item_id=item_id, job_id=job_id, jpeg=jpeg))


def earlier(
    db: Connection, job: Job, source_identity: str, item_idx: int, sha256: str
) -> int | None:
    """The item whose receipt makes this one a duplicate, by the job's rule, or None.

    Media: the same content for the same recipe. All files: nothing is dropped but what the same place of the same
    source already delivered. `again` leaves earlier jobs out.
    """
    same = (receipts.c.destination == job.destination) & (receipts.c.sha256 == sha256)
    same &= receipts.c.recipe == job.recipe.value
    if job.files == "all":
        same &= receipts.c.source_identity == source_identity
        same &= receipts.c.idx == item_idx
        same &= receipts.c.job_id != job.id
    if job.again:
        same &= receipts.c.job_id == job.id
    return db.execute(select(receipts.c.item_id).where(same).limit(1)).scalar()
