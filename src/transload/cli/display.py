"""Showing a running job: what its events say of it, as a live bar on a terminal or plain lines in a pipe."""

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self, TextIO

import anyio
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from transload.cli import output
from transload.cli.job_view import summed_up
from transload.cli.output import error_lines
from transload.cli.passwords import ask_hidden, somebody_answers
from transload.cli.session import Common
from transload.cli.streams import say
from transload.events import Event, ItemsMoved, JobMoved, Snapshot
from transload.faults import Fault
from transload.model import Job, JobState
from transload.present.status import View
from transload.present.text import clean, shortened
from transload.states import SPACE, needs_password

if TYPE_CHECKING:
    from transload.app import App


LINE_S = 10.0  # plain lines at most this often while nothing changes
BAR_WIDTH = 40
TITLE_WIDTH = 40


class Display(Protocol):
    """Shows a view from time to time; a context manager."""

    waits: bool
    """Whether somebody is there to see that a job waits, and to act."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(self, *raised: object) -> None:
        """Leave the terminal as it was."""
        ...

    def show(self, view: View, *, changed: bool) -> None:
        """The view moved on; `changed` when the job's state did."""
        ...


def display_for(common: Common) -> Display:
    """What fits the caller: bar, lines or silence."""
    if not common.talks:
        return Lines(None)
    on_terminal = sys.stderr.isatty() and not common.verbose  # the log would run through the bar
    return Bar() if on_terminal else Lines(sys.stderr)


class Lines:
    """A plain line at each change of state and every ten seconds."""

    waits = False

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def show(self, view: View, *, changed: bool) -> None:
        """Say it, when it is time."""
        now = time.monotonic()
        if self._out is not None and (changed or now - self._said_at >= LINE_S):
            say(view.line, self._out)
            self._said_at = now


