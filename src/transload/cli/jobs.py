"""`transload jobs` and the commands that steer a job: cancel, pause, resume, pass, retry."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Parameter

from transload import report
from transload.cli import output
from transload.cli.document import of_all
from transload.cli.job_view import as_it_stands, became, detail_lines, table
from transload.cli.passwords import ask_hidden, piped_line, somebody_types
from transload.cli.session import RESUMES, USUAL, Common, JobId, run
from transload.faults import EXIT_OK
from transload.model import Job, JobState
from transload.present.text import clean
from transload.states import JOB_ENDED

if TYPE_CHECKING:
    from transload.app import App

LATEST = 100
WATCH_S = 1.0
CANCEL_S = (
    10.0  # a cancelled job's tasks let go within four seconds; its closing page may take a while
)


def jobs(
    job_id: Annotated[
        str | None, Parameter(help="One job: its items, timeline and errors.")
    ] = None,
    /,
    *,
    watch: Annotated[
        bool, Parameter(negative="", show_default=False, help="Stay and show what changes.")
    ] = False,
    page: Annotated[int, Parameter(help="Which hundred of the job's items to show.")] = 1,
    common: Common = USUAL,
) -> int:
    """Show the latest jobs, or one job with its items, timeline and errors. Starts no work.

    For example:

        transload jobs
        transload jobs 01KA3X --page 2
        transload jobs 01KA3X --watch
    """
    if job_id is None:
        return run(common, lambda app: _watch_all(app) if watch else _all(app, common))
    wanted = job_id
    return run(
        common,
        lambda app: _watch_one(app, wanted, common) if watch else _one(app, wanted, page, common),
    )


async def _all(app: "App", common: Common) -> int:
    latest = [as_it_stands(app, job) for job in await app.jobs(LATEST)]
    if common.json:
        held = await app.held_up(*latest)
        heads = [report.head(job, await app.totals(job), held.get(job.id)) for job in latest]
        print(json.dumps(heads, ensure_ascii=False))
    elif common.talks:
        print("\n".join(await table(app, latest)))
    return EXIT_OK


async def _watch_all(app: "App") -> int:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), auto_refresh=False) as live:
        while True:
            latest = [as_it_stands(app, job) for job in await app.jobs(20)]
            live.update(Text("\n".join(await table(app, latest))), refresh=True)
            if all(job.state in JOB_ENDED for job in latest):
                return EXIT_OK
            await anyio.sleep(WATCH_S)


async def _one(app: "App", job_id: str, page: int, common: Common) -> int:
    job = as_it_stands(app, await app.job(job_id))
    if common.json:
        async for piece in of_all(app, [job]):
            sys.stdout.write(piece)
    elif common.talks:
        async for line in detail_lines(app, job, page):
            print(line)
    return EXIT_OK


async def _watch_one(app: "App", job_id: str, common: Common) -> int:
    from transload.cli.send import see_through

    return await see_through(app, [await app.job(job_id)], common, asks=False)


def cancel(job_id: JobId, /, *, common: Common = USUAL) -> int:
    """End a job. What was delivered stays; `retry` takes the rest up again."""
    return run(common, lambda app: _cancel(app, job_id, common))


async def _cancel(app: "App", job_id: str, common: Common) -> int:
    before = await app.job(job_id)
    job = await app.cancel(before.id)
    with anyio.move_on_after(CANCEL_S):
        job = await app.wait(job.id)
    return await _tell_state(app, before, job, common)


def pause(job_id: JobId, /, *, common: Common = USUAL) -> int:
    """Stop a job's work until `transload resume`."""
    return run(common, lambda app: _pause(app, job_id, common))


async def _pause(app: "App", job_id: str, common: Common) -> int:
    before = await app.job(job_id)
    return await _tell_state(app, before, await app.pause(before.id), common)


async def _tell_state(app: "App", before: Job, job: Job, common: Common) -> int:
    """Print what a job has become that was `before` when the command asked; nothing else is to be done about it."""
    if common.json:
        held = await app.held_up(job)
        head = report.head(job, await app.totals(job), held.get(job.id))
        print(json.dumps(head, ensure_ascii=False))
    elif common.talks:
        print(f"{job.id}: {became(app, before, job)}")
    return EXIT_OK


def resume(job_id: JobId, /, *, common: Common = USUAL) -> int:
    """Go on with a paused, waiting or interrupted job, and follow it to its end."""
    interrupted = RESUMES.format(job_id)
    return run(common, lambda app: _resume(app, job_id, common), interrupted=interrupted)


async def _resume(app: "App", job_id: str, common: Common) -> int:
    from transload.cli.send import see_through

    job = await app.job(job_id)
    if job.state in JOB_ENDED and common.talks:
        print(f"{job.id}: has ended ({job.state.value}), there is nothing to resume")
        if job.state is not JobState.SUCCEEDED:
            print(f"  next: `transload retry {job.id}` takes up what did not arrive")
        return output.of_job(job)
    return await see_through(app, [await app.resume(job.id)], common)


def hand_in(job_id: JobId, /, *, common: Common = USUAL) -> int:
    """Hand a password to a job that waits for one, and follow it to its end.

    On a terminal it is asked for and not shown; else the first line of standard input is taken.

    For example:

        transload pass 01KA3X
        transload pass 01KA3X < word.txt
    """
    given = None if somebody_types() else piped_line()
    interrupted = RESUMES.format(job_id)
    return run(common, lambda app: _hand_in(app, job_id, given, common), interrupted=interrupted)


async def _hand_in(app: "App", job_id: str, given: str | None, common: Common) -> int:
    from transload.cli.send import see_through

    job = await app.job(job_id)
    if given is None and job.state not in JOB_ENDED:
        given = await ask_hidden(f"Password for {clean(job.title)}: ")
    return await see_through(app, [await app.give_password(job.id, given or "")], common)


def retry(job_id: JobId, /, *, common: Common = USUAL) -> int:
    """Try the failed, quarantined and cancelled items of an ended job again; what was sent is not sent twice."""
    interrupted = RESUMES.format(job_id)
    return run(common, lambda app: _retry(app, job_id, common), interrupted=interrupted)


async def _retry(app: "App", job_id: str, common: Common) -> int:
    from transload.cli.send import see_through

    job = await app.retry(job_id)
    if job.state is JobState.SUCCEEDED and common.talks:
        print(f"{job.id}: nothing to retry, everything was delivered")
        return output.of_job(job)
    return await see_through(app, [job], common)
