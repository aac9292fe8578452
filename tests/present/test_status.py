"""How a job stands is told with what it needs to go on."""

from dataclasses import replace

from transload.model import Job, JobState, Recipe
from transload.present.status import INTERRUPTED, state_word, wait_line, wait_text

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


def test_a_job_that_was_begun_and_is_queued_was_interrupted() -> None:
    queued = replace(JOB, state=JobState.QUEUED)
    assert state_word(queued) == "queued"
    assert state_word(replace(queued, started_ms=1)) == INTERRUPTED
    assert state_word(JOB) == "waiting"
