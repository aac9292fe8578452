"""Carrying out a verdict: the conversion of one item, as a shipment or as the outcome of its failure."""

from dataclasses import replace

from transload.errors import FfmpegMissingError, PermanentError, StalledError
from transload.model import Held, Item, ItemState, Judgement, Outcome, Shipment
from transload.packing import parcels_of
from transload.ports import Bench


async def converted(
    bench: Bench, item: Item, held: Held, judgement: Judgement
) -> Shipment | Outcome:
    """The shipment of a conversion, with the original beside it where the job keeps it; a failed one is refused."""
    bench.scratch.resize(item.id, held.size_bytes * 2)
    bench.meter.weigh(item.id, held.size_bytes)
    try:
        made = await bench.media.convert(
            held.path,
            judgement,
            bench.scratch.folder(item.id),
            lambda progress: bench.meter.converting(item.id, progress),
        )
    except FfmpegMissingError as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.FAILED, error.detail, judgement, held, fault)
    except (PermanentError, StalledError) as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.REFUSED, error.detail, judgement, held, fault)
    bench.scratch.resize(item.id, held.size_bytes + made.size_bytes)
    return Shipment(item, judgement, parcels_of(bench.job, item, held, made), made.thumb)