class Bar:
    """One bar for the job with what happens now below it; gone when the job is."""

    waits = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._view: View | None = None
        self._live = Live(self, console=self._console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._live.stop()

    def show(self, view: View, *, changed: bool) -> None:  # noqa: ARG002  the next refresh draws it
        """Keep what the next refresh draws."""
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The bar as it is drawn now."""
        view = self._view
        if view is None:
            yield Text("starting", style="dim")
            return
        bar = ProgressBar(
            total=1.0, completed=view.overall or 0.0, width=BAR_WIDTH, pulse=view.overall is None
        )
        share = "" if view.overall is None else f"{view.overall:4.0%}"
        row = Table.grid(padding=(0, 1))
        row.add_row(Text(shortened(clean(view.title), TITLE_WIDTH), style="bold"), bar, Text(share))
        yield row
        yield Text(f"  {view.counters}", no_wrap=True, overflow="ellipsis")
        yield Text(f"  {view.doing}", style="cyan", no_wrap=True, overflow="ellipsis")


# One job followed to its end, or to a wait that only a person can end; then summed up.


TRIES = 3  # passwords a person is asked for before the job is left waiting
LOOK_S = 0.5  # how often a question looks whether it has been answered elsewhere


async def follow_to_end(app: "App", job: Job, common: Common, *, asks: bool) -> int:
    """Follow one job, say what became of it; returns its exit status.

    With `asks`, somebody at the terminal may type the password it waits for.
    """
    now = await _followed(app, job, common)
    for _ in range(TRIES if asks and common.talks and somebody_answers() else 0):
        if not needs_password(now):
            break
        text = await _asked(app, now)
        if text == "":
            break
        now = now if text is None else await app.give_password(now.id, text)
        now = await _followed(app, now, common)
    if now.state is JobState.WAITING and not needs_password(now):
        _show_wait(now, common)
    elif common.talks:
        ended = (await summed_up(app, now)).without_error()  # that goes where errors go
        for line in ended.lines():
            say(line, sys.stdout)
    if (now.state is not JobState.WAITING or needs_password(now)) and not common.json:
        _show_fault(now, common)
    return output.of_job(now)


async def show_again(app: "App", job: Job, common: Common) -> int:
    """Say that an earlier command has done all of this; returns the exit status it had."""
    if common.talks:
        ended = (await summed_up(app, job)).without_error()  # that goes where errors go
        for line in ended.lines_again():
            say(line, sys.stdout)
    if not common.json:
        _show_fault(job, common)
    return output.of_job(job)


async def _followed(app: "App", job: Job, common: Common) -> Job:
    with display_for(common) as display:
        return await follow(app, job, display)


async def _asked(app: "App", job: Job) -> str | None:
    """What a person answers; None when the job went on meanwhile, with a password from elsewhere."""
    text: str | None = None
    if job.fault is not None:
        say(_named(job, job.fault), sys.stderr)
    async with anyio.create_task_group() as group:

        async def look() -> None:
            while needs_password(await app.job(job.id)):  # noqa: ASYNC110  rows send no word
                await anyio.sleep(LOOK_S)
            group.cancel_scope.cancel()

        group.start_soon(look)
        text = await ask_hidden("Password (nothing: the job waits on): ")
        group.cancel_scope.cancel()
    return text


def _named(job: Job, fault: Fault) -> str:
    """What is wrong, with the source and the item it is wrong with."""
    names = [name for name in (job.title, fault.item) if name and name not in fault.detail]
    return clean(": ".join([*names, fault.detail]))


def _show_fault(job: Job, common: Common) -> None:
    if job.fault is not None:
        fault = replace(job.fault, detail=_named(job, job.fault))
        say("\n".join(error_lines(fault, job_id=job.id, command="send")), sys.stderr)
    elif job.state not in (JobState.SUCCEEDED, JobState.CANCELLED) and not common.talks:
        say(
            f"transload: not everything of {clean(job.title)} has arrived\n"
            f"  next: `transload jobs {job.id}` names each item with its reason",
            sys.stderr,
        )


def _show_wait(job: Job, common: Common) -> None:
    if not common.json:
        why = "there is still no room on the disk" if job.fault is None else job.fault.detail
        say(
            f"transload: {clean(job.title)}: {clean(why)}; the job {job.id} waits\n"
            "  next: free some space and run the same command again: it continues",
            sys.stderr,
        )


LATE = 0.8
"""Part of the time between two looks of the engine: "still waiting" this late is the answer of a second one."""


class Patience:
    """How long a command without a person before it waits for room: until the engine has looked once more.

    It looks every `look_s`. `spent` is then true. Items that arrive in between start it anew.
    """

    def __init__(self, look_s: float) -> None:
        self._look_s = look_s
        self._since: float | None = None
        self.spent = False

    def take(self, event: Event, now_s: float) -> None:
        """Take an event in; `now_s` is monotonic."""
        match event.news:
            case ItemsMoved():
                self._since = None
            case JobMoved(_, reason) if reason == SPACE:
                if self._since is None:
                    self._since = now_s
                elif now_s - self._since >= LATE * self._look_s:
                    self.spent = True
            case _:
                pass


async def follow(app: "App", job: Job, display: Display) -> Job:
    """The job once it has ended; as it waits for a password; or for room, when nobody is there to make some."""
    view, patience = View.of(job), Patience(app.settings.retry.space_s)
    printed = set[str]()
    async for event in app.events(job.id):
        # Numbered events begin after the snapshot: a wait may have begun just before it.
        if isinstance(event.news, Snapshot | JobMoved) and needs_password(await app.job(job.id)):
            break
        if isinstance(event.news, ItemsMoved):
            printed.clear()  # a wait after new deliveries is news, the same wait once more is not
        news = view.take(event) and (view.state in _TOLD or view.hold is not None)
        changed = news and view.doing not in printed
        display.show(view, changed=changed)
        if changed:
            printed.add(view.doing)
        patience.take(event, time.monotonic())
        if patience.spent and not display.waits:
            break
    return await app.job(job.id)


_TOLD = frozenset({JobState.RUNNING, JobState.WAITING})
"""States worth a line of their own, as is what holds a queued job up: how a job ended is in its summary."""
