"""Parts are run in turn, told in a table, and not run again where they passed."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from prove import __main__ as prove
from prove.__main__ import main
from prove.parts import Asked, Part, Step


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three parts: one that passes, one that fails while a file says so, one that cannot run here; gives their log."""
    log, broken = tmp_path / "log", tmp_path / "broken"
    broken.touch()
    text = "import os, sys; open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit(os.path.exists(sys.argv[3]))"

    def part(name: str, fails: str) -> Part:
        def steps(_asked: Asked) -> Iterable[Step]:
            words = (sys.executable, "-c", text, str(log), name[0], fails)
            return [Step(name, words, lambda: "7 tests")]

        return Part(name, "something", steps)

    parts = [
        part("good", "nowhere"),
        part("bad", str(broken)),
        Part("far", "x", lambda _: (), "a star"),
    ]
    monkeypatch.setattr(prove, "PARTS", {part.name: part for part in parts})
    monkeypatch.setattr(prove, "KEPT", tmp_path / "kept")
    return log


def test_what_passed_is_not_run_again(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    told = capsys.readouterr().out
    assert "7 tests" in told
    assert "FAILED, exit status 1" in told
    assert "not run: needs a star" in told
    assert runs.read_text() == "gb"
    (runs.parent / "broken").unlink()
    assert main([]) == 0
    assert "7 tests (passed before)" in capsys.readouterr().out
    assert runs.read_text() == "gbb"
    assert main([]) == 0
    assert main(["--anew", "--only", "good"]) == 0
    assert runs.read_text() == "gbbg"


def test_an_unknown_part_is_refused(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "good,ugly"])
    assert ended.value.code == 2
    assert "no part ugly; there are good, bad, far" in capsys.readouterr().err
    assert not runs.exists()
