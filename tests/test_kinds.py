"""The closed list: every kind says everything that the outside relies on."""

import pytest

from transload.kinds import KINDS, Fault


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_complete(kind: str) -> None:
    family, _, name = kind.partition(".")
    assert family in {
        "input",
        "source",
        "net",
        "tool",
        "convert",
        "dest",
        "store",
        "job",
        "internal",
    }
    assert name.isidentifier()
    info = KINDS[kind]
    assert info.title
    assert info.suggestion.endswith((".", "it."))
    assert 400 <= info.status < 600


def test_a_fault_survives_its_row() -> None:
    fault = Fault("input.corrupt", "broken", item="a", evidence="x", suggestion="do")
    assert Fault.from_dict(fault.as_dict()) == fault
    assert fault.as_dict()["type"] == "/errors/input.corrupt"
