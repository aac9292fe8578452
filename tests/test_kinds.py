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


def test_a_next_step_can_be_typed() -> None:
    locked = Fault("input.password_needed", "locked").addressed(job_id="01J")
    assert "`transload pass 01J` hands" in locked.as_dict()["suggestion"]
    usage = Fault("input.usage", "no")
    assert usage.addressed(command="send").suggestion == "See `transload send --help`."
    assert usage.addressed().suggestion == "See `transload --help`."
    named = Fault("dest.denied", "no", suggestion="Write to JOB, see `transload retry JOB`.")
    assert named.addressed(job_id="01J").suggestion == "Write to JOB, see `transload retry 01J`."
