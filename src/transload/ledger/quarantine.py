"""Kept originals: listed, put back to work, dropped. Only these acts remove them; clean-up never does."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, delete, or_, select, update

from transload.errors import UnknownJobError
from transload.ledger.database import Database
from transload.ledger.rows import announce, quarantine_of
from transload.ledger.schema import items, quarantine
from transload.model import ItemState, QuarantineRecord
from transload.states import check_item_move

DROPPED = "Its original was deleted; `transload retry JOB` reads it from the source again."


class Quarantine:
    """The quarantine folder with its rows."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    async def listed(self, prefix: str = "") -> list[QuarantineRecord]:
        """Kept originals whose id, or whose job's id, begins with `prefix`; oldest first."""
        upper = prefix.upper()

        def act(db: Connection) -> list[QuarantineRecord]:
            query = select(quarantine).where(
                or_(quarantine.c.id.startswith(upper), quarantine.c.job_id.startswith(upper))
            )
            return [
                quarantine_of(row, self.folder)
                for row in db.execute(query.order_by(quarantine.c.created_ms, quarantine.c.item_id))
            ]

        return await self.database.read(act)

    async def one(self, prefix: str) -> QuarantineRecord:
        """The one original whose id begins so. Raises UnknownJobError."""
        found = await self.listed(prefix)
        if len(found) != 1:
            many = (
                "more than one kept original's id begins"
                if found
                else "no kept original's id begins"
            )
            raise UnknownJobError(
                f"{many} with {prefix!r}", suggestion="`transload quarantine list` shows their ids."
            )
        return found[0]

    async def items_by_job(self, prefixes: Sequence[str]) -> dict[str, list[int]]:
        """The items of kept originals by their jobs, an original for each prefix. Raises UnknownJobError."""
        found: dict[str, list[int]] = {}
        for record in [await self.one(prefix) for prefix in prefixes]:
            found.setdefault(record.job_id, []).append(record.item_id)
        return found

    async def drop(self, record: QuarantineRecord, now_ms: int) -> None:
        """Delete a kept original: first the row, so that no row names a file that is gone, then the file.

        Its item is then one that failed: nothing of it is kept any more.
        """

        def act(db: Connection) -> None:
            db.execute(delete(quarantine).where(quarantine.c.id == record.id))
            check_item_move(ItemState.QUARANTINED, ItemState.FAILED)
            kept = (items.c.id == record.item_id) & (items.c.state == ItemState.QUARANTINED.value)
            fault = replace(record.reason, suggestion=DROPPED).as_dict()
            values = {"state": ItemState.FAILED.value, "fault": fault}
            if db.execute(update(items).where(kept).values(**values)).rowcount:
                announce(db, record.job_id, now_ms, "dropped", {"name": record.name})

        await self.database.run(act, durable=True)
        if record.path is not None:
            record.path.unlink(missing_ok=True)

    async def strays(self) -> list[Path]:
        """Files in the folder that no row refers to (a crash between the move and the row)."""
        known = {record.path for record in await self.listed()}
        if not self.folder.exists():
            return []
        return sorted(path for path in self.folder.iterdir() if path not in known)
