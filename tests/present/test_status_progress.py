"""A follower's view moves on with each event."""

import pytest

from transload.errors import Wait
from transload.events import Event, HeldUp, Snapshot, news_from_json
from transload.faults import Fault
from transload.json_codec import Json, JsonObject, from_json
from transload.model import Job, JobProgress, JobState, Recipe, Totals
from transload.present.status import View, held_text
from transload.states import TURN

SPACE: JsonObject = {"kind": "store.disk_full", "detail": "12 MiB free, 1,024 MiB must stay free"}


def event(what: str, **told: Json) -> Event:
    """An event of the job."""
    return Event("J", 1, 0, news_from_json(what, told))


def progress(**told: Json) -> Event:
    """A progress object with the fields that matter here."""
    base: JsonObject = {
        "stage": "fetch",
        "item": None,
        "done": 0,
        "total": None,
        "unit": "bytes",
        "rate": None,
    }
    base |= {"eta_s": None, "overall": None, "items": 0, "items_total": None}
    return Event("J", 1, 0, from_json(JobProgress, base | told))


def snapshot(state: str = "running", reason: str | None = None, **totals: int) -> Event:
    """How a job stands when its follower begins."""
    job = Job(
        "J", "a.zip", "library:x", Recipe.PLAYABLE, "photos", JobState(state), wait_reason=reason
    )
    return Event("J", 1, 0, Snapshot(job, Totals(**totals)))


def running() -> View:
    """A view of a job that runs."""
    view = View("photos\x1b[2J", JobState.QUEUED, "J")
    view.take(event("state", state="running"))
    return view


def test_only_a_change_of_state_is_worth_a_line() -> None:
    view = View("photos", JobState.QUEUED)
    assert view.take(event("state", state="running"))
    assert not view.take(event("state", state="running"))
    assert not view.take(progress(items=3))


def test_a_wait_of_something_outside_is_shown_while_nobody_works_on_the_job() -> None:
    wait = Wait("host:nas", 0, 0.0, Fault("net.connect", "nas cannot be reached"))
    view, held = View("photos", JobState.QUEUED), Event("J", 1, 0, HeldUp(wait))
    assert view.take(held)
    assert not view.take(held)
    assert view.line == f"photos: {held_text(wait)}"
    view.take(event("state", state="running"))
    assert not view.take(held)
    assert view.doing == "starting"
    view.take(event("state", state="waiting", reason="retry"))
    assert view.doing == held_text(wait)
    view.take(event("state", state="waiting", reason="paused"))
    assert view.doing.startswith("paused")
    view.take(event("state", state="queued"))
    assert view.take(Event("J", 1, 0, HeldUp(None)))
    assert view.doing == "queued"


def test_reading_shows_counts_rate_and_rest() -> None:
    view = running()
    view.take(progress(items=12, items_total=1200, rate=3 << 20, eta_s=75.0, overall=0.314))
    assert view.line == "photos\ufffd[2J: 31% reading (12/1,200 items, 3 MiB/s, 1:15 min left)"


def test_a_conversion_names_its_item_and_how_far_it_is() -> None:
    view = running()
    view.take(
        progress(stage="convert", item="a/clip.avi", done=420, total=1000, unit="us", rate=2.0)
    )
    assert view.doing == "converting a/clip.avi 42 %"
    assert "/s" not in view.counters


def test_a_job_that_is_done_is_all_done_whatever_was_told_last() -> None:
    view = running()
    view.take(progress(overall=0.1))
    view.take(event("state", state="succeeded"))
    view.take(progress(overall=0.99))
    assert view.overall == 1.0
    failed = running()
    failed.take(progress(overall=0.1))
    failed.take(event("state", state="failed"))
    assert failed.overall == 0.1


def test_waiting_for_room_gives_the_figures() -> None:
    view = running()
    assert view.take(event("state", state="waiting", reason="space", fault=SPACE))
    assert view.doing == "waiting for room on the disk: 12 MiB free, 1,024 MiB must stay free"


def test_waiting_for_a_password_says_so() -> None:
    view = running()
    locked: JsonObject = {"kind": "input.password_needed", "detail": "a.jpg is encrypted"}
    assert view.take(event("state", state="waiting", reason="password", fault=locked))
    assert view.doing == "waiting for a password: a.jpg is encrypted (transload pass J)"


def test_problems_are_counted_from_the_snapshot_on() -> None:
    view = running()
    view.take(snapshot(quarantined=1))
    view.take(event("items", items=[[0, "sent"], [1, "failed"], [2, "quarantined"]]))
    assert view.lost == 3
    assert "3 problems" in view.counters


def test_a_warning_is_news_until_something_has_arrived() -> None:
    view = running()
    view.take(progress(items=1))
    assert view.take(event("warning", text="300 MiB must be unpacked again"))
    assert "reading (300 MiB must be unpacked again)" in view.line
    view.take(event("items", items=[[7, "sent"]]))
    assert "unpacked" not in view.line


def test_a_film_that_gave_way_says_so() -> None:
    view = running()
    assert view.take(event("state", state="waiting", reason=TURN))
    assert view.doing == "waiting while a shorter conversion goes first"


def test_the_snapshot_says_what_the_job_became_since_it_was_asked_for() -> None:
    view = View("photos", JobState.QUEUED, "J")
    assert view.take(snapshot("running", sent=40, skipped=5))
    assert view.doing == "starting"
    assert view.counters == "45 items"
    assert view.take(snapshot("waiting", "paused"))
    assert view.doing == "paused (transload resume J)"


def test_counters_never_go_back() -> None:
    view = running()
    view.take(snapshot(sent=40))
    view.take(progress(items=38, items_total=50))
    assert view.counters == "40/50 items"


def test_one_item_is_no_items() -> None:
    view = running()
    view.take(progress(items=1, items_total=1))
    assert view.counters == "1/1 item"


@pytest.mark.parametrize("reason", ["paused", "space", "password"])
def test_a_job_that_waits_shows_no_time_left_and_its_bar_stands_still(reason: str) -> None:
    view = running()
    view.take(progress(items=1, items_total=2, rate=3 << 20, eta_s=0.6, overall=0.5))
    view.take(event("state", state="waiting", reason=reason))
    assert (view.counters, view.overall) == ("1/2 items", 0.5)
    view.take(progress(items=1, items_total=2, rate=1 << 20, eta_s=0.4, overall=0.7))
    assert (view.counters, view.overall) == ("1/2 items", 0.5)


def test_a_job_that_goes_on_shows_what_it_does_then() -> None:
    view = running()
    clip: JsonObject = {"stage": "convert", "item": "clip.avi", "total": 100, "unit": "us"}
    view.take(progress(done=42, **clip))
    view.take(event("state", state="waiting", reason="paused"))
    view.take(event("state", state="running"))
    assert view.doing == "converting"
    view.take(progress(done=3, rate=2.0, eta_s=9.0, overall=0.1, **clip))
    assert (view.doing, view.eta_s, view.overall) == ("converting clip.avi 3 %", 9.0, 0.1)


def test_items_that_end_while_a_job_stops_are_counted() -> None:
    view = running()
    view.take(progress(items=1, items_total=5))
    view.take(event("state", state="waiting", reason="paused"))
    view.take(progress(items=3, items_total=5))
    assert view.counters == "3/5 items"
