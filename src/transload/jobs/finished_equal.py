"""When the same command comes again: is there anything left to do?"""

from dataclasses import replace

from transload.errors import KINDS
from transload.ledger.jobs import Ledger
from transload.model import Job, Output
from transload.ports import Destination

CHOICES = ("include", "exclude", "sort", "originals", "caption")  # options outside a job's identity
LOOK_MAX = 500  # delivered files looked at in one thread hop


async def finished_equal_job(
    ledger: Ledger, destination: Destination, job: Job, identity: str, version: str
) -> Job | None:
    """The ended job of the same words when doing it again could change nothing, else None.

    The source is the same as far as the disk tells, everything delivered is still there, and what was lost would be
    lost again. Such a job is told once more instead of becoming one of duplicates.
    """
    done = await ledger.finished(identity, version)
    if done is None or replace(done, **{name: getattr(job, name) for name in CHOICES}) != done:
        return None
    there: list[Output] = []
    async for record in ledger.records(done.id):
        fault = record.item.fault
        if fault is not None and KINDS[fault.kind].retryable != "never":
            return None
        there += record.outputs
        if len(there) >= LOOK_MAX:
            if not await destination.holds(there):
                return None
            there = []
    return done if await destination.holds(there) else None
