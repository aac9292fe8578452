"""What has passed is known until a file changes."""

from pathlib import Path

import pytest

from prove.kept import WHERE, Passed, Results, state_of
from prove.parts import Asked


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with a file in each place that counts."""
    for name in WHERE:
        file = tmp_path / name if "." in name else tmp_path / name / "deep" / "a.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", WHERE)
def test_a_change_anywhere_is_another_state(tree: Path, name: str) -> None:
    before = state_of(tree, Asked())
    assert state_of(tree, Asked()) == before
    file = tree / name if "." in name else tree / name / "deep" / "a.py"
    file.write_text("changed")
    assert state_of(tree, Asked()) != before


def test_a_tenth_is_not_the_whole_and_what_is_compiled_does_not_count(tree: Path) -> None:
    before = state_of(tree, Asked())
    assert state_of(tree, Asked(tenth=1)) != before
    (tree / "src" / "__pycache__").mkdir()
    (tree / "src" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert state_of(tree, Asked()) == before


def test_what_passed_is_known_to_the_next_run_of_the_same_state(tmp_path: Path) -> None:
    path, passed = tmp_path / "passed.json", Passed(3.5, "12 tests")
    Results(path, "one").add("kills", passed)
    assert Results(path, "one").passed("kills") == passed
    assert Results(path, "one").passed("media") is None
    assert Results(path, "two").passed("kills") is None
    again = Results(path, "one")
    again.forget()
    assert Results(path, "one").passed("kills") is None
