"""What happens to a job, as numbered, durable events of one type each; and how the ledger stores them."""

from dataclasses import dataclass

from transload.errors import Wait
from transload.faults import Fault
from transload.json_codec import AnyDataclass, Json, from_json, to_json
from transload.model import ItemState, Job, JobProgress, JobState, Totals


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job is in a state now; `reason` is why it waits, `attempt` counts its retries, `totals` come at its end."""

    state: JobState
    reason: str | None = None
    fault: Fault | None = None
    attempt: int | None = None
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class ItemsMoved:
    """A batch of items, by their indices, came to these states: an event each would double the cost of a small item."""

    items: tuple[tuple[int, ItemState], ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that is worth knowing."""

    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked the job to do this."""

    asked: str


@dataclass(frozen=True, slots=True)
class OriginalDropped:
    """The kept original of an item was deleted."""

    name: str


@dataclass(frozen=True, slots=True)
class OfAnotherVersion:
    """What only another version knows to read."""

    word: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The job when somebody begins to follow it. Never stored."""

    job: Job
    totals: Totals


@dataclass(frozen=True, slots=True)
class HeldUp:
    """What the job's tasks wait for outside, maybe at the wish of another job; None: nothing any more. Never stored."""

    wait: Wait | None


Stored = JobMoved | ItemsMoved | Warned | Asked | OriginalDropped
News = Stored | OfAnotherVersion | Snapshot | HeldUp | JobProgress
"""`HeldUp` and `JobProgress` repeat the number of the last event and are never stored."""

_STORED: dict[str, type[Stored]] = {
    "state": JobMoved,
    "items": ItemsMoved,
    "warning": Warned,
    "control": Asked,
    "dropped": OriginalDropped,
}
_WORDS: dict[type[AnyDataclass], str] = {
    **{kind: word for word, kind in _STORED.items()},
    Snapshot: "snapshot",
    HeldUp: "held",
    JobProgress: "progress",
}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one job: its number there, the moment, and what it was."""

    job_id: str
    seq: int
    at_ms: int
    news: News

    @property
    def what(self) -> str:
        """The stable word of its type."""
        return (
            self.news.word if isinstance(self.news, OfAnotherVersion) else _WORDS[type(self.news)]
        )


def news_to_json(news: Stored) -> tuple[str, dict[str, Json]]:
    """The word and the fields of what is stored."""
    return _WORDS[type(news)], to_json(news)


def news_from_json(word: str, stored: dict[str, Json]) -> News:
    """What `news_to_json` gave, or an earlier version."""
    kind = _STORED.get(word)
    return OfAnotherVersion(word) if kind is None else from_json(kind, stored)
