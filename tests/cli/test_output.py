"""How a command ends is told, and its exit status."""

import json
from dataclasses import replace

import pytest

from transload.cli import output
from transload.cli.output import error_lines, tell_bug, tell_error
from transload.errors import SourceNotFoundError
from transload.faults import Fault
from transload.model import Job, JobState, Recipe


def job(state: JobState, kind: str | None = None) -> Job:
    """A job in a state, with a fault of a kind."""
    fault = None if kind is None else Fault(kind, "because")
    return Job("1", "s", "library:/l", Recipe.PLAYABLE, "t", state, fault=fault)


@pytest.mark.parametrize(
    ("state", "kind", "status"),
    [
        (JobState.SUCCEEDED, None, 0),
        (JobState.PARTIAL, None, 3),
        (JobState.PARTIAL, "input.truncated", 3),
        (JobState.PARTIAL, "store.disk_full", 3),
        (JobState.FAILED, None, 4),
        (JobState.FAILED, "input.corrupt", 4),
        (JobState.FAILED, "input.usage", 2),
        (JobState.FAILED, "dest.denied", 6),
        (JobState.FAILED, "dest.unreachable", 6),
        (JobState.FAILED, "store.disk_full", 6),
        (JobState.FAILED, "store.io", 6),
        (JobState.FAILED, "tool.ffmpeg", 6),
        (JobState.FAILED, "input.password_needed", 5),
        (JobState.FAILED, "internal.bug", 1),
        (JobState.PARTIAL, "internal.bug", 1),
        (JobState.CANCELLED, "job.cancelled", 4),
        (JobState.WAITING, "store.disk_full", 6),
        (JobState.RUNNING, None, 130),
    ],
)
def test_of_job(state: JobState, kind: str | None, status: int) -> None:
    assert output.of_job(job(state, kind)) == status


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([4, 3, 0], 4), ([3, 6, 4], 6), ([2, 6], 2), ([1, 2], 1)],
)
def test_worst(statuses: list[int], worst: int) -> None:
    assert output.worst(statuses) == worst


def test_a_job_that_waits_for_a_password_needs_input() -> None:
    waiting = replace(job(JobState.WAITING, "input.wrong_password"), wait_reason="password")
    assert output.of_job(waiting) == 5
    assert output.of_job(replace(waiting, wait_reason="space")) == 6


def test_a_person_gets_a_line_and_a_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    status = tell_error(SourceNotFoundError("there is nothing at a\x07b.zip"), as_json=False)
    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    assert said.err.splitlines() == [
        "transload: there is nothing at a\ufffdb.zip",
        "  next: Check the path; quote names with spaces.",
    ]


def test_a_program_gets_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(SourceNotFoundError("nothing there"), as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["kind"] == "input.not_found"
    assert said.err == ""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_bug_is_one_line_without_traceback(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    assert tell_bug(ZeroDivisionError("oops"), as_json=as_json) == 1
    said = capsys.readouterr()
    assert "ZeroDivisionError: oops" in (said.out if as_json else said.err)
    assert "Traceback" not in said.out + said.err
    assert len((said.out + said.err).splitlines()) == 1


def test_a_suggestion_of_its_own_wins() -> None:
    assert error_lines(Fault("input.usage", "no", suggestion="Do this."))[1] == "  next: Do this."
