"""A guard counts as noticed when its test fails, not when something else goes wrong."""

import json
from pathlib import Path

import pytest

from prove import switched_off
from prove.guards import Guard
from prove.switched_off import main

THING = """
def test_it():
    from transload.thing import twice
    assert twice(2) == 4


def test_red():
    assert False
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of one function, with a test."""
    package = tmp_path / "src" / "transload"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "thing.py").write_text("def twice(n):\n    return 2 * n\n")
    (tmp_path / "test_thing.py").write_text(THING)
    monkeypatch.setattr(switched_off, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "src"))
    return tmp_path


@pytest.mark.parametrize(
    ("code", "without", "test", "status"),
    [
        ("2 * n", "n", "test_thing.py::test_it", 0),
        ("2 * n", "n + n", "test_thing.py::test_it", 1),
        ("3 * n", "n", "test_thing.py::test_it", 1),
        ("2 * n", "n", "test_thing.py::test_gone", 4),
        ("2 * n", "n", "test_thing.py::test_red", 1),
    ],
)
def test_only_a_red_test_is_a_notice(  # noqa: PLR0913  a table
    project: Path, monkeypatch: pytest.MonkeyPatch, code: str, without: str, test: str, status: int
) -> None:
    monkeypatch.setattr(switched_off, "GUARDS", [Guard("g", "thing.py", code, without, test)])
    out = project / "out.json"
    assert main(["--out", str(out), "--jobs", "1"]) == status
    noticed = json.loads(out.read_text()) if out.exists() else []
    assert noticed == (["g"] if status == 0 else [])
