"""What has passed is known until a file changes."""

from pathlib import Path

import pytest

from prove.kept import KEPT_MAX, WHERE, Passed, Results, key_of, state_of


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
    before = state_of(tree)
    assert state_of(tree) == before
    file = tree / name if "." in name else tree / name / "deep" / "a.py"
    file.write_text("changed")
    assert state_of(tree) != before


def test_what_is_compiled_does_not_count(tree: Path) -> None:
    before = state_of(tree)
    (tree / "src" / "__pycache__").mkdir()
    (tree / "src" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert state_of(tree) == before


def test_a_result_is_of_its_command_and_of_what_it_was_given(tmp_path: Path) -> None:
    suite, corpus = tmp_path / "suite.py", tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.zip").write_bytes(b"one")
    suite.write_text("one")
    keys = {key_of("state", ["run"], [suite, corpus])}
    keys |= {key_of("state", ["run", "less"], [suite, corpus]), key_of("other", ["run"], [])}
    (corpus / "a.zip").write_bytes(b"two")
    keys.add(key_of("state", ["run"], [suite, corpus]))
    suite.write_text("two")
    keys.add(key_of("state", ["run"], [suite, corpus]))
    assert len(keys) == 5
    assert key_of("state", ["run"], [suite, corpus]) in keys


def test_what_passed_is_known_to_later_runs(tmp_path: Path) -> None:
    path, passed = tmp_path / "passed.json", Passed(3.5, "12 tests")
    Results(path).add("one", passed)
    Results(path).add("two", Passed(1, "1 test"))
    assert Results(path).passed("one") == passed
    assert Results(path).passed("three") is None


def test_the_oldest_results_go(tmp_path: Path) -> None:
    path = tmp_path / "passed.json"
    results = Results(path)
    for number in range(KEPT_MAX + 1):
        results.add(str(number), Passed(1, "1 test"))
    again = Results(path)
    assert again.passed("0") is None
    assert again.passed("1") == again.passed(str(KEPT_MAX)) == Passed(1, "1 test")
