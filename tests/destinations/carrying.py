"""What the flow and the ledger do around a destination, for tests that drive one alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from transload.model import Intent, Job
from transload.ports import Answer, Destination, Refusal, Stager, Upload


@dataclass
class HeldUploads:
    """The `Uploads` of one item, in memory."""

    under_way: dict[int, Upload] = field(default_factory=dict[int, Upload])

    async def begin(self, n: int, file_id: str, size_bytes: int, part_bytes: int) -> Upload:
        known = self.under_way.get(n)
        if known is None or (known.size_bytes, known.part_bytes) != (size_bytes, part_bytes):
            known = self.under_way[n] = Upload(file_id, size_bytes, part_bytes, {}, None)
        return known

    async def add(self, n: int, sums: Mapping[int, int]) -> None:
        known = self.under_way[n]
        self.under_way[n] = replace(known, done={**known.done, **sums}, first_part_ms=0)

    async def forget(self, n: int) -> None:
        self.under_way.pop(n, None)


async def staged(
    destination: Destination, job: Job, intents: Sequence[Intent]
) -> tuple[list[Intent], list[Answer]]:
    """What can be delivered of the intents, with what was noted of their album, and the refusals on the way."""
    ready, refused = list(intents), list[Answer]()
    if isinstance(destination, Stager):
        ready = []
        for intent in intents:
            said = await destination.stage(job, intent, HeldUploads())
            if isinstance(said, Refusal):
                refused.append(said)
            else:
                ready.append(replace(intent, staged=said))
    if destination.powers.gathers and ready:
        note = await destination.foresee(job, ready)
        ready = [replace(one, note=note) for one in ready]
    return ready, refused


async def carried(destination: Destination, job: Job, intents: Sequence[Intent]) -> list[Answer]:
    """Stage and deliver; one answer an intent, in order."""
    ready, answers = await staged(destination, job, intents)
    answers += await destination.deliver(job, ready) if ready else []
    by_id = {one.item_id: one for one in answers}
    return [by_id[one.item_id] for one in intents]
