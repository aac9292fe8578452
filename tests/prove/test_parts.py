"""The parts fit the rest of the project: marks, folders, documents."""

import tomllib
from pathlib import Path

import pytest

from prove.parts import PARTS, ROOT, Asked, size_of

MARKED = ("kills", "media", "archives", "bounds")


def test_every_mark_is_a_part_and_left_out_of_the_quick_tests() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    assert [mark.partition(":")[0] for mark in options["markers"]] == list(MARKED)
    assert options["addopts"].endswith(f"-m 'not ({' or '.join(MARKED)})'")
    assert set(MARKED) <= set(PARTS)


def test_every_part_is_told_in_the_documents() -> None:
    text = (ROOT / "docs" / "proofs.md").read_text("utf-8")
    missing = [name for name in PARTS if f"`ONLY={name}`" not in text]
    assert missing == []


def test_without_a_suite_nothing_is_accepted(tmp_path: Path) -> None:
    assert list(PARTS["accept"].steps(Asked())) == []
    assert PARTS["accept"].needs
    (step,) = PARTS["accept"].steps(Asked(suite=tmp_path / "s.py", corpus=tmp_path))
    assert str(tmp_path / "s.py") in step.command


def test_a_tenth_asks_each_part_for_less() -> None:
    whole, tenth = Asked(), Asked(tenth=7)
    for name in ("kills", "media", "archives", "hostile", "guards"):
        (more,), (less,) = PARTS[name].steps(whole), PARTS[name].steps(tenth)
        assert more.command != less.command


def test_the_size_of_a_run_is_read_from_its_result(tmp_path: Path) -> None:
    result = tmp_path / "r.xml"
    result.write_text('<testsuites><testsuite tests="1234" skipped="2" /></testsuites>')
    assert size_of(result) == "1,232 tests, 2 skipped"
    result.write_text('<testsuites><testsuite tests="3" skipped="0" /></testsuites>')
    assert size_of(result) == "3 tests"
    result.write_text('<testsuites><testsuite tests="3" skipped="3" /></testsuites>')
    assert size_of(result) == ""


@pytest.mark.parametrize("name", PARTS)
def test_each_part_says_what_it_proves(name: str) -> None:
    assert PARTS[name].name == name
    assert PARTS[name].proves
