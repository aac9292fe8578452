"""Events survive their rows; rows of other versions are read."""

from typing import get_args

import pytest

from transload.events import (
    Asked,
    Event,
    ItemsMoved,
    JobMoved,
    OfAnotherVersion,
    OriginalDropped,
    Snapshot,
    Stored,
    Warned,
    news_from_json,
    news_to_json,
)
from transload.faults import Fault, NextStep, Step
from transload.json_codec import JsonObject
from transload.model import ItemState, Job, JobProgress, JobState, Recipe, Totals

FULL = Fault("store.disk_full", "12 MiB free", suggestion=Step(NextStep.FREE_SPACE, "/data"))
STORED: list[tuple[Stored, str, JsonObject]] = [
    (JobMoved(JobState.RUNNING), "state", {"state": "running"}),
    (
        JobMoved(JobState.WAITING, "space", FULL),
        "state",
        {
            "state": "waiting",
            "reason": "space",
            "fault": {
                "kind": "store.disk_full",
                "detail": "12 MiB free",
                "suggestion": {"code": "free_space", "about": "/data"},
            },
        },
    ),
    (
        JobMoved(JobState.PARTIAL, totals=Totals(entries=5, sent=2)),
        "state",
        {"state": "partial", "totals": {"entries": 5, "sent": 2}},
    ),
    (
        ItemsMoved(((0, ItemState.SENT), (1, ItemState.FAILED))),
        "items",
        {"items": [[0, "sent"], [1, "failed"]]},
    ),
    (Warned("half"), "warning", {"text": "half"}),
    (Asked("cancel"), "control", {"asked": "cancel"}),
    (OriginalDropped("a.jpg"), "dropped", {"name": "a.jpg"}),
]


@pytest.mark.parametrize(("news", "word", "fields"), STORED)
def test_news_survive_their_row(news: Stored, word: str, fields: JsonObject) -> None:
    assert news_to_json(news) == (word, fields)
    assert news_from_json(word, fields) == news
    assert Event("01J", 1, 0, news).what == word


def test_no_type_of_what_is_stored_is_left_out_above() -> None:
    assert {type(news) for news, _, _ in STORED} == set(get_args(Stored))


def test_what_another_version_told_keeps_its_word() -> None:
    news = news_from_json("moon", {"phase": "new"})
    assert news == OfAnotherVersion("moon")
    assert Event("01J", 1, 0, news).what == "moon"


def test_what_is_never_stored_has_its_word_too() -> None:
    job = Job("01J", "a.zip", "library:x", Recipe.PLAYABLE, "a", JobState.QUEUED)
    progress = JobProgress("fetch", None, 0, None, "bytes", None, None, None, 0, None)
    assert Event("01J", 1, 0, Snapshot(job, Totals())).what == "snapshot"
    assert Event("01J", 1, 0, progress).what == "progress"
