"""Errors for people and for programs."""

import json

import pytest

from transload.cli.error_text import error_lines, tell_bug, tell_error
from transload.errors import SourceNotFoundError
from transload.kinds import Fault


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
