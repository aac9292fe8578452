"""Kept originals: listed, put back to work, dropped. Only these acts remove them; clean-up never does."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, or_, select

from transload.errors import UnknownJobError
from transload.model import QuarantineRecord
from transload.storage.database import Database
from transload.storage.rows import quarantine_of
from transload.storage.schema import quarantine


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

        return await self.database.run(act)

    async def one(self, prefix: str) -> QuarantineRecord:
        """The one original whose id begins so. Raises UnknownJobError."""
        found = await self.listed(prefix)
        if len(found) != 1:
            raise UnknownJobError(
                f"{len(found)} kept originals have an id that begins with {prefix!r}"
            )
        return found[0]

    async def items_by_job(self, prefixes: Sequence[str]) -> dict[str, list[int]]:
        """The items of kept originals by their jobs, an original for each prefix. Raises UnknownJobError."""
        found: dict[str, list[int]] = {}
        for record in [await self.one(prefix) for prefix in prefixes]:
            found.setdefault(record.job_id, []).append(record.item_id)
        return found

    async def drop(self, record: QuarantineRecord) -> None:
        """Delete a kept original: first the row, so that no row names a file that is gone, then the file."""
        await self.database.run(
            lambda db: db.execute(delete(quarantine).where(quarantine.c.id == record.id)),
            durable=True,
        )
        if record.path is not None:
            record.path.unlink(missing_ok=True)

    async def strays(self) -> list[Path]:
        """Files in the folder that no row refers to (a crash between the move and the row)."""
        known = {record.path for record in await self.listed()}
        if not self.folder.exists():
            return []
        return sorted(path for path in self.folder.iterdir() if path not in known)
