"""Carrying out a verdict: one item converted, and what is sent of it: its files, their names, the original beside."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from transload.blob import LocalBlob
from transload.errors import (
    ConvertError,
    FfmpegMissingError,
    PermanentError,
    StalledError,
    TooBigError,
)
from transload.facts import NOTHING_FOUND
from transload.faults import Fault
from transload.model import (
    MEDIA_KINDS,
    Facts,
    Held,
    Item,
    ItemKind,
    ItemState,
    Job,
    Judgement,
    Outcome,
    Parcel,
    Recipe,
    Shipment,
    Verdict,
)
from transload.plans import ConversionTerms, Converted, Looks, Plan, SplitPlan, UntouchedPlan
from transload.ports import ReadContext, TaskContext
from transload.states import lost_as
from transload.steps.staging import EntryRun, StagedEntry

# Outcomes without a delivery, written in batches.


BATCH_MAX, BATCH_S = (
    100,
    0.25,
)  # lost at a kill: at most this many verdicts, found again by judging again


DELIVERED_BEFORE = "delivered before"
Decided = Shipment | Outcome
"""What becomes of an entry: it is sent, or it is written how it ended or what it waits for."""


async def write_outcomes(context: TaskContext, outcomes: Sequence[Outcome]) -> None:
    """Write outcomes now and free what their items held."""
    context.meter.leave(*(outcome.item.id for outcome in outcomes))
    await context.record.conclude(outcomes)
    await context.scratch.drop(*(outcome.item.id for outcome in outcomes if outcome.held))


class OutcomeBatch:
    """Collects outcomes; `flush` before what follows relies on them."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._waiting: list[Outcome] = []
        self._since = time.monotonic()

    async def add(self, outcome: Outcome) -> None:
        """Take an outcome; writes the batch when it is full or old.

        Its bytes go at once: the reader may be waiting for just that room before the next outcome can come.
        """
        if outcome.held is not None:
            await self._context.scratch.drop(outcome.item.id)
        self._waiting.append(outcome)
        if len(self._waiting) >= BATCH_MAX or time.monotonic() - self._since > BATCH_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, []
        self._since = time.monotonic()
        if waiting:
            await write_outcomes(self._context, waiting)


async def quarantine_or_fail(
    context: TaskContext, staged: StagedEntry, judgement: Judgement | None = None
) -> Outcome:
    """The outcome of what cannot be saved: kept in quarantine; failed without bytes; left pending for a password."""
    found = staged.fault or ConvertError("nothing could be read").fault()
    item, fault, state = staged.item, replace(found, item=staged.item.name), ItemState.QUARANTINED
    if staged.held is None:
        return Outcome(item, lost_as(fault), fault.detail, judgement, None, fault, staged.kind)
    await context.record.keep(item, staged.held, fault)
    return Outcome(item, state, fault.detail, judgement, staged.held, fault, staged.kind)


async def delivered_before(context: TaskContext, sums: Mapping[int, tuple[Item, str]]) -> set[int]:
    """The ids of those items (by id, with their SHA-256) of which an equal was delivered here and is still there."""
    if not sums:
        return set()
    twins = await context.record.duplicates_of(list(sums.values()))
    return {one for one, there in twins.items() if await context.destination.holds(there)}


def sums_of(run: EntryRun) -> dict[int, tuple[Item, str]]:
    """The items of a run that are here as they should be, with their SHA-256."""
    return {
        one.item.id: (one.item, one.held.sha256)
        for one in run
        if one.held is not None and one.fault is None and one.skip is None
    }


# The verdict on a staged entry: what a job does with it, before anything is done. A dry run asks the same.


