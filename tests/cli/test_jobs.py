"""Jobs told and steered by command."""

from pathlib import Path

from tests.cli.conftest import Cli, Sent
from tests.inputs import packed, photo


def queued(cli: Cli, folder: Path) -> str:
    """The id of a job that waits for someone to run it."""
    source = packed(folder / "one.zip", {"a.jpg": photo(1)})
    said = cli("send", source, "--to", f"library:{folder / 'lib'}", "--detach", "--json")
    job: str = said.document["job"]
    return job


def test_the_table_and_its_document(sent: Sent) -> None:
    assert "partial" in sent.cli("jobs").out
    (head,) = sent.cli("jobs", "--json").document
    assert (head["job"], head["totals"]["sent"]) == (sent.report["job"], 6)
    assert "items" not in head


def test_one_job_as_document_is_its_report(sent: Sent) -> None:
    said = sent.cli("jobs", sent.report["job"][:16].lower(), "--json")
    assert said.document == sent.report


def test_no_jobs_yet(cli: Cli) -> None:
    assert "no jobs yet" in cli("jobs").out


def test_an_unknown_job_is_wrong_usage(cli: Cli) -> None:
    said = cli("jobs", "01XYZ", "--json")
    assert said.status == 2
    assert said.document["error"]["kind"] == "job.unknown"


def test_watching_an_ended_job_sums_it_up(sent: Sent) -> None:
    said = sent.cli("jobs", sent.report["job"], "--watch")
    assert said.status == 3
    assert "6 of 8 items" in said.out


def test_a_cancelled_job_names_itself_in_what_to_do_next(cli: Cli, tmp_path: Path) -> None:
    job = queued(cli, tmp_path)
    cli("cancel", job)
    shown = cli("jobs", job).out
    assert f"transload retry {job}" in shown
    assert "JOB" not in shown


def test_pause_cancel_retry(cli: Cli, tmp_path: Path) -> None:
    job = queued(cli, tmp_path)
    assert cli("pause", job, "--json").document["state"] == "waiting"
    assert cli("pause", job).out == f"{job}: paused (transload resume {job})\n"
    assert "paused (transload resume" in cli("jobs").out
    assert cli("cancel", job, "--json").document["state"] == "cancelled"
    retried = cli("retry", job, "--json")
    assert (retried.status, retried.document["totals"]["sent"]) == (0, 1)
    assert "nothing to retry" in cli("retry", job).out
    assert "nothing to resume" in cli("resume", job).out
    assert "had ended before (succeeded)" in cli("cancel", job).out
