"""The ledger as one task may write it: the `Record` port. Every write checks the task's fencing number first."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import anyio.to_thread
from sqlalchemy import Connection, select, tuple_, update

from transload.entry import INNER_DIGITS, Place, ReadReport
from transload.events import Warned
from transload.faults import Fault
from transload.ledger.duplicates import twin_of
from transload.ledger.moves import Move, apply
from transload.ledger.quarantine import fingerprint, is_kept, put_in, usable_of, write_kept
from transload.ledger.rows import (
    announce,
    fault_to_json,
    item_of,
    judgement_to_json,
    new_id,
)
from transload.ledger.schema import items, jobs, quarantine
from transload.ledger.task_deliveries import DeliveringTask, no_longer_kept, states_of
from transload.ledger.task_end import CONVERTING
from transload.model import (
    Held,
    Item,
    ItemState,
    Outcome,
)
from transload.ports import Refusal

log = logging.getLogger(__name__)

DOUBT = "the archive's sum was wrong after this was sent"
DOUBTED = (
    "a sum over packed data was wrong after some of it was sent: those items are marked as partial"
)

_NOT_LOST = frozenset({ItemState.SKIPPED, ItemState.DUPLICATE})


class TaskRecord(DeliveringTask):
    """What a running task reads and writes of the items: the `Record` port of the flow."""

    async def conclude(self, outcomes: Sequence[Outcome]) -> None:
        """Write how items left the immediate path, or that they stay pending for want of a password."""

        def act(db: Connection) -> list[str]:
            old = states_of(db, [o.item.id for o in outcomes])
            _note_second_refusals(db, [o for o in outcomes if old[o.item.id] is ItemState.REFUSED])
            moves = [self._leaving(db, o, old[o.item.id]) for o in outcomes]
            leaving = _each_twin_once([move for move in moves if move is not None])
            made = {move.row: move.new for move in apply(db, leaving, self._task)}
            self._packer.withdraw(db, [o.item.id for o in outcomes if o.item.id in made])
            entered = [
                (o.item.index, ItemState(made[o.item.id])) for o in outcomes if o.item.id in made
            ]
            if moved := [one for one in entered if one[1] is not ItemState.PENDING]:
                self._tell(db, moved)
            return no_longer_kept(db, [o.item.id for o in outcomes if o.state in _NOT_LOST])

        for name in await self._write(act) if outcomes else ():
            (self._kept / name).unlink(missing_ok=True)

    def _leaving(self, db: Connection, outcome: Outcome, old: ItemState) -> Move | None:
        """The move that an outcome is, None where the item is in that state already."""
        item, judgement, held = outcome.item, outcome.judgement, outcome.held
        if outcome.state is ItemState.FAILED and is_kept(db, item.id):
            outcome = replace(outcome, state=ItemState.QUARANTINED)
        if old is outcome.state and old is not ItemState.PENDING:
            return None
        values: dict[str, object] = {"why": outcome.why, "fault": fault_to_json(outcome.fault)}
        if outcome.kind is not None:
            values["kind"] = outcome.kind.value
        if held is not None:
            values |= {"size": held.size_bytes, "crc32": held.crc32, "sha256": held.sha256}
        if judgement is not None:
            values |= {
                "kind": judgement.kind.value,
                "verdict": judgement.verdict.value,
                "partial": judgement.partial,
                "judgement": judgement_to_json(judgement),
            }
        if outcome.state is ItemState.DEFERRED:
            values["deferred"] = True
        if outcome.state in (ItemState.QUARANTINED, ItemState.FAILED):
            values["recovered"] = False
        if outcome.state is ItemState.DUPLICATE:
            sha256 = item.sha256 if held is None else held.sha256
            values["twin"] = twin_of(db, self._job, self._source_identity, item, sha256 or "")
        return Move(item.id, old, outcome.state, values)

    async def refused(self, refusals: Sequence[Refusal]) -> None:
        """These items get their one recovery; a second refusal is the caller's to quarantine."""
        moved = [
            Outcome(await self.item(r.item_id), ItemState.REFUSED, r.fault.detail, fault=r.fault)
            for r in refusals
        ]
        await self.conclude(moved)

    async def doubt(self, first: Place) -> None:
        """Mark all items from a place on, within the archive that holds it; the job says so, too."""
        index, inner = first
        at = items.c.job_id == self._job.id
        if inner:
            outer = inner[:-INNER_DIGITS]
            at &= (items.c.idx == index) & (items.c.inner >= inner)
            at &= items.c.inner < f"{outer}:"  # after every digit
        else:
            at &= items.c.idx >= index

        def act(db: Connection) -> None:
            db.execute(update(items).where(at).values(doubt=DOUBT))
            self._warn(db, DOUBTED)

        await self._write(act, durable=True)

    async def half_read(self) -> set[Place]:
        """Places of opened archives that still have pending items: each one's parents, level by level."""
        inside = (items.c.job_id == self._job.id) & (items.c.inner != "")
        query = select(items.c.idx, items.c.inner).where(
            inside, items.c.state == ItemState.PENDING.value
        )
        places = await self._database.read(lambda db: db.execute(query).all())
        return {
            (row.idx, row.inner[:level])
            for row in places
            for level in range(0, len(row.inner), INNER_DIGITS)
        }

    async def item(self, item_id: int) -> Item:
        """The item as it is now."""
        query = select(items).where(items.c.id == item_id)
        return item_of(await self._database.read(lambda db: db.execute(query).one()))

    async def pending_at(self, index: int) -> list[Item]:
        """Pending items of an entry of the source: its own, and those in it where it is an archive."""
        at = (items.c.job_id == self._job.id) & (items.c.idx == index)
        at &= items.c.state == ItemState.PENDING.value
        query = select(items).where(at).order_by(items.c.inner)
        return await self._database.read(lambda db: [item_of(row) for row in db.execute(query)])

    async def withheld(self, item: Item, fault: Fault) -> int:
        """Count that the server does not give a pending item for now; returns how often in a row, in any run."""
        before = 0 if item.fault is None else item.fault.attempts
        counted = fault_to_json(replace(fault, attempts=before + 1))
        at = (items.c.id == item.id) & (items.c.state == ItemState.PENDING.value)
        await self._write(lambda db: db.execute(update(items).where(at).values(fault=counted)))
        return before + 1

    async def deferred_near(self, item_id: int, limit: int) -> list[Item]:
        """Items that still wait for a conversion, from this one on in entry order."""
        here = select(items.c.idx, items.c.inner).where(items.c.id == item_id)
        query = (
            select(items)
            .where(items.c.job_id == self._job.id)
            .where(tuple_(items.c.idx, items.c.inner) >= here.scalar_subquery())
            .where(items.c.state.in_([state.value for state in CONVERTING]))
            .order_by(items.c.idx, items.c.inner)
            .limit(limit)
        )
        return await self._database.read(lambda db: [item_of(row) for row in db.execute(query)])

    async def keep(self, item: Item, held: Held, fault: Fault) -> None:
        """Move the original's bytes into the quarantine, then say so; repeated after a crash it does no harm."""
        name = f"{item.job_id}-{item.index}{item.inner and f'-{item.inner}'}"

        def act(db: Connection) -> list[str]:
            file = name if put_in(self._kept, name, held, self._has_room) else None
            if file is None and not held.users_own:
                self._warn(
                    db, f"{item.name}: no room to keep the original, only its fingerprint is kept"
                )
            before = no_longer_kept(db, self._same_original(db, item, held))
            now = self._clock()
            write_kept(db, item, held, fault, file, new_id(now), now)
            return before

        for older in await self._write(act):
            (self._kept / older).unlink(missing_ok=True)

    def _warn(self, db: Connection, words: str) -> None:
        at = jobs.c.id == self._job.id
        known: list[str] = db.execute(select(jobs.c.warnings).where(at)).scalar_one()
        db.execute(update(jobs).where(at).values(warnings=list(dict.fromkeys([*known, words]))))

    async def is_usable(self, item_id: int) -> bool:
        """Whether the item can be sent from its kept original, so that its source need not be opened."""
        return await self._database.read(lambda db: usable_of(db, item_id) is not None)

    async def kept(self, item: Item) -> Held | None:
        """The complete original in the quarantine, its SHA-256 checked; None where it cannot be used."""
        row = await self._database.read(lambda db: usable_of(db, item.id))
        if row is None:
            return None
        held = await anyio.to_thread.run_sync(fingerprint, self._kept / row.file)
        if held is None or held.sha256 != row.sha256:
            log.warning("kept_original_changed", extra={"job": item.job_id, "file": row.file})
            return None
        return held

    def _same_original(self, db: Connection, item: Item, held: Held) -> list[int]:
        """Items of earlier jobs that keep the very same bytes from the same place of the same source."""
        same = (
            select(quarantine.c.item_id)
            .join(items, items.c.id == quarantine.c.item_id)
            .join(jobs, jobs.c.id == items.c.job_id)
            .where(jobs.c.source_identity == self._source_identity, items.c.idx == item.index)
            .where(items.c.inner == item.inner)
            .where(quarantine.c.sha256 == held.sha256, items.c.id != item.id)
        )
        return list(db.execute(same).scalars())

    async def source_read(self, report: ReadReport, peak_scratch_bytes: int) -> None:
        """Add a pass over the source to the job's sums; its fault becomes the job's."""

        def act(db: Connection) -> None:
            row = db.execute(select(jobs).where(jobs.c.id == self._job.id)).one()
            fault = row.fault if report.fault is None else fault_to_json(report.fault)
            sums = update(jobs).values(
                bytes_read=row.bytes_read + report.bytes_read,
                peak_scratch_bytes=max(row.peak_scratch_bytes, peak_scratch_bytes),
                warnings=list(dict.fromkeys([*row.warnings, *report.warnings])),
                fault=fault,
            )
            db.execute(sums.where(jobs.c.id == row.id))
            for text in dict.fromkeys(report.warnings):
                if text not in row.warnings:
                    announce(db, row.id, self._clock(), Warned(text))

        await self._write(act)


def _note_second_refusals(db: Connection, outcomes: Sequence[Outcome]) -> None:
    """Remember that these were refused when they had had their second chance: a kill gives them no third."""
    for one in outcomes:
        if one.state is ItemState.REFUSED:
            values = {"recovered": True, "why": one.why, "fault": fault_to_json(one.fault)}
            db.execute(update(items).where(items.c.id == one.item.id).values(values))


def _each_twin_once(moves: Sequence[Move]) -> list[Move]:
    """The moves of a batch, where only the first duplicate of an earlier item names it."""
    named: set[object] = set()
    once: list[Move] = []
    for move in moves:
        twin = move.values.get("twin")
        again = twin is not None and twin in named
        once.append(replace(move, values={**move.values, "twin": None}) if again else move)
        named.add(twin)
    return once
