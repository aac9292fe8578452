"""Carrying out a verdict: the conversion of one item, as a shipment or as the outcome of its failure."""

from dataclasses import replace

from transload.errors import FfmpegMissingError, PermanentError, StalledError
from transload.model import Held, Item, ItemState, Judgement, Outcome, Shipment, Verdict
from transload.packing import parcels_of
from transload.ports import Bench

BITS_A_PIXEL, FRAMES_S = 0.08, 30  # x264 at crf 22 stays below: 0.03 to 0.07 on films
CONTAINER = 1.05


def disk_need(judgement: Judgement, source_bytes: int) -> int:
    """Bytes that a conversion writes beside its source at most, its parts and the joined file of a transcode.

    A result is no larger than its source or than generous 0.08 bit for each of 30 pictures a second, whichever is
    less; where neither size nor duration is known, than its source.
    """
    made = source_bytes
    if judgement.width and judgement.height and judgement.duration_s:
        pixels = judgement.width * judgement.height * judgement.duration_s * FRAMES_S
        made = min(made, int(pixels * BITS_A_PIXEL / 8))
    files = 2 if judgement.verdict is Verdict.TRANSCODE else 1
    return int(made * files * CONTAINER)


async def converted(
    bench: Bench, item: Item, held: Held, judgement: Judgement
) -> Shipment | Outcome:
    """The shipment of a conversion, with the original beside it where the job keeps it; a failed one is refused."""
    bench.scratch.resize(item.id, held.size_bytes + disk_need(judgement, held.size_bytes))
    bench.meter.weigh(item.id, held.size_bytes)
    try:
        made = await bench.media.convert(
            held.path,
            judgement,
            bench.scratch.folder(item.id),
            lambda progress: bench.meter.converting(item.id, progress),
            bench.parts(held.sha256),
        )
    except FfmpegMissingError as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.FAILED, error.detail, judgement, held, fault)
    except (PermanentError, StalledError) as error:
        fault = replace(error.fault(), item=item.name)
        return Outcome(item, ItemState.REFUSED, error.detail, judgement, held, fault)
    bench.scratch.resize(item.id, held.size_bytes + made.size_bytes)
    return Shipment(item, judgement, parcels_of(bench.job, item, held, made), made.thumb)
