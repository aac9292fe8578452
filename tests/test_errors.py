"""What a class says of its kind is complete, and the kinds are those of the contract."""

import errno
from collections.abc import Iterator

import pytest

from transload import errors, report
from transload.errors import KINDS, LOCKED, TransloadError, fetch_error, is_disk_full
from transload.faults import Fault
from transload.json_codec import from_json, to_json

FIELDS = {
    "type", "kind", "title", "detail", "status", "stage", "item", "platform", "retryable", "retry_at",
    "attempts", "action", "suggestion", "evidence",
}  # fmt: skip
CLOSED = {
    "input": "invalid_url unsupported blocked_address password_needed wrong_password corrupt truncated missing_volume"
    " limit not_media usage setting not_found unreadable",
    "source": "rate_limited login_required not_found forbidden server_error",
    "net": "dns connect reset timeout tls truncated",
    "tool": "ffmpeg sevenzip memory",
    "convert": "failed stalled unverified",
    "dest": "auth denied rate_limited rejected too_big unreachable",
    "store": "disk_full io",
    "job": "cancelled stuck lost_lease busy unknown",
    "internal": "bug",
}
"""Those of the contract (section 3) that can happen so far."""


def classes(base: type[TransloadError] = TransloadError) -> Iterator[type[TransloadError]]:
    for cls in base.__subclasses__():
        yield cls
        yield from classes(cls)


CONCRETE = [cls for cls in classes() if hasattr(cls, "kind")]


def test_the_list_is_closed() -> None:
    assert KINDS.keys() == {
        f"{room}.{name}" for room, names in CLOSED.items() for name in names.split()
    }
    assert {cls.kind.word for cls in CONCRETE} == KINDS.keys()


def test_a_kind_is_said_once() -> None:
    assert all(cls.kind is KINDS[cls.kind.word] for cls in CONCRETE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_complete(kind: str) -> None:
    info = KINDS[kind]
    assert info.word == kind
    assert info.title
    assert 400 <= info.status < 600


@pytest.mark.parametrize("cls", CONCRETE)
def test_an_error_tells_what_happened_and_what_to_do(cls: type[TransloadError]) -> None:
    error = cls(item="in/photo.jpg", stage="fetch")
    told = report.error(error.fault())
    assert told.keys() == FIELDS
    assert told["type"] == f"/errors/{cls.kind.word}"
    assert told["detail"] == (cls.__doc__ or "").strip()
    assert told["title"]
    assert told["suggestion"]
    assert error.exit_status == cls.kind.exit_status
    assert report.error(from_json(Fault, to_json(error.fault()))) == told


def test_what_a_password_opens_is_asked_for_by_its_kind() -> None:
    assert {KINDS[word].retryable for word in LOCKED} == {"credentials"}


def test_the_families_are_told_apart_by_type() -> None:
    assert issubclass(errors.DiskFullError, errors.TransientError)
    assert issubclass(errors.CorruptError, errors.PermanentError)
    assert all(issubclass(cls, errors.TransientError | errors.PermanentError) for cls in CONCRETE)


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    assert {info.exit_status for info in KINDS.values()} == {1, 2, 4, 5, 6}


@pytest.mark.parametrize(
    ("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)]
)
def test_a_full_disk_is_told_from_other_failures(number: int, full: bool) -> None:
    assert is_disk_full(OSError(number, "")) is full


def test_a_fetch_that_cannot_be_written_names_what_was_done_or_where() -> None:
    full = fetch_error(OSError(errno.ENOSPC, "full"), "a film is fetched")
    assert (full.kind.word, full.detail) == (
        "store.disk_full",
        "the disk is full while a film is fetched",
    )
    other = fetch_error(OSError(errno.EIO, "broken"), "a film is fetched", "/data")
    assert str(other) == "/data cannot be written (broken)"
    assert full.stage == other.stage == "fetch"
