"""What is delivered together: what is ready just now, or albums that are gathered; and what a killed run left."""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from transload.albums import album_class
from transload.errors import PermanentError, StagedGoneError, TransientError
from transload.model import ALBUM_MAX, AlbumMix, Intent, Item, ItemState, Job, Outcome, Shipment
from transload.ports import Answer, Destination, Gone, Landed, Record, Refusal, TaskContext
from transload.steps.handover import Flush, next_of
from transload.steps.patience import patiently
from transload.steps.prepare import DELIVERED_BEFORE
from transload.units import MIB

Ready = Shipment | Intent | Flush
"""What can be delivered: as it lies here, or staged at the destination already."""
Batch = list[Shipment | Intent]
TOGETHER_MAX, TOGETHER_S, TOGETHER_BYTES = 100, 0.25, 16 * MIB
"""How many items at most are delivered in one act where no album is gathered, and for how long they are waited for:
intents and receipts of many cost what those of one do. So many bytes go at once: they are what scratch has beyond an
album, and while they are delivered others are read into the rest of it."""


async def batches(
    context: TaskContext, ready: MemoryObjectReceiveStream[Ready], staged: Sequence[Intent]
) -> AsyncIterator[Batch]:
    """What to deliver in one act each, in entry order; `staged` was there before.

    Where albums are gathered, each as soon as it has ten members, the rest at the end or when it is asked for;
    elsewhere what is ready just now, up to `TOGETHER_MAX`: several albums, which are committed together.
    """
    if context.destination.powers.gathers:
        async for batch in _gathered(context, ready, staged):
            yield batch
        return
    for n in range(0, len(staged), TOGETHER_MAX):
        for part in _parts(context.job, staged[n : n + TOGETHER_MAX]):
            yield part
    async for waiting in _together(ready):
        for part in _parts(context.job, [one for one in waiting if not isinstance(one, Flush)]):
            yield part
        _arrived(waiting)


def _parts(job: Job, items: Sequence[Shipment | Intent]) -> Iterable[Batch]:
    return equals_apart(items) if job.drops_equals else [list(items)] if items else []


async def _together(ready: MemoryObjectReceiveStream[Ready]) -> AsyncIterator[list[Ready]]:
    """What is ready just now: the first at once, then as much as comes in `TOGETHER_S`, until somebody waits for it."""
    last = -TOGETHER_S
    async for first in ready:
        waiting: list[Ready] = [first]
        size = _room_of(first)
        with anyio.move_on_at(last + TOGETHER_S), suppress(anyio.EndOfStream):
            while not _is_full(len(waiting), size, waiting[-1]):
                waiting.append(await next_of(ready))
                size += _room_of(waiting[-1])
        yield waiting
        last = anyio.current_time()


def _is_full(count: int, size: int, last: Ready) -> bool:
    """Whether it is to go: by its number, by the room it takes, or because somebody waits for that."""
    return count >= TOGETHER_MAX or size >= TOGETHER_BYTES or isinstance(last, Flush)


def _room_of(one: Ready) -> int:
    """What it takes in scratch or memory until it is delivered, in bytes; what is staged takes none here."""
    return sum(parcel.size_bytes for parcel in one.parcels) if isinstance(one, Shipment) else 0


async def _gathered(
    context: TaskContext, ready: MemoryObjectReceiveStream[Ready], staged: Sequence[Intent]
) -> AsyncIterator[Batch]:
    builder, waiting = AlbumBuilder(context), deque(staged)

    def before(item_id: float) -> Iterable[Batch]:
        """The albums that are full by what a killed run has staged of entries before this one."""
        while waiting and waiting[0].item_id < item_id:
            yield from builder.add(waiting.popleft())

    async for one in ready:
        for album in before(END if isinstance(one, Flush) else one.item_id):
            yield album
        for album in builder.rest() if isinstance(one, Flush) else builder.add(one):
            yield album
        _arrived([one])
    for album in (*before(END), *builder.rest()):
        yield album


def _arrived(batch: Iterable[Ready]) -> None:
    """Everything before these tokens has been delivered: the consumer comes back for more only then."""
    for one in batch:
        if isinstance(one, Flush):
            one.done.set()


END = float("inf")


class AlbumBuilder:
    """Collects what is ready into albums of ten, photos and videos apart where the job wants that."""

    def __init__(self, context: TaskContext) -> None:
        self._mix: AlbumMix = context.job.album_mix
        self._open: dict[str, Batch] = {}

    def add(self, one: Shipment | Intent) -> list[Batch]:
        """The album that is full by this, or what travels alone."""
        judgement = one.judgement if isinstance(one, Shipment) else one.shipment.judgement
        cls = album_class(judgement.kind, self._mix)
        if cls is None:
            return [[one]]
        members = self._open.setdefault(cls, [])
        members.append(one)
        return [self._open.pop(cls)] if len(members) == ALBUM_MAX else []

    def rest(self) -> list[Batch]:
        """The albums that are not full, the one begun first before the others."""
        rest, self._open = self._open, {}
        return sorted(rest.values(), key=lambda album: album[0].item_id)


