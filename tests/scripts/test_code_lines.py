"""Lines that do something are counted, at a commit and as they lie there."""

import subprocess
from pathlib import Path

import pytest

from scripts import code_lines

TEXT = '"""A module\n\nwith a docstring."""\n\n# why\nA = """text\nkept"""\n\n\ndef f():\n    """No."""\n'


def test_docstrings_comments_and_blank_lines_do_not_count() -> None:
    assert code_lines.code_lines(TEXT) == [(6, 'A = """text'), (7, 'kept"""'), (10, "def f():")]


def test_a_commit_is_told_beside_the_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / code_lines.SOURCE / "a.py"
    module.parent.mkdir(parents=True)
    module.write_text(TEXT)
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*own, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    module.write_text("A = 1\n")
    code_lines.main(["HEAD"], tmp_path)
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told == [["HEAD", "3", "1.000"], ["now", "1", "0.333"]]
