"""Events as typed values: the one place where a face reads their JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transload.model import Event, ItemState, JobState

Told = dict[str, Any]
"""The JSON of an event."""

_CLOSED = ("sent", "skipped", "duplicate", "quarantined", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job is in a state now; `reason` is why it waits, `detail` what its fault says."""

    state: JobState
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class JobSeen:
    """How a job stands when somebody begins to follow it: its state, how many items are done with and were lost."""

    now: JobMoved
    items: int
    lost: int


@dataclass(frozen=True, slots=True)
class ItemsMoved:
    """A batch of items came to these states."""

    states: tuple[ItemState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMoved:
    """The progress object, with the counters of items."""

    stage: str
    item: str | None = None
    done: int
    total: int | None
    unit: str
    rate: float | None
    eta_s: float | None
    overall: float | None
    items: int
    items_total: int | None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that is worth knowing."""

    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked the job to do this."""

    what: str


@dataclass(frozen=True, slots=True)
class OriginalDropped:
    """The kept original of an item was deleted."""

    name: str


@dataclass(frozen=True, slots=True)
class OtherNews:
    """Anything else, by its name."""

    what: str


News = JobMoved | JobSeen | ItemsMoved | WorkMoved | Warned | Asked | OriginalDropped | OtherNews


def news_of(event: Event) -> News:
    """What an event tells."""
    read = _READERS.get(event.what)
    return OtherNews(event.what) if read is None else read(event.data)


def _moved(told: Told) -> JobMoved:
    fault = told.get("fault")
    detail = None if fault is None else fault["detail"]
    return JobMoved(JobState(told["state"]), told.get("reason"), detail)


def _seen(told: Told) -> JobSeen:
    totals = told["totals"]
    items = sum(totals[state] for state in _CLOSED)
    now = _moved(told | {"fault": told["error"]})
    return JobSeen(now, items, totals["quarantined"] + totals["failed"])


_READERS: dict[str, Callable[[Told], News]] = {
    "snapshot": _seen,
    "state": _moved,
    "items": lambda told: ItemsMoved(tuple(ItemState(state) for _, state in told["items"])),
    "progress": lambda told: WorkMoved(**told),
    "warning": lambda told: Warned(told["text"]),
    "control": lambda told: Asked(told["asked"]),
    "dropped": lambda told: OriginalDropped(told["name"]),
}
