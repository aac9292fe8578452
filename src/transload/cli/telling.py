"""One job before the eyes of its caller: shown while it runs, summed up when it has ended."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from transload import report
from transload.cli import exits
from transload.cli.common import Common
from transload.cli.complaint import error_lines
from transload.cli.display import display_for
from transload.cli.follow import follow
from transload.cli.summary import summary, tally
from transload.cli.wording import clean
from transload.model import Job, JobState

if TYPE_CHECKING:
    from transload.app import App


async def tell(app: "App", job: Job, common: Common) -> int:
    """Follow one job, say what became of it; gives its exit status."""
    with display_for(common) as display:
        now = await follow(app, job, display)
    if now.state is JobState.WAITING:
        _tell_wait(now, common)
    elif common.talks:
        totals = await app.totals(now)
        warnings = report.head(now, totals)["warnings"]
        ended = replace(now, fault=None)  # its error goes where errors go
        for line in summary(ended, totals, await tally(app.records(now.id)), warnings):
            print(line)
    if now.state is not JobState.WAITING and not common.json:
        _tell_fault(now, common)
    return exits.of_job(now)


def _tell_fault(job: Job, common: Common) -> None:
    if job.fault is not None:
        named = job.title in job.fault.detail
        detail = job.fault.detail if named else f"{job.title}: {job.fault.detail}"
        print(*error_lines(replace(job.fault, detail=detail)), sep="\n", file=sys.stderr)
    elif job.state not in (JobState.SUCCEEDED, JobState.CANCELLED) and not common.talks:
        print(
            f"transload: not everything of {clean(job.title)} has arrived\n"
            f"  next: `transload jobs {job.id}` names each item with its reason",
            file=sys.stderr,
        )


def _tell_wait(job: Job, common: Common) -> None:
    if not common.json:
        why = "there is still no room on the disk" if job.fault is None else job.fault.detail
        print(
            f"transload: {clean(job.title)}: {clean(why)}; the job {job.id} waits\n"
            "  next: free some space and run the same command again: it continues",
            file=sys.stderr,
        )
