"""Words to commands, and errors at the program's edge."""

import pytest

from transload.cli import program
from transload.cli.program import COMMANDS, general_last, run


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (["jobs", "--json"], ["jobs", "--json"]),
        (["--json", "jobs"], ["jobs", "--json"]),
        (["--data-dir", "d", "-q", "send", "x"], ["send", "x", "--data-dir", "d", "-q"]),
        (["--data-dir=d", "list", "--", "-x"], ["list", "--data-dir=d", "--", "-x"]),
        (["--json"], ["--json"]),
        (["--help"], ["--help"]),
        (["--bogus", "jobs"], ["--bogus", "jobs"]),
        ([], []),
    ],
)
def test_general_options_may_stand_first(given: list[str], understood: list[str]) -> None:
    assert general_last(given) == understood


def test_the_overview_has_every_command_and_the_exit_statuses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    assert [name for name in (*COMMANDS, "quarantine") if f" {name} " not in page] == []
    assert "130 interrupted" in page


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["sned", "x"], "send"),
        (["send", "x", "--hevv", "keep"], "--hevc"),
        (["quarantine", "lst"], "list"),
    ],
)
def test_a_slip_is_wrong_usage_and_names_the_nearest_right_word(
    capsys: pytest.CaptureFixture[str], words: list[str], nearest: str
) -> None:
    assert run(words) == 2
    said = capsys.readouterr()
    assert nearest in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "help_of"),
    [
        (["send"], "transload send --help"),
        (["quarantine", "drop"], "transload quarantine drop --help"),
        (["sned"], "transload --help"),
    ],
)
def test_the_next_step_is_the_help_of_the_command(
    capsys: pytest.CaptureFixture[str], words: list[str], help_of: str
) -> None:
    assert run(words) == 2
    assert f"`{help_of}`" in capsys.readouterr().err


def test_a_missing_word_is_told_as_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["send", "--json"]) == 2
    assert '"kind": "input.usage"' in capsys.readouterr().out


def test_what_nobody_foresaw_is_a_bug_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(program.COMMANDS, "jobs", ("no_such_module:x", "Broken on purpose."))
    assert run(["jobs"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("transload: a fault in Transload: ImportError")
    assert "Traceback" not in said.err
