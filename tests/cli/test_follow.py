"""How long a command without a person before it waits for room on the disk."""

from transload.cli.follow import Patience
from transload.model import Event


def event(what: str, **told: object) -> Event:
    """An event of the job."""
    return Event("J", 1, 0, what, told)


LOOK_S = 30.0
WAITS = event("state", state="waiting", reason="space")


def test_the_first_wait_is_given_its_next_look() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(event("state", state="running"), 30.0)
    assert not patience.spent
    patience.take(WAITS, 31.0)
    assert patience.spent


def test_two_tasks_that_wait_at_once_are_one_wait() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(WAITS, LOOK_S / 2)
    assert not patience.spent


def test_items_that_arrive_start_it_anew() -> None:
    patience = Patience(LOOK_S)
    patience.take(WAITS, 0.0)
    patience.take(event("items", items=[[0, "sent"]]), 30.0)
    patience.take(WAITS, 31.0)
    assert not patience.spent


def test_other_waits_are_sat_out() -> None:
    patience = Patience(LOOK_S)
    for at in (0.0, 100.0, 200.0):
        patience.take(event("state", state="waiting", reason="retry"), at)
    assert not patience.spent
