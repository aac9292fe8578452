"""Showing a running job: what its events say of it, as a live bar on a terminal or plain lines in a pipe."""

import sys
import time
from dataclasses import dataclass
from typing import Any, Protocol, Self, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from transload.cli.common import Common
from transload.cli.output import say
from transload.cli.wording import clean, count_text, shortened, size_text, time_text, wait_text
from transload.model import Event, ItemState, Job, JobState

LINE_S = 10.0  # plain lines at most this often while nothing changes
BAR_WIDTH = 40
TITLE_WIDTH = 40
NAME_WIDTH = 32
_DONE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})
_LOST = frozenset({ItemState.QUARANTINED.value, ItemState.FAILED.value})
_CLOSED = ("sent", "skipped", "duplicate", "quarantined", "failed", "cancelled")
_STAGES = {"fetch": "reading", "convert": "converting"}


@dataclass(slots=True)
class View:
    """The state of one job as its follower sees it; `take` moves it on."""

    title: str
    state: JobState
    job_id: str = ""
    wait: str | None = None
    wait_detail: str | None = None
    stage: str = ""
    item: str | None = None
    item_share: float | None = None
    rate: float | None = None
    eta_s: float | None = None
    overall: float | None = None
    items: int = 0
    items_total: int | None = None
    lost: int = 0
    note: str = ""

    @classmethod
    def of(cls, job: Job) -> "View":
        """The view of a job before its first event."""
        detail = job.fault.detail if job.fault is not None else None
        return cls(job.title, job.state, job.id, job.wait_reason, detail)

    def take(self, event: Event) -> bool:
        """Take an event in; whether the job's state is another one now."""
        before = (self.state, self.wait, self.note)
        match event.what:
            case "snapshot":
                self._snapshot(event.data)
            case "state":
                self._state(event.data)
            case "warning":
                self.note = event.data["text"]
            case "items":
                self.note = ""
                self.lost += sum(state in _LOST for _, state in event.data["items"])
            case "progress":
                self._progress(event.data)
            case _:
                pass
        return before != (self.state, self.wait, self.note)

    def _snapshot(self, told: dict[str, Any]) -> None:
        """The job as it is now: it may have moved on since the command asked for it."""
        totals = told["totals"]
        self.lost = totals["quarantined"] + totals["failed"]
        self.items = sum(totals[state] for state in _CLOSED)
        self._state(told | {"fault": told["error"]})

    def _state(self, told: dict[str, Any]) -> None:
        self.state = JobState(told["state"])
        fault = told.get("fault")
        self.wait = told.get("reason")
        self.wait_detail = fault["detail"] if fault else None
        if self.state is not JobState.RUNNING:
            self.rate = self.eta_s = self.item = self.item_share = None  # nothing moves any more
        if self.state in _DONE:
            self.overall = 1.0  # the last progress event may come after the end

    def _progress(self, told: dict[str, Any]) -> None:
        self.items = max(self.items, told["items"])  # counted just before the snapshot, maybe
        self.items_total = told["items_total"]
        if self.state is not JobState.RUNNING:
            return  # of work that was given up when the job stopped: it is counted once more
        stage = str(told["stage"])
        self.stage = _STAGES.get(stage, stage)
        self.rate, self.eta_s, self.overall = told["rate"], told["eta_s"], told["overall"]
        self.item = told.get("item")
        converting = self.item is not None and told["total"]
        self.item_share = min(1.0, told["done"] / told["total"]) if converting else None
        if converting and told["unit"] == "us":
            self.rate = None  # media time, not bytes

    @property
    def doing(self) -> str:
        """What happens now: `reading`, `converting clip.avi 42 %`, or why it waits."""
        if self.state is JobState.WAITING:
            return wait_text(self.wait, self.job_id, self.wait_detail)
        if self.state is not JobState.RUNNING:
            return self.state.value
        words = [self.stage or "starting"]
        if self.item is not None:
            words.append(shortened(clean(self.item), NAME_WIDTH))
        if self.item_share is not None:
            words.append(f"{self.item_share:.0%}".replace("%", " %"))
        if self.note:
            words.append(f"({clean(self.note)})")
        return " ".join(words)

    @property
    def counters(self) -> str:
        """`12/120 items, 3.2 MiB/s, 0:41 min left`, as far as it is known."""
        total = "" if self.items_total is None else f"/{self.items_total:,}"
        noun = "item" if (self.items_total or self.items) == 1 else "items"
        words = [f"{self.items:,}{total} {noun}"]
        if self.lost:
            words.append(f"{count_text(self.lost, 'problem')}")
        if self.rate:
            words.append(f"{size_text(self.rate)}/s")
        if self.eta_s is not None:
            words.append(f"{time_text(self.eta_s)} left")
        return ", ".join(words)

    @property
    def line(self) -> str:
        """All of it on one line, for pipes and logs."""
        share = "" if self.overall is None else f"{self.overall:.0%} "
        counters = f" ({self.counters})" if self.stage else ""
        return f"{clean(self.title)}: {share}{self.doing}{counters}"


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
