"""A fault survives its row, whichever version wrote it."""

from transload.faults import Fault, NextStep, Step


def test_a_fault_survives_its_row() -> None:
    fault = Fault("input.corrupt", "broken", item="a", evidence="x", suggestion="do")
    assert Fault.from_dict(fault.as_dict()) == fault


def test_a_step_survives_its_row() -> None:
    fault = Fault("net.dns", "no", suggestion=Step(NextStep.CHECK_DISK, "/data"))
    assert fault.as_dict()["suggestion"] == {"code": "check_disk", "about": "/data"}
    assert Fault.from_dict(fault.as_dict()) == fault


def test_the_row_of_an_earlier_version_is_read() -> None:
    stored = {
        "type": "/errors/input.corrupt",
        "kind": "input.corrupt",
        "title": "Damaged",
        "detail": "broken",
        "status": 422,
        "stage": "fetch",
        "item": "a.jpg",
        "platform": None,
        "retryable": "never",
        "retry_at": None,
        "attempts": 2,
        "action": None,
        "suggestion": "`transload retry JOB` reads it again.",
        "evidence": None,
    }
    read = Fault("input.corrupt", "broken", stage="fetch", item="a.jpg", attempts=2)
    assert Fault.from_dict(stored) == Fault.from_dict(
        read.as_dict() | {"suggestion": stored["suggestion"]}
    )
