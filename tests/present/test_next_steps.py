"""Every step has its sentence, and what is in it can be typed."""

import pytest

from transload.errors import KINDS
from transload.faults import Fault, NextStep, Step
from transload.present.next_steps import SENTENCES, next_step, reason_text, sentence
from transload.states import LEFT_OUT, NOT_MEDIA


@pytest.mark.parametrize("code", NextStep)
def test_a_step_is_a_sentence(code: NextStep) -> None:
    words = sentence(Step(code, "this"), job_id="01J", command="send")
    assert words.endswith((".", "?", "this"))
    assert "JOB" not in words
    assert "{" not in words


def test_no_sentence_is_without_a_step() -> None:
    assert SENTENCES.keys() == set(NextStep)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_next_step(kind: str) -> None:
    assert next_step(Fault(kind, "")) == sentence(Step(KINDS[kind].step))


def test_a_next_step_can_be_typed() -> None:
    locked = Fault("input.password_needed", "locked")
    assert "`transload pass 01J` hands" in next_step(locked, job_id="01J")
    usage = Fault("input.usage", "no")
    assert next_step(usage, command="send") == "See `transload send --help`."
    assert next_step(usage) == "See `transload --help`."


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (LEFT_OUT, "left out by --include or --exclude"),
        (NOT_MEDIA, "not a photo, video or sound: `--files all` delivers it"),
        ("left out by --include or --exclude", "left out by --include or --exclude"),
        ("a link", "a link"),
    ],
)
def test_a_reason_names_the_option_that_changes_it(why: str, told: str) -> None:
    assert reason_text(why) == told


def test_a_suggestion_of_the_case_wins() -> None:
    assert next_step(Fault("input.usage", "no", suggestion="Do this.")) == "Do this."
    step = Step(NextStep.CHECK_DISK)
    assert next_step(Fault("input.usage", "no", suggestion=step)) == sentence(step)


def test_the_sentence_that_an_earlier_version_kept_can_be_typed() -> None:
    kept = Fault("dest.denied", "no", suggestion="Write to JOB, see `transload retry JOB`.")
    assert next_step(kept, job_id="01J") == "Write to JOB, see `transload retry 01J`."
