"""What a follower is told of a running job: its stage, its share, what is left, from its events."""

from dataclasses import dataclass
from typing import Any

from transload.model import Event, Job, JobState
from transload.present.outcomes import LOST
from transload.present.status import wait_text
from transload.present.text import clean, count_text, shortened, size_text, time_text

NAME_WIDTH = 32
_DONE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})
_LOST = frozenset(state.value for state in LOST)
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
