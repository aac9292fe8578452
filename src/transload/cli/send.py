"""`transload send`: the options of the main job."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
from cyclopts import Group, Parameter

from transload.cli import output
from transload.cli.display import follow_to_end, show_again
from transload.cli.document import NotStarted, Repeated, ReportFile, of_all
from transload.cli.output import error_lines
from transload.cli.passwords import NO_PASSWORDS, Passwords
from transload.cli.session import CONTINUES, USUAL, Common, recipe_word, run
from transload.cli.streams import say
from transload.errors import TransloadError
from transload.model import Files, Hevc, Job, Originals, Recipe, Sort
from transload.states import JOB_ENDED

if TYPE_CHECKING:
    from transload.app import App


CHOICE = Group("What is sent", sort_key=10)
SHAPE = Group("How it is delivered", sort_key=20)
RUNNING = Group("How the command runs", sort_key=30)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of a source, and how it arrives."""

    files: Annotated[
        Files,
        Parameter(
            group=CHOICE,
            help="`media`: photos, videos and sound. `all`: everything else too, untouched.",
        ),
    ] = "media"
    include: Annotated[
        list[str] | None,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="Only entries whose name fits GLOB; `*` crosses folders. Repeatable.",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="No entries whose name fits GLOB. Repeatable.",
        ),
    ] = None
    again: Annotated[
        bool,
        Parameter(
            group=CHOICE,
            negative="",
            show_default=False,
            help="Send also what was delivered there before.",
        ),
    ] = False
    recipe: Annotated[
        Recipe | None,
        Parameter(
            group=SHAPE,
            name_transform=recipe_word,
            help="`playable`: plays in browsers and on phones, full quality (for libraries). `telegram`: what its"
            " clients show. `original`: untouched. `mp4:H`: videos of at most H lines. `mp3:K`: audio alone, K kbit/s."
            " Fits the destination when not given.",
        ),
    ] = None
    hevc: Annotated[
        Hevc | None,
        Parameter(
            group=SHAPE,
            help="Keep HEVC video, or convert it to H.264; the setting `hevc` (keep) when not given.",
        ),
    ] = None
    originals: Annotated[
        Originals,
        Parameter(
            group=SHAPE, help="Keep the original of what was converted beside it, in `originals/`."
        ),
    ] = "keep"
    sort: Annotated[Sort, Parameter(group=SHAPE, help="Order of delivery.")] = "archive"
    caption: Annotated[
        str | None,
        Parameter(
            group=SHAPE,
            help="Text above what is delivered: a library shows it on its gallery page.",
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Manner:
    """How the command itself behaves."""

    report: Annotated[
        Path | None,
        Parameter(
            group=RUNNING, help="Write the report to this file (JSON), also after a failure."
        ),
    ] = None
    dry_run: Annotated[
        bool,
        Parameter(
            group=RUNNING,
            negative="",
            show_default=False,
            help="Show each entry's verdict and what it would cost; send nothing.",
        ),
    ] = False
    detach: Annotated[
        bool,
        Parameter(
            group=RUNNING,
            negative="",
            show_default=False,
            help="Only queue the job; the next command that works runs it.",
        ),
    ] = False


ANYTHING = Choice()
USUAL_MANNER = Manner()


def send(  # noqa: PLR0913  one argument for each group of options
    source: Annotated[
        list[str],
        Parameter(
            help="An archive, a folder or a media file: a path, `http(s)://` for a file on a web server, or"
            " `webdav(s)://` for a folder on a WebDAV server. Several: one job each."
        ),
    ],
    /,
    *,
    to: Annotated[
        str,
        Parameter(group=SHAPE, help="`library:DIR`; `library:` is the library in the data folder."),
    ] = "library:",
    choice: Choice = ANYTHING,
    passwords: Passwords = NO_PASSWORDS,
    manner: Manner = USUAL_MANNER,
    common: Common = USUAL,
) -> int:
    """Deliver everything in SOURCE: each photo, video and sound, in order, playable, exactly once.

    The same command again continues an unfinished job and passes by what was delivered before.

    For example:

        transload send photos.zip
        transload send holiday.tar.gz ~/DCIM --to library:/mnt/nas/photos
        transload send dump.zip --files all --recipe original --report report.json
        transload send phone.zip --include "*.heic" --dry-run
        transload send private.7z --password-file words.txt
        transload send https://host/photos.zip
        transload send webdavs://me:password@cloud.example/photos/2024/

    An address is read where it lies. A login in it is shown nowhere; quote an address with `?` or `&`. A server at
    home is allowed by name: `--set egress.allow_networks=192.168.1.5/32`.
    """
    words = passwords.read()
    if manner.dry_run:
        from transload.cli.dry_run import DryRun

        dry_run = DryRun(source, to, choice, words, common)
        return run(common, dry_run.act, ledger=False)
    from transload.cli.send import Sending

    sending = Sending(source, to, choice, words, manner, common)
    return run(common, sending.act, interrupted=CONTINUES)


# Starting the jobs of a command, following them to their ends, leaving their report.


REPORT_S = 2.0  # an interrupted command may take this long to leave its report

Started = Job | Repeated | NotStarted


@dataclass(frozen=True, slots=True)
class Sending:
    """One `send` command."""

    sources: Sequence[str]
    to: str
    choice: Choice
    passwords: Sequence[str] = field(repr=False)
    manner: Manner
    common: Common

    async def act(self, app: "App") -> int:
        """Start all jobs, follow one after the other, report. Returns the exit status."""
        file = None if self.manner.report is None else ReportFile(self.manner.report)
        if file is not None:
            file.check()
        if len(self.sources) == 1:
            started: list[Started] = [await self._only(app, file)]
        else:
            await self._check(app, file)
            started = [await self._start(app, source) for source in self.sources]
        if self.manner.detach:
            return await self._queued(app, started)
        return await see_through(app, started, self.common, file)

    async def _check(self, app: "App", file: ReportFile | None) -> None:
        """Before anything is sent, raise the error of the first source that cannot be one; the report says it of all.

        What is wrong with one argument may be meant for another: `send a.zip library:out` has its --to among them.
        """
        try:
            for source in self.sources:
                app.check_source(source)
        except TransloadError as error:
            if file is not None:
                every = [self._not_started(source, error) for source in self.sources]
                await file.write(of_all(app, every), ())
            raise

    async def _only(self, app: "App", file: ReportFile | None) -> Job | Repeated:
        """The job of a single source; when there is none, the report says why before the error goes up."""
        one = await self._start(app, self.sources[0])
        if not isinstance(one, NotStarted):
            return one
        if file is not None:
            await file.write(of_all(app, [one]), ())
        raise one.error

    async def _start(self, app: "App", source: str) -> Started:
        choice = self.choice
        try:
            job = await app.send(
                source,
                to=self.to,
                recipe=choice.recipe,
                files=choice.files,
                hevc=choice.hevc,
                sort=choice.sort,
                originals=choice.originals,
                include=choice.include or (),
                exclude=choice.exclude or (),
                caption=choice.caption,
                again=choice.again,
                detach=self.manner.detach,
                passwords=self.passwords,
            )
            return Repeated(job) if job.state in JOB_ENDED else job
        except TransloadError as error:
            return self._not_started(source, error)

    def _not_started(self, source: str, error: TransloadError) -> NotStarted:
        recipe = None if self.choice.recipe is None else self.choice.recipe.value
        return NotStarted(source, self.to, recipe, error)

    async def _queued(self, app: "App", started: Sequence[Started]) -> int:
        if self.common.json:
            await _print_report(app, started)
        ends = _not_started(started, self.common)
        for one in started:
            if isinstance(one, Repeated):
                ends.append(await show_again(app, one.job, self.common))
            elif isinstance(one, Job) and self.common.talks:
                say(f"queued {one.id}: `transload resume {one.id}` runs it", sys.stdout)
        return output.worst(ends)


def _not_started(started: Sequence[Started], common: Common) -> list[int]:
    """The exit statuses of sources that became no job; their errors are printed here."""
    refused = [one.error for one in started if isinstance(one, NotStarted)]
    for error in refused if not common.json else ():
        say("\n".join(error_lines(error.fault())), sys.stderr)
    return [error.exit_status for error in refused]


async def see_through(
    app: "App",
    started: Sequence[Started],
    common: Common,
    file: ReportFile | None = None,
    *,
    asks: bool = True,
) -> int:
    """Follow jobs to their ends, show what became of each, leave the report; returns the worst exit status.

    With `asks`, a person at the terminal is asked for the password that a job waits for.
    """
    ends = _not_started(started, common)
    try:
        for one in started:
            if isinstance(one, Job):
                ends.append(await follow_to_end(app, one, common, asks=asks))
            elif isinstance(one, Repeated):
                ends.append(await show_again(app, one.job, common))
    except anyio.get_cancelled_exc_class():
        with anyio.move_on_after(REPORT_S, shield=True):
            await _leave(app, started, common, file)
        raise
    await _leave(app, started, common, file)
    return output.worst(ends)


async def _leave(
    app: "App", started: Sequence[Started], common: Common, file: ReportFile | None
) -> None:
    """The report, as far as the jobs came."""
    if file is not None:
        jobs = [one.id for one in started if isinstance(one, Job)]
        await file.write(of_all(app, started), jobs)
    if common.json:
        await _print_report(app, started)


async def _print_report(app: "App", started: Sequence[Started]) -> None:
    async for piece in of_all(app, started):
        say(piece, sys.stdout, end="")
