"""Pythons at hand: found once each, old ones left out."""

import sys
from pathlib import Path

import pytest

from prove import pythons
from prove.pythons import LATEST, LEAST, others


def program(path: Path, prefix: str, version: str) -> None:
    """Something that answers as a Python of this version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho \'["{prefix}", "{version} (main, today)"]\'\n')
    path.chmod(0o755)


def test_others_are_found_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tmp_path / "versions"
    program(versions / "3.10.1" / "bin" / "python3", "/a", "3.10.1")
    program(versions / "3.14.2" / "bin" / "python3", "/b", "3.14.2")
    program(tmp_path / "bin" / "python3.14", "/b", "3.14.2")
    program(tmp_path / "bin" / "python3.15", "/c", "3.15.0")
    (versions / "3.16.0" / "bin").mkdir(parents=True)
    (versions / "3.16.0" / "bin" / "python3").write_text("no program")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    found = {python.name: python.program for python in others()}
    assert "3.10.1" not in found
    assert "3.16.0" not in found
    assert found["3.14.2"] == tmp_path / "bin" / "python3.14"
    assert found["3.15.0"] == tmp_path / "bin" / "python3.15"


def test_the_python_that_runs_is_no_other() -> None:
    assert not any(
        Path(sys.executable).resolve() == python.program.resolve() for python in others()
    )


def test_the_range_follows_the_project() -> None:
    text = (Path(pythons.__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert f'requires-python = ">={LEAST[0]}.{LEAST[1]}"' in text
    assert sys.version_info[:2] < LATEST
