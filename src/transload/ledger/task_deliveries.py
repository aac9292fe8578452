"""What a running task writes of deliveries: intents, stagings, albums, receipts. Every write is under the fence."""

import time
from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from transload.json_codec import JsonObject
from transload.ledger.deliveries import Sender, write_receipts
from transload.ledger.duplicates import earlier
from transload.ledger.moves import Move, apply
from transload.ledger.reports import landed_of
from transload.ledger.rows import AnyRow, item_of, judged_of, placement_of
from transload.ledger.schema import albums, items, jobs, outputs, quarantine, stagings
from transload.ledger.task_admission import AdmittingTask
from transload.model import Intent, Item, ItemState, Output, Parcel, Shipment
from transload.ports import Destination, Gone, Landed
from transload.states import ITEM_LOST, ITEM_OPEN
from transload.sums import Fingerprint

INTENTS_PAGE = 100
SHARED_S = (
    0.25  # so long nobody asks again whether another job has begun to deliver to the same place
)
_OTHERS = (
    select(jobs.c.id)
    .where(
        jobs.c.id != bindparam("job"),
        jobs.c.destination == bindparam("at"),
        jobs.c.recipe == bindparam("recipe"),
        jobs.c.started_ms.is_not(None),
    )
    .limit(1)
)


class DeliveringTask(AdmittingTask):
    """Intent before an effect outside, receipt after it; between them, what has been staged."""

    _others = False  # whether another job delivers to the same place
    _asked_at = float("-inf")

    async def duplicates_of(
        self, wanted: Sequence[tuple[Item, str]]
    ) -> Mapping[int, tuple[Output, ...]]:
        """What equal items delivered here earlier, by the ids of those that are wanted now.

        Where nobody can have delivered them nothing is asked.
        """
        own = any(self._packer.has_met(sha256) for _, sha256 in wanted)
        if not own and not await self._is_shared():
            return {}

        def act(db: Connection) -> Mapping[int, tuple[Output, ...]]:
            found = earlier(db, self._job, self._source_identity, wanted)
            others = {item_id: twin for item_id, twin in found.items() if twin != item_id}
            there = landed_of(db, sorted(set(others.values()))) if others else {}
            return {
                item_id: tuple(there[twin]) for item_id, twin in others.items() if twin in there
            }

        return await self._database.read(act)

    async def _is_shared(self) -> bool:
        """Whether another job delivers here, or did, or an earlier run of this one; a no stands for `SHARED_S`."""
        if self._has_sent:
            return True
        if not self._others and time.monotonic() - self._asked_at > SHARED_S:
            job = {
                "job": self._job.id,
                "at": self._job.destination,
                "recipe": self._job.recipe.value,
            }
            self._others = await self._database.read(
                lambda db: bool(db.execute(_OTHERS, job).first())
            )
            self._asked_at = time.monotonic()
        return self._others

    async def intend(self, shipments: Sequence[Shipment], destination: Destination) -> list[Intent]:
        """Placements and albums, committed durably; none for a shipment whose content this job sent meanwhile."""

        def act(db: Connection) -> list[Intent]:
            return self._packer.pack(db, shipments, destination)

        return await self._write(act, durable=True)

    async def form_album(self, members: Sequence[Intent], note: JsonObject) -> list[Intent]:
        """The next album of the job, with these members."""

        def act(db: Connection) -> list[Intent]:
            return self._packer.form_album(db, members, note)

        return await self._write(act, durable=True)

    async def bytes_sent(self) -> int:
        """Bytes that the job has receipts for."""
        sent = select(jobs.c.bytes_sent).where(jobs.c.id == self._job.id)
        return await self._database.read(lambda db: int(db.execute(sent).scalar_one()))

    async def staged(self, intent: Intent, staged: JsonObject, read: Fingerprint | None) -> None:
        """Remember what was staged; `read` has size and sums of what came from a stream."""
        item = intent.shipment.item

        if read is not None:
            self._packer.meet(read.sha256)

        def act(db: Connection) -> None:
            values: dict[str, object] = {}
            if read is not None:
                values = {"size": read.size_bytes, "crc32": read.crc32, "sha256": read.sha256}
                mine = outputs.c.item_id == item.id
                db.execute(update(outputs).where(mine).values(sha256=read.sha256))
            old = states_of(db, [item.id])[item.id]
            if old is ItemState.REFUSED:
                values["recovered"] = True  # this was its second chance
            apply(db, [Move(item.id, old, ItemState.STAGED, values)], self._task)
            db.execute(delete(stagings).where(stagings.c.item_id == item.id))
            row = {"item_id": item.id, "staged": staged, "staged_ms": self._clock()}
            db.execute(insert(stagings).values(row))
            self._tell(db, [(item.index, ItemState.STAGED)])

        await self._write(act, durable=True)

    async def unstaged(self, gone: Sequence[Gone]) -> None:
        """Open items again of which nothing is staged any more."""
        ids = [one.item_id for one in gone]

        def act(db: Connection) -> None:
            rows = db.execute(select(items).where(items.c.id.in_(ids)))
            back = [_taken_back(row) for row in rows]
            made = {move.row for move in apply(db, back, self._task)}
            self._packer.withdraw(db, [one for one in ids if one in made])

        await self._write(act, durable=True)

    async def receive(self, landed: Sequence[Landed], *, durable: bool = False) -> None:
        """Write receipts. Not fsynced unless `durable`: the destination can be asked again what lies there."""

        def act(db: Connection) -> list[str]:
            sender = Sender(self._job, self._source_identity, self._task)
            indices, sent = write_receipts(db, sender, landed, self._clock())
            db.execute(
                update(jobs)
                .where(jobs.c.id == self._job.id)
                .values(bytes_sent=jobs.c.bytes_sent + sent)
            )
            self._tell(db, [(index, ItemState.SENT) for index in indices])
            return no_longer_kept(db, [one.item_id for one in landed])

        for name in await self._write(act, durable=durable) if landed else ():
            (self._kept / name).unlink(missing_ok=True)

    async def is_whole_album(self, item_ids: Sequence[int]) -> bool:
        """Whether these items are all that was not sent of the album that the first of them is in."""
        number = select(items.c.album).where(items.c.id == item_ids[0]).scalar_subquery()
        mine = (items.c.job_id == self._job.id) & (items.c.album == number)
        left = [state.value for state in ITEM_OPEN | ITEM_LOST]
        others = select(items.c.id).where(mine, items.c.state.in_(left), ~items.c.id.in_(item_ids))
        return await self._database.read(lambda db: db.execute(others.limit(1)).first() is None)

    async def open_intents(self, after: int) -> list[Intent]:
        """Up to 100 intents of this job's open items without a receipt, with item id above `after`."""

        def act(db: Connection) -> list[int]:
            ids = (
                select(outputs.c.item_id)
                .join(items, items.c.id == outputs.c.item_id)
                .where(items.c.job_id == self._job.id, ~outputs.c.landed, outputs.c.item_id > after)
                .where(items.c.state.in_([one.value for one in ITEM_OPEN]))
                .distinct()
                .order_by(outputs.c.item_id)
                .limit(INTENTS_PAGE)
            )
            return list(db.execute(ids).scalars())

        return await self.intents_of(await self._database.read(act))

    async def intents_of(self, item_ids: Sequence[int]) -> list[Intent]:
        """Intents as the ledger has them, by item id; their bytes are not at hand."""

        def act(db: Connection) -> list[Intent]:
            files = db.execute(
                select(outputs)
                .where(outputs.c.item_id.in_(item_ids))
                .order_by(outputs.c.item_id, outputs.c.n)
            ).all()
            by_item = {
                item_id: list(own) for item_id, own in groupby(files, lambda row: row.item_id)
            }
            rows = db.execute(
                select(items, stagings.c.staged, albums.c.note)
                .outerjoin(stagings, stagings.c.item_id == items.c.id)
                .outerjoin(
                    albums, (albums.c.job_id == items.c.job_id) & (albums.c.number == items.c.album)
                )
                .where(items.c.id.in_(by_item))
                .order_by(items.c.id)
            )
            return [_intent_of(row, by_item[row.id]) for row in rows]

        found = await self._database.read(act) if item_ids else []
        for one in found:  # what an earlier run meant to send may have arrived
            self._packer.meet(one.shipment.item.sha256)
        return found


