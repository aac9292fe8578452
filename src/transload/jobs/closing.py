"""The last act of a job at its destination: a page about the folder, with a small picture of each file."""

from collections.abc import AsyncIterator
from pathlib import Path

from transload.errors import PermanentError, TransientError
from transload.ledger.database import Database
from transload.ledger.delivered_folder import records_of, untouched
from transload.model import ItemRecord, Job
from transload.ports import Destination, Media


async def close_page(database: Database, media: Media, destination: Destination, job: Job) -> None:
    """Close a job there. Raises what `Destination.close_job` raises."""
    original = await untouched(database, job) if job.folder is not None else frozenset[str]()

    def records() -> AsyncIterator[ItemRecord]:
        return records_of(database, job)

    async def picture(record: ItemRecord, local: Path) -> bytes | None:
        """As probing makes it. What was wanted unread is not read for the page either."""
        if record.item.job_id in original:
            return None
        try:
            return (await media.probe(local, local.name)).thumb
        except (PermanentError, TransientError):
            return None

    await destination.close_job(job, records, picture)
