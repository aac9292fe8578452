"""What was delivered earlier and makes an item a duplicate, as SQL."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import CompoundSelect, Connection, Select, bindparam, select, union_all

from transload.ledger.schema import items, receipts
from transload.model import Item, Job


def earlier(
    db: Connection, job: Job, source_identity: str, wanted: Sequence[tuple[Item, str]]
) -> dict[int, int]:
    """By the ids of items, with their SHA-256: those whose receipts make them duplicates, by the job's rule.

    Media: the same content for the same recipe. All files: nothing is dropped but what the same place of the same
    source already delivered. `again` leaves earlier jobs out.
    """
    at = {"at": job.destination, "recipe": job.recipe.value}
    if not job.drops_equals:
        return {} if job.again else _of_same_places(db, at, job, source_identity, wanted)
    own = {"job": job.id} if job.again else {}
    found: dict[str, int] = {}
    sums = sorted({sha256 for _, sha256 in wanted})
    for n in range(0, len(sums), _SUMS_MAX):
        some = sums[n : n + _SUMS_MAX]
        padded = some + some[-1:] * (_padded(len(some)) - len(some))
        asked = {f"sum{k}": sha256 for k, sha256 in enumerate(padded)}
        rows = db.execute(_of_contents(len(padded), job.again), at | own | asked)
        found |= {row.sha256: row.item_id for row in rows}
    return {item.id: found[sha] for item, sha in wanted if sha in found}


def _of_same_places(
    db: Connection,
    at: Mapping[str, str],
    job: Job,
    source_identity: str,
    wanted: Sequence[tuple[Item, str]],
) -> dict[int, int]:
    indices = [item.index for item, _ in wanted]
    asked = {
        "job": job.id,
        "source": source_identity,
        "low": min(indices),
        "high": max(indices),
        "sums": sorted({sha256 for _, sha256 in wanted}),
    }
    rows = db.execute(_SAME_PLACES, {**at, **asked})
    found = {(row.idx, row.inner, row.sha256): row.item_id for row in rows}
    places = {item.id: (*item.place, sha) for item, sha in wanted}
    return {one: found[place] for one, place in places.items() if place in found}


_HERE = (receipts.c.destination == bindparam("at")) & (receipts.c.recipe == bindparam("recipe"))
# Between two places: a hundred thousand empty files share one sum.
_SAME_PLACES = select(
    receipts.c.sha256, receipts.c.idx, receipts.c.inner, receipts.c.item_id
).where(
    _HERE,
    receipts.c.sha256.in_(bindparam("sums", expanding=True)),
    receipts.c.source_identity == bindparam("source"),
    receipts.c.idx.between(bindparam("low"), bindparam("high")),
    receipts.c.job_id != bindparam("job"),
)
_SUMS_MAX = 100


def _padded(count: int) -> int:
    """To how many sums a question is filled up: statements of three lengths are built, once."""
    return next(size for size in (1, 10, _SUMS_MAX) if count <= size)


@cache
def _of_contents(count: int, own_only: bool) -> CompoundSelect[str, int]:
    """A query that returns one receipt for each of `count` contents, even where a content has many receipts."""
    parts: list[Select[str, int]] = []
    for n in range(count):
        one = select(receipts.c.sha256, receipts.c.item_id).where(
            _HERE, receipts.c.sha256 == bindparam(f"sum{n}")
        )
        if own_only:
            one = one.where(receipts.c.job_id == bindparam("job"))
        found = one.limit(1).subquery()
        parts.append(select(found.c.sha256, found.c.item_id))
    return union_all(*parts)


def twin_of(db: Connection, job: Job, source_identity: str, item: Item, sha256: str) -> int | None:
    """The item of an earlier job whose files a duplicate stands for; None when another item of this job names them."""
    found = earlier(db, job, source_identity, [(item, sha256)]).get(item.id)
    if found is None:
        return None
    own = select(receipts.c.item_id).where(receipts.c.item_id == found, receipts.c.job_id == job.id)
    named = select(items.c.id).where(items.c.job_id == job.id, items.c.twin == found)
    return None if db.execute(own).first() or db.execute(named).first() else found
