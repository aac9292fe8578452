"""How a job stands, in words: its state, and why it waits."""

from collections import Counter
from dataclasses import dataclass

from transload.errors import KINDS, Wait
from transload.events import Event, HeldUp, ItemsMoved, JobMoved, Snapshot, Warned
from transload.faults import Fault, NextStep, Step
from transload.model import Item, ItemState, Job, JobProgress, JobState, Verdict
from transload.present.next_steps import ends_wait, next_step, reason_text, sentence
from transload.present.text import clean, clock_text, count_text, shortened, size_text, time_text
from transload.states import PASSWORD, PAUSED, RETRY, SPACE, TURN, can_be_held_up
from transload.web_address import shown

# What became of items, in words: each outcome has one wording, whoever shows it.


LOST = frozenset({ItemState.QUARANTINED, ItemState.FAILED})
"""Did not arrive although nobody called it off."""
NOTHING_NEW = "nothing was sent, it was all done before"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A way of converting: of one item and of many after a number, and as what was done to one."""

    one: str
    many: str
    done: str


CONVERSIONS = {
    Verdict.REWRAP: Conversion(
        "repacked without loss", "repacked without loss", "Repacked without loss"
    ),
    Verdict.AUDIO: Conversion(
        "audio track", "audio tracks", "Audio track converted, video untouched"
    ),
    Verdict.TRANSCODE: Conversion("video", "videos", "Video converted"),
    Verdict.SHRINK: Conversion("photo", "photos", "Photo converted"),
    Verdict.ANIMATION: Conversion("animation", "animations", "Animation converted"),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """Why an item did not arrive and what can be done about it."""

    title: str
    detail: str
    step: str


def conversions_text(numbers: Counter[Verdict]) -> str:
    """`6 photos, 1 audio track`."""
    return ", ".join(
        f"{number:,} {CONVERSIONS[verdict].one if number == 1 else CONVERSIONS[verdict].many}"
        for verdict, number in numbers.items()
    )


def conversion_text(item: Item) -> str:
    """What was done to a delivered item and why; empty when it is as it was."""
    if item.verdict is None or item.verdict not in CONVERSIONS:
        return ""
    done = CONVERSIONS[item.verdict].done
    return f"{done}: {item.why}" if item.why else done


def loss_of(item: Item) -> Loss:
    """What is said of an item that did not arrive."""
    if item.fault is None:
        title = "Cancelled" if item.state is ItemState.CANCELLED else "Not delivered"
        return Loss(title, item.why, sentence(Step(NextStep.RETRY_JOB), job_id=item.job_id))
    step = next_step(item.fault, job_id=item.job_id, command="send")
    return Loss(KINDS[item.fault.kind].title, item.fault.detail, step)


def count_reason(reasons: Counter[str], why: str, most: int) -> None:
    """Count a reason; after the first `most` of them all others are one."""
    reason = reason_text(why)
    known = reason in reasons or len(reasons) < most
    reasons[reason if known else "other reasons"] += 1


INTERRUPTED = "interrupted"
_WAITS = {
    SPACE: "waiting for room on the disk",
    RETRY: "waiting to try again",
    TURN: "waiting while a shorter conversion goes first",
    PASSWORD: "waiting for a password",
    PAUSED: "paused",
}


def state_word(job: Job) -> str:
    """The state for people: a job that was begun and is queued again was interrupted."""
    begun = job.state is JobState.QUEUED and job.started_ms is not None
    return INTERRUPTED if begun and job.attempt == 1 else job.state.value


def wait_text(reason: str | None, job_id: str, detail: str | None = None) -> str:
    """Why a job waits, and what ends the wait where only a person does."""
    words = _WAITS.get(reason or "", "waiting")
    step = ends_wait(reason, job_id)
    why = f"{words}: {clean(detail)}" if detail else words
    return f"{why} ({step})" if step else why


_SCOPES = {"account": "the account", "chat": "the chat", "host": "the server"}


def held_text(wait: Wait) -> str:
    """What is waited for outside, until when, and why: `waiting for the server nas.example until …: …`."""
    kind, _, name = wait.scope.partition(":")
    whom = f"{_SCOPES[kind]} {name}" if kind in _SCOPES else shown(wait.scope)
    until = clock_text(wait.until_ms)
    return f"waiting for {clean(whom)} until {until}: {clean(wait.fault.detail)}"


def wait_line(job: Job, job_id: str, held_by: Wait | None = None, *, is_watched: bool) -> str:
    """Why a waiting job waits and what ends that, naming it `job_id`; empty for any other job.

    A queued one waits, too, when it is `held_by` something outside. With `is_watched`, a process is there that looks
    again by itself.
    """
    if held_by is not None:
        why = held_text(held_by)
        return why if is_watched else f"{why} ({ends_wait(PAUSED, job_id)})"
    if job.state is not JobState.WAITING:
        return ""
    why = wait_text(job.wait_reason, job_id, None if job.fault is None else job.fault.detail)
    if job.wait_until_ms is None:
        return why
    if is_watched:
        return f"{why}; the next look is at {clock_text(job.wait_until_ms)}"
    return f"{why} ({ends_wait(PAUSED, job_id)})"


# What a follower hears of a running job: its stage, its share, what is left, from its events.


NAME_WIDTH = 32
_DONE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})
_STAGES = {"fetch": "reading", "convert": "converting", "upload": "uploading"}


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
    held_by: Wait | None = None

    @classmethod
    def of(cls, job: Job) -> "View":
        """The view of a job before its first event."""
        detail = job.fault.detail if job.fault is not None else None
        return cls(job.title, job.state, job.id, job.wait_reason, detail)

    def take(self, event: Event) -> bool:
        """Take an event in; whether the job's state is another one now."""
        before = (self.state, self.wait, self.note, self.hold)
        match event.news:
            case Snapshot(job, totals):  # it may have moved on since it was asked for
                self.items, self.lost = totals.closed, totals.lost
                self._stand(job.state, job.wait_reason, job.fault)
            case JobMoved(state, reason, fault):
                self._stand(state, reason, fault)
            case HeldUp(wait):
                self.held_by = wait
            case Warned(text):
                self.note = text
            case ItemsMoved(items):
                self.note = ""
                self.lost += sum(state in LOST for _, state in items)
            case JobProgress() as work:
                self._work(work)
            case _:
                pass
        return before != (self.state, self.wait, self.note, self.hold)

    def _stand(self, state: JobState, reason: str | None, fault: Fault | None) -> None:
        self.state, self.wait = state, reason
        self.wait_detail = None if fault is None else fault.detail
        if self.state is not JobState.RUNNING:
            self.rate = self.eta_s = self.item = self.item_share = None  # nothing moves any more
        if self.state in _DONE:
            self.overall = 1.0  # the last progress event may come after the end

    def _work(self, work: JobProgress) -> None:
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
    def hold(self) -> Wait | None:
        """What holds all of it up. While it runs, a wait concerns a part of it at most."""
        return self.held_by if can_be_held_up(self.state, self.wait) else None

    @property
    def doing(self) -> str:
        """What happens now: `reading`, `converting clip.avi 42 %`, or why it waits."""
        if self.hold is not None:
            return held_text(self.hold)
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
