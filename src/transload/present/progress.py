"""What a follower is told of a running job: its stage, its share, what is left, from its events."""

from dataclasses import dataclass

from transload.model import Event, Job, JobState
from transload.present.news import ItemsMoved, JobMoved, JobSeen, Warned, WorkMoved, news_of
from transload.present.outcomes import LOST
from transload.present.status import wait_text
from transload.present.text import clean, count_text, shortened, size_text, time_text

NAME_WIDTH = 32
_DONE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})
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
        match news_of(event):
            case JobSeen(now, items, lost):
                self.items, self.lost = items, lost  # it may have moved on since it was asked for
                self._stand(now)
            case JobMoved() as now:
                self._stand(now)
            case Warned(text):
                self.note = text
            case ItemsMoved(states):
                self.note = ""
                self.lost += sum(state in LOST for state in states)
            case WorkMoved() as work:
                self._work(work)
            case _:
                pass
        return before != (self.state, self.wait, self.note)

    def _stand(self, now: JobMoved) -> None:
        self.state, self.wait, self.wait_detail = now.state, now.reason, now.detail
        if self.state is not JobState.RUNNING:
            self.rate = self.eta_s = self.item = self.item_share = None  # nothing moves any more
        if self.state in _DONE:
            self.overall = 1.0  # the last progress event may come after the end

    def _work(self, work: WorkMoved) -> None:
        self.items = max(self.items, work.items)  # counted just before the snapshot, maybe
        self.items_total = work.items_total
        if self.state is not JobState.RUNNING:
            return  # of work that was given up when the job stopped: it is counted once more
        self.stage = _STAGES.get(work.stage, work.stage)
        self.rate, self.eta_s, self.overall = work.rate, work.eta_s, work.overall
        self.item, self.item_share = work.item, None
        if work.item is not None and work.total:
            self.item_share = min(1.0, work.done / work.total)
            self.rate = None if work.unit == "us" else work.rate  # media time is no rate of bytes

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
