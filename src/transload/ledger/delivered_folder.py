"""What lies in a job's folder at its destination, whichever job brought it: what a page about the folder shows."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import Connection, select

from transload.entry import Place
from transload.ledger.database import Database
from transload.ledger.reports import page_of
from transload.ledger.rows import job_of
from transload.ledger.schema import items, jobs
from transload.model import ItemRecord, ItemState, Job, Recipe

_LOST = frozenset({ItemState.FAILED, ItemState.QUARANTINED, ItemState.CANCELLED})


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
        again = _met_again(db, [r.item.name for r in page if r.item.state in _LOST], later)
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
    return state is ItemState.SENT or (state in _LOST and record.item.name not in again)


def _met_again(db: Connection, names: Sequence[str], later: Sequence[str]) -> frozenset[str]:
    """Those of the names that a later job has an item of."""
    if not names or not later:
        return frozenset()
    rows = db.execute(
        select(items.c.name).where(items.c.job_id.in_(later), items.c.name.in_(names))
    )
    return frozenset(row.name for row in rows)
