"""Queued jobs, and reports of commands that are interrupted."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Cli
from tests.inputs import clip, packed, photo


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source whose one conversion takes some ten seconds, behind photos that go at once."""
    folder = tmp_path_factory.mktemp("slow")
    film = clip(folder / "film.avi", seconds=60, size="1280x720").read_bytes()
    return packed(folder / "slow.zip", {"a.jpg": photo(1), "film.avi": film})


def test_a_detached_job_is_only_queued(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1)})
    library = tmp_path / "lib"
    said = cli("send", source, "--to", f"library:{library}", "--detach", "--json")
    assert (said.status, said.document["state"]) == (0, "queued")
    assert not library.exists()
    resumed = cli("resume", said.document["job"][:14], "--json")
    assert (resumed.status, resumed.document["state"]) == (0, "succeeded")
    assert len(list(library.rglob("*.jpg"))) == 1


def test_the_same_command_again_says_that_nothing_was_sent(cli: Cli, tmp_path: Path) -> None:
    source = packed(tmp_path / "one.zip", {"a.jpg": photo(1), "b.txt": b"words"})
    words = ("send", source, "--to", f"library:{tmp_path / 'lib'}")
    first, again = cli(*words), cli(*words)
    assert "delivered   1 of 2 items" in first.out
    assert (again.status, again.err) == (0, "")
    assert "nothing was sent, it was all done before" in again.out
    assert "delivered" not in again.out
    assert cli(*words, "--detach").out == again.out
    document = cli(*words, "--json").document
    assert document["totals"]["sent"] == 1
    assert document["warnings"][0] == "nothing was sent, it was all done before"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_report_and_a_job_that_continues(
    cli: Cli, tmp_path: Path, slow: Path, number: signal.Signals
) -> None:
    report, library = tmp_path / "report.json", tmp_path / "lib"
    words = ["send", str(slow), "--to", f"library:{library}", "--report", str(report)]
    with subprocess.Popen(
        [*COMMAND, *words], env=cli.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("slow: starting")
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait(4) == 130
    assert "interrupted: run the same command again to continue" in said
    assert json.loads(report.read_text())["state"] in ("queued", "running")
    assert not list(tmp_path.glob(".*.part"))
    assert cli("cancel", json.loads(report.read_text())["job"]).status == 0
