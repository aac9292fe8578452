"""The tables of moves: complete, and nothing else is allowed."""

import pytest

from transload.errors import KINDS, LOCKED
from transload.faults import Fault
from transload.model import ItemState, JobState
from transload.states import (
    ITEM_MOVES,
    ITEM_OPEN,
    JOB_ENDED,
    JOB_MOVES,
    PASSWORD,
    PAUSED,
    RETRY,
    SPACE,
    TURN,
    IllegalTransitionError,
    can_be_held_up,
    check_move,
    ended_state,
    lost_as,
    reported,
)


def test_every_state_has_its_row() -> None:
    assert JOB_MOVES.keys() == set(JobState)
    assert ITEM_MOVES.keys() == set(ItemState)


@pytest.mark.parametrize("old", JobState)
@pytest.mark.parametrize("new", JobState)
def test_job_moves_are_those_of_the_table(old: JobState, new: JobState) -> None:
    if new in JOB_MOVES[old]:
        check_move(old, new)
    else:
        with pytest.raises(IllegalTransitionError):
            check_move(old, new)


def test_only_what_goes_on_by_itself_is_held_up_by_something_outside() -> None:
    held = {
        (state, reason)
        for state in JobState
        for reason in (None, PASSWORD, PAUSED, SPACE, RETRY, TURN)
        if can_be_held_up(state, reason)
    }
    assert {state for state, _ in held} == {JobState.QUEUED, JobState.WAITING}
    assert {reason for state, reason in held if state is JobState.WAITING} == {RETRY}


@pytest.mark.parametrize("old", ItemState)
def test_an_item_that_arrived_never_moves_again(old: ItemState) -> None:
    with pytest.raises(IllegalTransitionError):
        check_move(ItemState.SENT, old)


def test_every_open_item_can_end_in_every_way_that_loses_nothing() -> None:
    for state in ITEM_OPEN:
        for end in (ItemState.SENT, ItemState.QUARANTINED, ItemState.FAILED, ItemState.CANCELLED):
            check_move(state, end)


def test_only_lost_and_locked_items_can_be_opened_again() -> None:
    again = {state for state, moves in ITEM_MOVES.items() if ItemState.PENDING in moves}
    assert again == {
        ItemState.PENDING,  # it stays so, and is told which password it lacks
        ItemState.QUARANTINED,
        ItemState.FAILED,
        ItemState.CANCELLED,
        ItemState.DEFERRED,
        ItemState.REFUSED,  # like a deferred one, where its password is not known any more
        ItemState.STAGED,  # what was brought to the destination is there no more
        ItemState.SKIPPED,  # by a filter that has changed since
    }


def test_what_a_password_may_open_is_not_lost() -> None:
    assert KINDS.keys() >= LOCKED
    assert {kind for kind in KINDS if lost_as(Fault(kind, "")) is ItemState.PENDING} == LOCKED


@pytest.mark.parametrize(
    ("counts", "job_failed", "ended"),
    [
        ({}, False, JobState.SUCCEEDED),
        ({ItemState.SENT: 3, ItemState.SKIPPED: 1}, False, JobState.SUCCEEDED),
        ({ItemState.SENT: 3, ItemState.FAILED: 1}, False, JobState.PARTIAL),
        ({ItemState.SENT: 3}, True, JobState.PARTIAL),
        ({ItemState.QUARANTINED: 1}, False, JobState.FAILED),
        ({}, True, JobState.FAILED),
    ],
)
def test_a_job_ends_by_what_arrived_and_what_was_lost(
    counts: dict[ItemState, int], job_failed: bool, ended: JobState
) -> None:
    assert ended_state(counts, job_failed=job_failed) is ended
    assert ended in JOB_ENDED


def test_a_refused_item_is_reported_as_pending() -> None:
    assert reported(ItemState.REFUSED) is ItemState.PENDING
    assert reported(ItemState.SENT) is ItemState.SENT


def test_a_state_of_an_item_is_none_of_a_job() -> None:
    with pytest.raises(IllegalTransitionError):
        check_move(JobState.RUNNING, ItemState.FAILED)
    with pytest.raises(IllegalTransitionError):
        check_move(ItemState.PENDING, JobState.FAILED)
