"""Showing a running job: what its events say of it, as a live bar on a terminal or plain lines in a pipe."""

import sys
import time
from typing import Protocol, Self, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from transload.cli.common import Common
from transload.cli.output import say
from transload.present.progress import View
from transload.present.text import clean, shortened

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
