"""A fault survives its row, whichever version wrote it."""

from dataclasses import replace

from transload.faults import Fault, NextStep, Step
from transload.json_codec import JsonObject, from_json, to_json


def test_a_fault_survives_its_row() -> None:
    fault = Fault("input.corrupt", "broken", item="a", evidence="x", suggestion="do")
    assert from_json(Fault, to_json(fault)) == fault


def test_a_step_survives_its_row() -> None:
    fault = Fault("net.dns", "no", suggestion=Step(NextStep.CHECK_DISK, "/data"))
    assert to_json(fault)["suggestion"] == {"code": "check_disk", "about": "/data"}
    assert from_json(Fault, to_json(fault)) == fault


def test_the_row_of_an_earlier_version_is_read() -> None:
    stored: JsonObject = {
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
    again = replace(read, suggestion="`transload retry JOB` reads it again.")
    assert from_json(Fault, stored) == again
