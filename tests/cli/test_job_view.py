"""A job whose process was killed does not seem to run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.held_up import two_for_one_server
from tests.inputs import packed, photo
from tests.installation import Home
from transload.cli.job_view import as_it_stands, gallery_of
from transload.ledger.task_writes import TaskRecord
from transload.model import Job, JobState, Lane, Recipe
from transload.present.status import INTERRUPTED, state_word


async def left_running(home: Home, *, gave_way: bool) -> Job:
    """A job that the ledger calls running or waiting for its turn, as a killed process leaves it."""
    source = packed(home.folder / "a.zip", {"a.jpg": photo(1)})
    async with home.open() as app:
        job = await app.send(str(source), to=home.to, detach=True)
        task = await app.installation.leases.take(Lane.TRANSFER)
        assert task is not None
        record = TaskRecord(
            app.installation.ledger.database, app.installation.clock, task, home.folder
        )
        await record.begin()
        if gave_way:
            await record.give_way()
        seen = await app.job(job.id)
        assert seen.state is (JobState.WAITING if gave_way else JobState.RUNNING)
        assert as_it_stands(app, seen).state is JobState.QUEUED
        assert state_word(as_it_stands(app, seen)) == INTERRUPTED
        app.installation.lock.acquire()
        assert as_it_stands(app, seen) == seen
    return seen


@pytest.mark.anyio
@pytest.mark.parametrize("gave_way", [False, True])
async def test_it_is_queued_and_called_interrupted(tmp_path: Path, gave_way: bool) -> None:
    job = await left_running(Home(tmp_path), gave_way=gave_way)
    cli = Cli(tmp_path / "data")
    assert [one["state"] for one in cli("jobs", "--json").document] == ["queued"]
    assert cli("jobs", job.id, "--json").document["state"] == "queued"
    assert "interrupted" in cli("jobs").out
    assert f"transload resume {job.id}" in cli("jobs", job.id).out
    assert cli("resume", job.id, "-q").status == 0


@pytest.mark.anyio
async def test_a_job_that_another_ones_wait_holds_up_says_so(tmp_path: Path) -> None:
    async with Home(tmp_path).open() as app:
        _, held = await two_for_one_server(app, tmp_path)
    cli = Cli(tmp_path / "data")
    for shown in (cli("jobs").out, cli("jobs", held.id).out):
        assert "waiting for the server nas.example until 20" in shown
        assert "nas.example asks to wait" in shown
    told = cli("jobs", held.id, "--json").document
    assert (told["state"], told["error"]) == ("queued", None)
    assert (told["wait"]["scope"], told["wait"]["error"]["kind"]) == (
        "host:nas.example",
        "source.rate_limited",
    )
    assert told["wait"]["until"] == told["wait"]["error"]["retry_at"]
    assert [one["wait"] for one in cli("jobs", "--json").document] == [told["wait"]] * 2
    assert cli("cancel", held.id, "--json").document["wait"] is None


ENDED = Job(
    "01J",
    "s",
    "library:/lib",
    Recipe.PLAYABLE,
    "photos.zip",
    JobState.PARTIAL,
    folder="photos",
    finished_ms=11_000,
)


@pytest.mark.parametrize(
    ("less", "is_told"),
    [
        ({}, True),
        ({"state": JobState.FAILED}, False),
        ({"state": JobState.WAITING, "finished_ms": None}, False),
        ({"folder": None}, False),
        ({"folder": "empty"}, False),
    ],
)
def test_only_a_page_that_is_there_is_named(
    tmp_path: Path, less: dict[str, Any], *, is_told: bool
) -> None:
    page = tmp_path / "photos" / "gallery.html"
    page.parent.mkdir()
    page.touch()
    ended = replace(ENDED, destination=f"library:{tmp_path}", **less)
    assert gallery_of(ended) == (str(page) if is_told else None)
