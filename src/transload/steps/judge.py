"""The verdict on a staged entry: what a job does with it, before anything is done. A dry run asks the same."""

from dataclasses import dataclass, replace

from transload.model import MEDIA_KINDS, Facts, Held, ItemKind, Judgement, Recipe, Verdict
from transload.ports import ReadContext
from transload.steps.staging import StagedEntry

UNTOUCHED = Judgement(ItemKind.DOCUMENT, Verdict.AS_IS, "delivered untouched")


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, with what probing found: the thumbnail of what is delivered as it is, the facts for who asks."""

    judgement: Judgement
    thumb: bytes | None = None
    facts: Facts | None = None


async def judge(context: ReadContext, staged: StagedEntry, held: Held) -> Judged:
    """The verdict on an entry that was read whole; that of a deferred item stands.

    Where all files are wanted, nothing is left out. Raises PermanentError or StalledError when it cannot be probed.
    """
    job, item = context.job, staged.item
    if item.judgement is not None:
        return Judged(item.judgement)
    if staged.kind not in MEDIA_KINDS or job.recipe is Recipe.ORIGINAL:
        return Judged(replace(UNTOUCHED, kind=staged.kind))
    probed = await context.media.probe(held.path, item.name)
    found = context.media.judge(probed.facts, job.recipe, job.hevc)
    if found.verdict in (Verdict.SKIP, Verdict.UNSAVABLE) and job.files == "all":
        return Judged(replace(UNTOUCHED, kind=found.kind), facts=probed.facts)
    return Judged(found, probed.thumb, probed.facts)
