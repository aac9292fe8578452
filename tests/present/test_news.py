"""An event's JSON becomes a value of its own type."""

from dataclasses import asdict

import pytest

from transload.model import Event, ItemState, JobState, Totals
from transload.present.news import (
    Asked,
    ItemsMoved,
    JobMoved,
    JobSeen,
    News,
    OriginalDropped,
    OtherNews,
    Warned,
    WorkMoved,
    news_of,
)

WORK = WorkMoved(
    stage="convert",
    item="a.avi",
    done=4,
    total=10,
    unit="us",
    rate=2.0,
    eta_s=3.0,
    overall=0.4,
    items=1,
    items_total=5,
)
TOTALS = asdict(Totals(entries=5, sent=2, failed=1))


@pytest.mark.parametrize(
    ("what", "told", "news"),
    [
        ("state", {"state": "running"}, JobMoved(JobState.RUNNING)),
        (
            "state",
            {"state": "waiting", "reason": "space", "fault": {"detail": "full"}},
            JobMoved(JobState.WAITING, "space", "full"),
        ),
        (
            "snapshot",
            {"state": "queued", "reason": None, "error": None, "totals": TOTALS},
            JobSeen(JobMoved(JobState.QUEUED), items=3, lost=1),
        ),
        (
            "items",
            {"items": [[0, "sent"], [1, "failed"]]},
            ItemsMoved((ItemState.SENT, ItemState.FAILED)),
        ),
        ("progress", asdict(WORK), WORK),
        ("warning", {"text": "half"}, Warned("half")),
        ("control", {"asked": "cancel"}, Asked("cancel")),
        ("dropped", {"name": "a.jpg"}, OriginalDropped("a.jpg")),
        ("new", {}, OtherNews("new")),
    ],
)
def test_an_event_is_read(what: str, told: dict[str, object], news: News) -> None:
    assert news_of(Event("01J", 1, 0, what, told)) == news
