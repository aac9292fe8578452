"""How a job stands is told with what it needs to go on."""

from dataclasses import replace

import pytest

from transload.errors import Wait
from transload.faults import Fault
from transload.model import Job, JobState, Recipe
from transload.present.status import INTERRUPTED, held_text, state_word, wait_line, wait_text
from transload.present.text import clock_text

JOB = Job("01KA", "s", "library:/lib", Recipe.PLAYABLE, "a", JobState.WAITING, wait_reason="retry")


def test_a_wait_names_its_reason_and_the_command_that_ends_it() -> None:
    assert wait_text("password", "01KA") == "waiting for a password (transload pass 01KA)"
    assert wait_text("paused", "01KA") == "paused (transload resume 01KA)"
    assert wait_text("space", "01KA", "1 MiB\x1b free") == (
        "waiting for room on the disk: 1 MiB\ufffd free"
    )
    assert wait_text(None, "01KA") == "waiting"


def test_a_wait_with_an_end_is_told_with_its_time_or_with_who_looks() -> None:
    timed = replace(JOB, wait_until_ms=0)
    assert "waiting to try again; the next look is at" in wait_line(timed, "01", is_watched=True)
    alone = wait_line(timed, "01", is_watched=False)
    assert alone == "waiting to try again (transload resume 01)"
    assert wait_line(JOB, "01", is_watched=False) == "waiting to try again"
    assert wait_line(replace(JOB, state=JobState.RUNNING), "01", is_watched=True) == ""


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("host:nas.example", "the server nas.example"),
        ("account:family", "the account family"),
        ("chat:@aunts\x1b", "the chat @aunts\ufffd"),
        ("s3://key:secret@box", "s3://box"),
    ],
)
def test_what_is_waited_for_outside_is_named_with_the_end_and_the_reason(
    scope: str, told: str
) -> None:
    wait = Wait(scope, 0, 0.0, Fault("dest.rate_limited", "too fast\x1b"))
    expected = f"waiting for {told} until {clock_text(0)}: too fast\ufffd"
    assert held_text(wait) == expected
    queued = replace(JOB, state=JobState.QUEUED, wait_reason=None)
    assert wait_line(queued, "01", wait, is_watched=True) == expected
    assert wait_line(JOB, "01", wait, is_watched=False) == f"{expected} (transload resume 01)"
    assert wait_line(queued, "01", is_watched=True) == ""


def test_a_job_that_was_begun_and_is_queued_was_interrupted() -> None:
    queued = replace(JOB, state=JobState.QUEUED)
    assert state_word(queued) == "queued"
    assert state_word(replace(queued, started_ms=1)) == INTERRUPTED
    assert state_word(JOB) == "waiting"
