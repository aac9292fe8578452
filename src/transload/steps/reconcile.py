"""After a crash: what was meant to happen outside, and did it?"""

from transload.model import Job
from transload.ports import Destination, Record


async def reconcile_intents(job: Job, record: Record, destination: Destination) -> None:
    """Ask the destination what became of the intents of a killed run."""
    after = 0
    while intents := await record.open_intents(after):
        await record.receive(await destination.look_up(job, intents))
        after = intents[-1].item_id
