"""The report's JSON, field by field."""

from dataclasses import replace

from transload import report
from transload.errors import CorruptError, Wait
from transload.faults import Fault
from transload.model import (
    Item,
    ItemKind,
    ItemRecord,
    ItemState,
    Job,
    JobState,
    Output,
    Recipe,
    Totals,
    Verdict,
)

JOB = Job(
    "01J",
    "/a.zip",
    "library:/out",
    Recipe.TELEGRAM,
    "a",
    JobState.SUCCEEDED,
    started_ms=0,
    finished_ms=1234,
)


def test_the_head_has_every_field_of_the_contract() -> None:
    head = report.head(JOB, Totals(entries=1, sent=1))
    assert head["schema"] == 1
    assert (head["job"], head["state"], head["recipe"]) == ("01J", "succeeded", "telegram")
    assert head["started_at"] == "1970-01-01T00:00:00.000Z"
    assert head["finished_at"] == "1970-01-01T00:00:01.234Z"
    assert head["totals"]["sent"] == 1
    assert head["error"] is None
    assert head["warnings"] == []


def test_the_source_is_told_without_its_login_and_keys() -> None:
    job = replace(JOB, source="https://me:secret@host/a.zip?signature=x")
    assert report.head(job, Totals())["source"] == "https://host/a.zip?***"


def test_a_wait_is_told_with_its_scope_its_end_and_its_reason() -> None:
    busy = Fault("dest.rate_limited", "too fast")
    waiting = replace(JOB, state=JobState.WAITING, fault=busy, wait_until_ms=5)
    held_by = Wait("host://me:secret@nas", 1_000, 1.0, busy)
    head = report.head(waiting, Totals(), held_by)
    assert head["error"]["retry_at"] == "1970-01-01T00:00:00.005Z"
    assert (head["wait"]["scope"], head["wait"]["until"]) == (
        "host://nas",
        "1970-01-01T00:00:01.000Z",
    )
    told = head["wait"]["error"]
    assert (told["kind"], told["detail"], told["retry_at"]) == (
        "dest.rate_limited",
        "too fast",
        "1970-01-01T00:00:01.000Z",
    )
    assert report.head(waiting, Totals())["wait"] is None


def test_an_empty_source_is_a_warning_not_an_error() -> None:
    assert "empty" in report.head(JOB, Totals())["warnings"][0]


def test_an_item_tells_its_hashes_deliveries_and_time() -> None:
    item = Item(
        5, "01J", 3, "in/ü.jpg", 9, ItemState.SENT, ItemKind.PHOTO, Verdict.AS_IS, "a photo",
        crc32=0xAB, sha256="ff", album=2, sent_ms=1_700_000_000_123,
    )  # fmt: skip
    told = report.item(ItemRecord(item, (Output("a/ü.jpg", 9, "ff"),)))
    assert told == {
        "index": 3, "name": "in/ü.jpg", "size": 9, "crc32": "000000AB", "sha256": "ff", "kind": "photo",
        "verdict": "as_is", "why": "a photo", "state": "sent", "partial": False, "recovered": False, "error": None,
        "album": 2, "outputs": [{"path": "a/ü.jpg", "bytes": 9, "sha256": "ff"}],
        "sent_at": "2023-11-14T22:13:20.123Z",
    }  # fmt: skip


def test_an_unfinished_item_is_pending_with_its_error() -> None:
    item = Item(5, "01J", 3, "a", None, ItemState.REFUSED, fault=CorruptError("x").fault())
    told = report.item(ItemRecord(item, ()))
    assert (told["state"], told["sent_at"], told["crc32"]) == ("pending", None, None)
    assert told["error"]["kind"] == "input.corrupt"