def equals_apart(batch: Sequence[Shipment | Intent]) -> Iterable[Batch]:
    """The batch in order, cut before an item whose content is already in the part: one receipt decides the next."""
    part: Batch = []
    seen: set[str | None] = set()
    for one in batch:
        item = one.item if isinstance(one, Shipment) else one.shipment.item
        if item.sha256 in seen:
            yield part
            part, seen = [], set()
        part.append(one)
        seen.add(item.sha256)
    if part:
        yield part


async def commit_album(context: TaskContext, batch: Sequence[Shipment | Intent]) -> list[Intent]:
    """The intents of what is delivered now, committed before the act; none for what this job has sent meanwhile.

    Where albums are gathered they get their number here, with what the destination notes of them.
    """
    intents = [one for one in batch if isinstance(one, Intent)]
    new = [one for one in batch if isinstance(one, Shipment)]
    if new:
        intents += await context.record.intend(new, context.destination)
        await context.record.conclude(sent_meanwhile(new, intents))
    numbers = {one.album for one in intents}
    if not context.destination.powers.gathers or not intents:
        return intents
    # By a killed run. Where some of it are in another, or not all of it are here, it was not sent: it is formed anew.
    is_formed = len(numbers) == 1 and None not in numbers
    if is_formed and await context.record.is_whole_album([one.item_id for one in intents]):
        return intents
    note = await patiently(context, lambda: context.destination.foresee(context.job, intents))
    return await context.record.form_album(intents, note)


async def act(context: TaskContext, intents: Sequence[Intent]) -> list[Refusal]:
    """Deliver album by album, what is in none together, and write the answers; returns the refusals.

    They are written together, or with each album where it cannot be asked cheaply what arrived. Before an error goes
    on, those that came are written.
    """
    albums: dict[int | None, list[Intent]] = {}
    for one in intents:
        albums.setdefault(one.album, []).append(one)
    deliver, answers, refusals = context.destination.deliver, list[Answer](), list[Refusal]()
    for album in albums.values():
        try:
            answers += await patiently(context, partial(deliver, context.job, album))
        except (PermanentError, TransientError):
            await write_answers(context, answers)
            raise
        context.meter.leave(*(one.item_id for one in album))
        if context.destination.powers.durable_receipts:
            refusals += await write_answers(context, answers)
            answers = []
    return refusals + await write_answers(context, answers)


def sent_meanwhile(batch: Sequence[Shipment], intents: Sequence[Intent]) -> list[Outcome]:
    """The outcomes of shipments that got no intent: this job has sent their content under another item meanwhile."""
    meant = {intent.item_id for intent in intents}
    twins: list[Item] = [shipment.item for shipment in batch if shipment.item_id not in meant]
    return [Outcome(twin, ItemState.DUPLICATE, DELIVERED_BEFORE) for twin in twins]


async def write_answers(context: TaskContext, answers: Sequence[Answer]) -> list[Refusal]:
    """Write receipts, refusals, and what is to be staged again; returns the refusals.

    Raises StagedGoneError when anything is to be staged again: the task begins anew.
    """
    landed = [answer for answer in answers if isinstance(answer, Landed)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    gone = [answer for answer in answers if isinstance(answer, Gone)]
    durable = context.destination.powers.durable_receipts
    await context.record.receive(landed, durable=durable)
    await context.record.refused(refused)
    if gone:
        await context.record.unstaged(gone)
        raise StagedGoneError(gone[0].detail).within(staging_again(context.job))
    return refused


def staging_again(job: Job) -> str:
    """The scope of what is staged once more: again and again, what expires at once is brought ever later."""
    return f"staged:{job.id}"


@dataclass(frozen=True, slots=True)
class Left:
    """What a killed run has staged and not sent: albums that were formed, and what was in none."""

    albums: list[Batch]
    staged: list[Intent]


async def unsent(context: TaskContext, item_id: int | None) -> Left:
    """What a killed run has staged and not sent, after receipts were written for all that arrived.

    Of one item (`item_id`), or of all. What was not even staged is left to be read again.
    """
    job, record, destination = context.job, context.record, context.destination
    missing = await patiently(context, partial(reconcile, job, record, destination))
    staged = [one for one in missing if one.staged is not None]
    if item_id is not None:
        return Left([[one] for one in staged if one.item_id == item_id], [])
    formed = sorted((one for one in staged if one.album is not None), key=_album_of)
    albums: list[Batch] = [list(group) for _, group in groupby(formed, _album_of)]
    return Left(albums, [one for one in staged if one.album is None])


async def reconcile(job: Job, record: Record, destination: Destination) -> list[Intent]:
    """Ask the destination what became of the intents of a killed run, write receipts; returns what did not arrive."""
    missing: list[Intent] = []
    after = 0
    while intents := await record.open_intents(after):
        after = intents[-1].item_id
        landed = await destination.look_up(job, intents)
        await record.receive(landed, durable=destination.powers.durable_receipts)
        arrived = {one.item_id for one in landed}
        missing += [one for one in intents if one.item_id not in arrived]
    return missing


def _album_of(intent: Intent) -> int:
    return intent.album or 0