def _taken_back(row: AnyRow) -> Move:
    """What was staged as the second chance of an item is still to have that chance."""
    new = ItemState.REFUSED if row.recovered else ItemState.PENDING
    return Move(row.id, ItemState(row.state), new, {"recovered": False})


def _intent_of(row: AnyRow, files: Sequence[AnyRow]) -> Intent:
    item: Item = item_of(row)
    parcels = tuple(
        Parcel(None, item.name, one.size_bytes, one.sha256, item.mtime_ms) for one in files
    )
    placements = tuple(placement_of(one) for one in files)
    shipment = Shipment(item, judged_of(item), parcels)
    return Intent(shipment, item.album, placements, row.staged, row.note or {})


def states_of(db: Connection, item_ids: Sequence[int]) -> dict[int, ItemState]:
    """The states of items as they are now."""
    rows = db.execute(select(items.c.id, items.c.state).where(items.c.id.in_(item_ids)))
    return {row.id: ItemState(row.state) for row in rows}


def no_longer_kept(db: Connection, item_ids: Sequence[int]) -> list[str]:
    """Take rows of delivered items out of the quarantine; returns the files that nothing refers to any more."""
    mine = quarantine.c.item_id.in_(item_ids)
    files = db.execute(select(quarantine.c.file).where(mine)).scalars().all()
    if files:
        db.execute(delete(quarantine).where(mine))
    return [str(name) for name in files if name is not None]
