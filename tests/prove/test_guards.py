"""The table of guards speaks of the source and the tests as they stand."""

from pathlib import Path

import pytest

from prove.guards import GUARDS, Guard

ROOT = Path(__file__).resolve().parents[2]


def test_each_guard_is_in_the_documents() -> None:
    told = (ROOT / "docs" / "proofs.md").read_text("utf-8")
    missing = [guard.name for guard in GUARDS if f"| {guard.name} | `{guard.path}` |" not in told]
    assert missing == []


def test_each_guard_has_a_name_of_its_own() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 50


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_guard_stands_once_and_its_test_is_there(guard: Guard) -> None:
    text = (ROOT / "src" / "transload" / guard.path).read_text("utf-8")
    assert text.count(guard.code) == 1
    assert guard.without != guard.code
    file, _, name = guard.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text("utf-8")
