"""The log: where its lines go, and that nothing is made or loaded before the first."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transload import logs


@contextmanager
def logging_into(folder: Path, *, verbose: bool = False) -> Iterator[None]:
    """The log switched on within a test; not a fixture, because stderr is another stream while fixtures are made."""
    handlers = logs.start(folder, verbose=verbose, json_lines=verbose)
    try:
        yield
    finally:
        logs.stop(handlers)


def test_lines_go_to_the_file_and_not_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deep" / "logs"
    with logging_into(folder):
        assert not folder.exists()
        logging.getLogger("transload.flow").info("album_sent", extra={"items": 3})
        logging.getLogger("transload.flow").debug("not_asked_for")
    line = (folder / logs.FILE_NAME).read_text("utf-8")
    assert line.count("\n") == 1
    assert "event=album_sent items=3" in line
    assert capsys.readouterr().err == ""


def test_verbose_says_more_and_on_stderr_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_into(tmp_path, verbose=True):
        logging.getLogger("transload.flow").debug("album_opened")
    assert json.loads(capsys.readouterr().err)["event"] == "album_opened"
    assert json.loads((tmp_path / logs.FILE_NAME).read_text("utf-8"))["level"] == "debug"


def test_a_folder_that_cannot_be_made_costs_the_log_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file in the way")
    handlers = logs.start(tmp_path / "logs")
    logging.getLogger("transload.flow").warning("seen")
    logs.stop(handlers)
    assert capsys.readouterr().err == ""


def test_importing_sets_no_handler_up() -> None:
    ask = "import logging, transload.logs as l; print(logging.root.handlers, logging.getLogger('transload').handlers)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
