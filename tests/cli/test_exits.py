"""The exit statuses of the contract."""

from dataclasses import replace

import pytest

from transload.cli import exits
from transload.kinds import Fault
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
    assert exits.of_job(job(state, kind)) == status


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([4, 3, 0], 4), ([3, 6, 4], 6), ([2, 6], 2), ([1, 2], 1)],
)
def test_worst(statuses: list[int], worst: int) -> None:
    assert exits.worst(statuses) == worst


def test_a_job_that_waits_for_a_password_needs_input() -> None:
    waiting = replace(job(JobState.WAITING, "input.wrong_password"), wait_reason="password")
    assert exits.of_job(waiting) == 5
    assert exits.of_job(replace(waiting, wait_reason="space")) == 6
