"""What reports and galleries read of the ledger: sums, deliveries, pages of items. Each runs in a transaction."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select, tuple_

from transload.arguments import NAMES_SHOWN, nothing_fits
from transload.entry import Place
from transload.errors import BugError, CorruptError
from transload.faults import Fault
from transload.ledger.database import Database
from transload.ledger.rows import AnyRow, fault_or_none, item_of, job_of, progress_of
from transload.ledger.schema import items, jobs, outputs
from transload.model import (
    FinishedPart,
    Item,
    ItemKind,
    ItemRecord,
    ItemState,
    Job,
    JobProgress,
    JobState,
    Output,
    Recipe,
    Totals,
)
from transload.states import ITEM_LOST, ITEM_OPEN, LEFT_OUT, OPENED

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


def left_out_by_filters(db: Connection, job: Job) -> Fault | None:
    """The fault of a job whose `include` fits no name of a source in which there is something, else None.

    Archives inside do not count: they were opened to look for names in them.
    """
    of_job = items.c.job_id == job.id
    beside = items.c.state != ItemState.SKIPPED.value
    left_out = items.c.why.startswith(LEFT_OUT)
    beside |= ~left_out & (items.c.why != OPENED) & (items.c.kind != ItemKind.ARCHIVE.value)
    if not job.include or db.execute(select(items.c.id).where(of_job, beside).limit(1)).first():
        return None
    some = select(items.c.name).where(of_job, left_out).order_by(items.c.idx)
    names = list(db.execute(some.limit(NAMES_SHOWN + 1)).scalars())
    return nothing_fits(job.include, job.exclude, names).fault() if names else None


def shared_fault(db: Connection, job_id: str) -> Fault | None:
    """What kept every lost item from arriving, when it was the same for all: then it is what the job failed of."""
    lost = (items.c.job_id == job_id) & items.c.fault.is_not(None)
    kind = items.c.fault["kind"].as_string()
    if len(db.execute(select(kind).where(lost).distinct().limit(2)).all()) != 1:
        return None
    first = db.execute(
        select(items.c.fault).where(lost).order_by(items.c.idx, items.c.inner).limit(1)
    ).scalar_one()
    return fault_or_none(first)


def never_sent() -> Fault:
    """Why an item is lost that is staged still when its job ends."""
    return BugError("it was staged and never sent").fault()


def vanished() -> Fault:
    """The fault of an item that no pass over the source has met any more."""
    return CorruptError("the source no longer holds this entry", stage="fetch").fault()


def done_of(db: Connection, job_id: str) -> FinishedPart:
    """What of a job is finished, for progress. Reads every row of it: 0.1 s for 100,000."""
    closed = items.c.state.not_in([state.value for state in ITEM_OPEN])
    query = select(
        func.count().filter(closed),
        func.coalesce(func.sum(items.c.size).filter(closed), 0),
        func.count(),
        func.coalesce(func.sum(items.c.size), 0),
    ).where(items.c.job_id == job_id)
    return FinishedPart(*db.execute(query).one())


def last_progress(db: Connection, job: AnyRow, state: JobState) -> JobProgress:
    """The progress of a job that ends in this state: all of its rows, and 1.0 only where it succeeded."""
    rows = done_of(db, job.id)
    before = progress_of(job.progress)
    share = None if before is None else before.overall
    return JobProgress(
        stage="fetch" if before is None else before.stage,
        item=None,
        done=rows.size_bytes,
        total=rows.total_bytes,
        unit="bytes",
        rate=None,
        eta_s=None,
        overall=1.0 if state is JobState.SUCCEEDED else share,
        items=rows.items,
        items_total=rows.total_items,
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
        found.setdefault(row.item_id, []).append(
            Output(row.reference, row.size_bytes, row.sha256 or "")
        )
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
            item if judged or item.judgement is None else replace(item, judgement=None),
            tuple(landed.get(twins.get(item.id, item.id), ())),
            item.judgement is not None and bool(item.judgement.plan.note),
        )
        for item in page
    ]


def jobs_of(db: Connection, job: Job) -> list[Job]:
    """The jobs that delivered, or meant to, into the folder of this one, oldest first; it is one of them."""
    rows = db.execute(
        select(jobs)
        .where(jobs.c.destination == job.destination, jobs.c.folder == job.folder)
        .order_by(jobs.c.created_ms, jobs.c.id)
    )
    return [job_of(row) for row in rows]


async def untouched(database: Database, job: Job) -> frozenset[str]:
    """Ids of the folder's jobs that passed everything on unread (recipe `original`)."""
    known = await database.read(lambda db: jobs_of(db, job))
    return frozenset(one.id for one in known if one.recipe is Recipe.ORIGINAL)


async def records_of(database: Database, job: Job) -> AsyncIterator[ItemRecord]:
    """Job after job in entry order, a page at a time: of this one all items, of the others what the folder owes them.

    That is what they delivered, and what they lost and no later one met again.
    """
    known = await database.read(lambda db: jobs_of(db, job))
    for at, one in enumerate(known):
        later = [other.id for other in known[at + 1 :]]
        async for record in _of_one(database, one, later, own=one.id == job.id):
            yield record


async def _of_one(
    database: Database, one: Job, later: Sequence[str], *, own: bool
) -> AsyncIterator[ItemRecord]:
    after: Place = (-1, "")

    def act(db: Connection) -> tuple[Place | None, list[ItemRecord]]:
        page = page_of(db, one.id, after, judged=True)
        last = page[-1].item.place if page else None
        if own:
            return last, page
        again = _met_again(db, [r.item.name for r in page if r.item.state in ITEM_LOST], later)
        return last, [record for record in page if _is_owed(record, again)]

    while True:
        last, page = await database.read(act)
        for record in page:
            yield record
        if last is None:
            return
        after = last


def _is_owed(record: ItemRecord, again: frozenset[str]) -> bool:
    state = record.item.state
    return state is ItemState.SENT or (state in ITEM_LOST and record.item.name not in again)


def _met_again(db: Connection, names: Sequence[str], later: Sequence[str]) -> frozenset[str]:
    """Those of the names that a later job has an item of."""
    if not names or not later:
        return frozenset()
    rows = db.execute(
        select(items.c.name).where(items.c.job_id.in_(later), items.c.name.in_(names))
    )
    return frozenset(row.name for row in rows)
