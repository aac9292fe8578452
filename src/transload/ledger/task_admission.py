"""How entries become items: each place of the source one row, once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, insert, select

from transload.entry import Entry
from transload.errors import CorruptError
from transload.ledger.rows import AnyRow, item_of
from transload.ledger.schema import items
from transload.ledger.task_end import EndingTask
from transload.model import Item, ItemKind, ItemState

_BETWEEN = (
    select(items)
    .where(
        items.c.job_id == bindparam("job"),
        items.c.idx.between(bindparam("low"), bindparam("high")),
        items.c.inner.between(bindparam("first"), bindparam("last")),
        func.length(items.c.inner) == bindparam("level"),
    )
    .order_by(items.c.idx, items.c.inner)
)
_NEW = insert(items)


class AdmittingTask(EndingTask):
    """Entries as items of the job."""

    async def admit(self, entries: Sequence[Entry]) -> list[Item]:
        """One item for each entry that is not a folder, in their order; all are of one archive.

        Raises CorruptError where another entry was at such a place in an earlier pass: what was sent would hide it.
        """
        files = [entry for entry in entries if entry.kind != "dir"]
        if not files:
            return []
        here = {
            "job": self._job.id,
            "low": files[0].index,
            "high": files[-1].index,
            "first": files[0].inner,
            "last": files[-1].inner,
            "level": len(files[0].inner),
        }

        def act(db: Connection) -> Sequence[AnyRow]:
            rows = db.execute(_BETWEEN, here).all()
            known = {(row.idx, row.inner): row for row in rows}
            new = [one for one in files if not _is_known(known, one)]
            if not new:
                return rows
            db.execute(_NEW, [self._new_row(entry) for entry in new])
            return db.execute(_BETWEEN, here).all()

        return [item_of(row) for row in await self._write(act)]

    def _new_row(self, entry: Entry) -> dict[str, object]:
        plain = entry.name.encode("utf-8", "surrogatepass") == entry.raw_name
        return {
            "job_id": self._job.id,
            "idx": entry.index,
            "inner": entry.inner,
            "name": entry.name.encode("utf-8", "replace").decode("utf-8"),
            "raw_name": None if plain else entry.raw_name,
            "size": entry.size,
            "crc32": entry.crc,
            "mtime_ms": entry.mtime_ms,
            "state": ItemState.PENDING.value,
            "kind": ItemKind.UNKNOWN.value,
        }


def _is_known(known: Mapping[tuple[int, str], AnyRow], entry: Entry) -> bool:
    """Whether the entry's place has its item. Raises CorruptError where it has another entry's."""
    row = known.get((entry.index, entry.inner))
    if row is not None and entry.raw_name not in (row.raw_name, row.name.encode()):
        raise CorruptError(
            f"the source was changed while it was read: {entry.name} is where {row.name} was",
            suggestion="Send it again: it is then read from its start, and what was delivered is not sent again.",
        )
    return row is not None