PLAYED = frozenset({ItemKind.VIDEO, ItemKind.AUDIO})
UNTOUCHED = Judgement(ItemKind.DOCUMENT, Verdict.AS_IS, "delivered untouched")


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, with what probing found: the thumbnail of what is delivered as it is, the facts for who asks."""

    judgement: Judgement
    thumb: bytes | None = None
    facts: Facts | None = None

    @property
    def looks(self) -> Looks:
        """What a player shows of it where it goes as it is."""
        found = NOTHING_FOUND if self.facts is None else self.facts.found
        said = self.judgement
        size = said.width or found.width or None, said.height or found.height or None
        lasts = said.duration_s or found.duration_s
        return Looks(*size, lasts, found.title, found.performer, self.thumb)


async def judge(context: ReadContext, staged: StagedEntry, held: Held) -> Judged:
    """The verdict on an entry that was read whole; one that was judged before keeps its judgement.

    Where all files are wanted, nothing is left out. Raises PermanentError or StalledError when it cannot be probed.
    """
    job, item = context.job, staged.item
    if not is_probed(context, staged):
        return Judged(item.judgement or replace(UNTOUCHED, kind=staged.kind))
    if item.judgement is not None:
        return await _seen_again(context, item, item.judgement, held)
    probed = await context.media.probe(held.path, item.name)
    found = context.media.judge(probed.facts, job.recipe, job.hevc)
    if found.verdict in (Verdict.SKIP, Verdict.UNSAVABLE) and job.files == "all":
        return Judged(replace(UNTOUCHED, kind=found.kind), facts=probed.facts)
    return Judged(found, probed.thumb, probed.facts)


async def _seen_again(context: ReadContext, item: Item, judgement: Judgement, held: Held) -> Judged:
    """What a run that was killed had judged, with its looks; without them where no decoder is to be had now."""
    try:
        probed = await context.media.probe(held.path, item.name)
    except (PermanentError, StalledError):
        return Judged(judgement)
    return Judged(judgement, probed.thumb, probed.facts)


def is_probed(context: ReadContext, staged: StagedEntry) -> bool:
    """Whether an entry is looked at by a decoder: for its verdict, or again for what players show of it."""
    known = staged.item.judgement
    is_open = known is None or (known.verdict is Verdict.AS_IS and known.kind in PLAYED)
    return is_open and staged.kind in MEDIA_KINDS and context.job.recipe is not Recipe.ORIGINAL


BITS_A_PIXEL, FRAMES_S = 0.08, 30  # x264 at crf 22 stays below: 0.03 to 0.07 on films
CONTAINER = 1.05


def disk_need(judgement: Judgement, source_bytes: int) -> int:
    """Bytes that a conversion writes beside its source at most, its segments and the joined file of a transcode.

    A result is no larger than its source or than generous 0.08 bit for each of 30 pictures a second, whichever is
    less; where neither size nor duration is known, than its source.
    """
    made = source_bytes
    if judgement.width and judgement.height and judgement.duration_s:
        pixels = judgement.width * judgement.height * judgement.duration_s * FRAMES_S
        made = min(made, int(pixels * BITS_A_PIXEL / 8))
    files = 2 if judgement.verdict is Verdict.TRANSCODE else 1
    return int(made * files * CONTAINER)


async def untouched_shipment(
    context: TaskContext, item: Item, held: Held, judged: Judged
) -> Shipment | Outcome:
    """The shipment of untouched bytes; what is too large for the destination is split if it is a film, else kept."""
    limit, judgement = context.destination.limit_bytes, judged.judgement
    if limit is None or held.size_bytes <= limit:
        return as_it_is(item, held, judged)
    if _is_film(judgement.plan):
        return await convert_item(context, item, held, replace(judgement, plan=SplitPlan()))
    return await too_big(context, item, held, judgement)


def _is_film(plan: Plan) -> bool:
    """Whether it is of a video that was judged to play as it is: an MP4."""
    known = isinstance(plan, UntouchedPlan) and plan.nosound_video is not None
    return known or isinstance(plan, SplitPlan)


async def too_big(context: TaskContext, item: Item, held: Held, judgement: Judgement) -> Outcome:
    """The original kept: a file of this item is larger than the destination takes."""
    limit = context.destination.limit_bytes or 0
    error = TooBigError(f"larger than {limit:,} bytes, the most that a file may have there")
    fault = replace(error.fault(), item=item.name)
    await context.record.keep(item, held, fault)
    return Outcome(item, ItemState.QUARANTINED, error.detail, judgement, held, fault)


async def convert_item(
    context: TaskContext, item: Item, held: Held, judgement: Judgement
) -> Shipment | Outcome:
    """The shipment of a conversion, with the original beside it where the job keeps it; a failed one is refused.

    Raises GaveWay where a long one made room for another: nothing is decided then.
    """
    limit, need = context.destination.limit_bytes, disk_need(judgement, held.size_bytes)
    if limit is not None and held.size_bytes > limit:
        need += min(need, held.size_bytes)  # its pieces, while the whole is still there
    context.scratch.resize(item.id, held.size_bytes + need)
    context.meter.weigh(item.id, held.size_bytes)
    try:
        made = await context.media.convert(
            held.path,
            judgement,
            context.scratch.folder(item.id),
            lambda progress: context.meter.under_way(item.id, progress, item.name),
            ConversionTerms(context.segments(held.sha256), limit, context.should_yield),
        )
    except FfmpegMissingError as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.FAILED, error.detail, judgement, held, fault)
    except TooBigError:
        return await too_big(context, item, held, judgement)
    except (PermanentError, StalledError) as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.REFUSED, error.detail, judgement, held, fault)
    context.scratch.resize(
        item.id, held.size_bytes + sum(piece.size_bytes for piece in made.pieces)
    )
    return _shipped(context, item, held, judgement, made)


def _shipped(
    context: TaskContext, item: Item, held: Held, judgement: Judgement, made: Converted
) -> Shipment:
    """What was made of it on its way, with what gave way in its reason; an original that is too large stays behind."""
    limit = context.destination.limit_bytes
    parcels = parcels_of(context.job, item, held, made, judgement)
    fitting = tuple(one for one in parcels if limit is None or one.size_bytes <= limit)
    left = "its original is too large for there" if len(fitting) < len(parcels) else ""
    why = "; ".join(word for word in (judgement.why, made.short, made.note, left) if word)
    plan = replace(judgement.plan, note=made.note)
    partial = judgement.partial or bool(made.short)
    is_heard = judgement.kind is ItemKind.AUDIO  # its cover is no picture of a gallery
    thumb = None if made.looks is None or is_heard else made.looks.thumb
    return Shipment(item, replace(judgement, why=why, plan=plan, partial=partial), fitting, thumb)


def as_it_is(item: Item, held: Held, judged: Judged) -> Shipment:
    """The shipment of untouched bytes; the destination gives the name the ending that the judgement asks for."""
    judgement = judged.judgement
    parcel = Parcel(held.blob, item.name, held.size_bytes, held.sha256, item.mtime_ms, judged.looks)
    is_heard = judgement.kind is ItemKind.AUDIO
    return Shipment(item, judgement, (parcel,), None if is_heard else judged.thumb)


def streamed(staged: StagedEntry) -> Shipment | None:
    """The shipment of bytes that are still in the source, hashed on their way; None where there are none."""
    item, stream = staged.item, staged.stream
    if stream is None:
        return None
    parcel = Parcel(stream, item.name, stream.size, None, item.mtime_ms)
    return Shipment(item, replace(UNTOUCHED, kind=staged.kind), (parcel,))


def parcels_of(
    job: Job, item: Item, held: Held, made: Converted, judgement: Judgement
) -> tuple[Parcel, ...]:
    """The converted file, or the numbered files of one that was split.

    Behind them the original in `originals/`, for recipe `playable` and where it holds more than the copy shows, unless
    the job drops it.
    """
    names = _numbered(item.name, len(made.pieces), judgement.suffix)
    copies = tuple(
        Parcel(
            LocalBlob(piece.local),
            name,
            piece.size_bytes,
            piece.sha256,
            item.mtime_ms,
            piece.looks,
        )
        for name, piece in zip(names, made.pieces, strict=True)
    )
    wanted = job.recipe is Recipe.PLAYABLE or judgement.plan.original == "beside"
    if not wanted or job.originals == "drop":
        return copies
    kept = Parcel(
        LocalBlob(held.path), f"originals/{item.name}", held.size_bytes, held.sha256, item.mtime_ms
    )
    return (*copies, kept)


def _numbered(name: str, count: int, suffix: str | None) -> list[str]:
    """`film.mkv` as `film (1 of 3).mp4` and so on; alone it keeps its name, which the destination then ends."""
    if count == 1:
        return [name]
    stem, dot, ending = name.rpartition(".")
    if not dot or "/" in ending or not stem:
        stem, ending = name, ""
    old = f".{ending}" if ending else ""
    return [f"{stem} ({n} of {count}){suffix or old}" for n in range(1, count + 1)]


async def convert_for_recovery(
    context: TaskContext, item: Item, staged: StagedEntry
) -> Shipment | Fault:
    """What a refused item is converted to, by the first way that converts; else the fault that is left."""
    fault = staged.fault or item.fault or ConvertError("nothing says why it was refused").fault()
    if staged.fault is not None or staged.held is None:
        return fault
    try:
        probed = await context.media.probe(staged.held.path, item.name)
    except (PermanentError, StalledError) as error:
        return error.fault()
    failed = None if fault.is_of_destination else item.judgement  # our own try
    for way in context.media.judge_recovery(probed.facts, context.job.recipe, failed):
        why = f"{way.why} ({item.fault.detail})" if item.fault else way.why
        made = await convert_item(context, item, staged.held, replace(way, why=why))
        if isinstance(made, Shipment):
            return made
        fault = made.fault or fault
    return fault
