"""Carrying out a verdict: the conversion of one item, as a shipment or as the outcome of its failure."""

from dataclasses import replace

from transload.conversions import ConversionTerms, Converted
from transload.errors import FfmpegMissingError, PermanentError, StalledError, TooBigError
from transload.model import (
    Held,
    Item,
    ItemState,
    Judgement,
    Outcome,
    Shipment,
    Verdict,
)
from transload.ports import TaskContext
from transload.steps import shipment

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
    context: TaskContext, item: Item, held: Held, judgement: Judgement, thumb: bytes | None = None
) -> Shipment | Outcome:
    """The shipment of untouched bytes; what is too large for the destination is split if it is a film, else kept."""
    limit = context.destination.limit_bytes
    if limit is None or held.size_bytes <= limit:
        return shipment.as_it_is(item, held, judgement, thumb)
    if "nosound_video" in judgement.plan:  # a video that was judged: an MP4
        plan = judgement.plan | {"do": "split"}
        return await convert_item(context, item, held, replace(judgement, plan=plan))
    return await too_big(context, item, held, judgement)


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
            lambda progress: context.meter.converting(item.id, progress),
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
    parcels = shipment.parcels_of(context.job, item, held, made, judgement)
    fitting = tuple(one for one in parcels if limit is None or one.size_bytes <= limit)
    left = "its original is too large for there" if len(fitting) < len(parcels) else ""
    why = "; ".join(word for word in (judgement.why, made.short, made.note, left) if word)
    plan = judgement.plan | ({"note": made.note} if made.note else {})
    partial = judgement.partial or bool(made.short)
    return Shipment(
        item, replace(judgement, why=why, plan=plan, partial=partial), fitting, made.thumb
    )
