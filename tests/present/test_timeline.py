"""What happened to a job, in lines."""

from transload.events import Event, news_from_json
from transload.json_codec import Json
from transload.present.text import clock_text
from transload.present.timeline import MOMENTS, timeline


def event(seq: int, what: str, **told: Json) -> Event:
    """An event of the job."""
    return Event("J", seq, seq * 1000, news_from_json(what, told))


def test_batches_of_items_are_one_line() -> None:
    lines = timeline(
        [
            event(1, "state", state="running"),
            event(2, "items", items=[[0, "sent"]]),
            event(3, "items", items=[[1, "sent"], [2, "sent"]]),
            event(4, "control", asked="cancel"),
        ]
    )
    assert [line.split("  ")[-1] for line in lines[1:]] == [
        "running",
        "3 items moved on",
        "asked to cancel",
    ]


def test_an_item_that_is_put_off_and_sent_later_moves_on_once() -> None:
    first = event(1, "items", items=[[0, "sent"], [1, "deferred"], [2, "refused"]])
    later = [event(2, "state", state="waiting"), event(3, "items", items=[[1, "sent"]])]
    lines = timeline([first, *later, event(4, "items", items=[[2, "sent"]])])
    assert [line.split("  ")[-1] for line in lines[1:]] == [
        "1 item moved on, 2 items put off",
        "waiting",
        "2 items moved on",
    ]


def test_moments_are_told_in_words() -> None:
    told = [
        event(1, "state", state="waiting", reason="paused"),
        event(2, "dropped", name="a.jpg"),
        event(3, "warning", text="half of it"),
    ]
    assert [line.split("  ")[-1] for line in timeline(told)[1:]] == [
        "paused (transload resume J)",
        "the kept original of a.jpg was deleted",
        "warning: half of it",
    ]


def test_a_long_life_is_told_from_its_end() -> None:
    lines = timeline([event(n, "state", state="running") for n in range(100)])
    assert len(lines) == MOMENTS + 1
    assert lines[-1].strip().startswith(clock_text(99_000))
