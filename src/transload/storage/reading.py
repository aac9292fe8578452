"""What reports and galleries read of the ledger: sums, deliveries, pages of items. Each runs in a transaction."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select, tuple_

from transload.entry import Place
from transload.model import Item, ItemRecord, ItemState, Job, Output, Totals
from transload.storage.rows import item_of
from transload.storage.schema import items, outputs

PAGE = 500  # rows held at once: 100,000 items in memory cost 282 MiB, a page of them 1.5


def totals_of(db: Connection, job: Job) -> Totals:
    """The sums of a job's items; open ones count into `entries` only. `deferred` is how many ever were."""
    counted = db.execute(
        select(items.c.state, func.count()).where(items.c.job_id == job.id).group_by(items.c.state)
    ).all()
    by_state = {ItemState(state): number for state, number in counted}
    sums = db.execute(
        select(
            func.count().filter(items.c.deferred),
            func.count().filter(items.c.recovered),
            func.count(items.c.album.distinct()).filter(items.c.state == ItemState.SENT.value),
        ).where(items.c.job_id == job.id)
    ).one()
    return Totals(
        entries=sum(by_state.values()),
        sent=by_state.get(ItemState.SENT, 0),
        skipped=by_state.get(ItemState.SKIPPED, 0),
        duplicate=by_state.get(ItemState.DUPLICATE, 0),
        quarantined=by_state.get(ItemState.QUARANTINED, 0),
        failed=by_state.get(ItemState.FAILED, 0),
        cancelled=by_state.get(ItemState.CANCELLED, 0),
        deferred=int(sums[0]),
        recovered=int(sums[1]),
        albums=int(sums[2]),
        bytes_read=job.bytes_read,
        bytes_sent=job.bytes_sent,
        peak_scratch_bytes=job.peak_scratch_bytes,
    )


def landed_of(db: Connection, item_ids: Sequence[int]) -> dict[int, list[Output]]:
    """Delivered files by item."""
    found: dict[int, list[Output]] = {}
    rows = db.execute(
        select(outputs)
        .where(outputs.c.item_id.in_(item_ids), outputs.c.landed)
        .order_by(outputs.c.item_id, outputs.c.n)
    )
    for row in rows:
        found.setdefault(row.item_id, []).append(Output(row.path, row.size_bytes, row.sha256))
    return found


def page_of(db: Connection, job_id: str, after: Place, *, judged: bool) -> list[ItemRecord]:
    """Up to a page of a job's items after the place `after`, with their deliveries and, if wanted, their judgements."""
    rows = db.execute(
        select(items)
        .where(items.c.job_id == job_id, tuple_(items.c.idx, items.c.inner) > after)
        .order_by(items.c.idx, items.c.inner)
        .limit(PAGE)
    ).all()
    page: list[Item] = [item_of(row) for row in rows]
    ids = [item.id for item in page]
    twins = {row.id: row.twin for row in rows if row.twin is not None}
    landed = landed_of(db, [*ids, *twins.values()])
    return [
        ItemRecord(
            item if judged else replace(item, judgement=None),
            tuple(landed.get(twins.get(item.id, item.id), ())),
            item.judgement is not None and bool(item.judgement.plan.get("note")),
        )
        for item in page
    ]
