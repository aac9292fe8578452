"""Kinds are a closed list; every class carries one; the error object is complete."""

from collections.abc import Iterator

import pytest

from transload import errors
from transload.errors import TransloadError
from transload.kinds import KINDS, Fault

FIELDS = {
    "type", "kind", "title", "detail", "status", "stage", "item", "platform", "retryable", "retry_at",
    "attempts", "action", "suggestion", "evidence",
}  # fmt: skip


def classes(base: type[TransloadError] = TransloadError) -> Iterator[type[TransloadError]]:
    for cls in base.__subclasses__():
        yield cls
        yield from classes(cls)


CONCRETE = [cls for cls in classes() if hasattr(cls, "kind")]


def test_every_kind_has_a_class_and_every_class_a_kind() -> None:
    assert {cls.kind for cls in CONCRETE} == KINDS.keys()


@pytest.mark.parametrize("cls", CONCRETE)
def test_an_error_tells_what_happened_and_what_to_do(cls: type[TransloadError]) -> None:
    error = cls(item="in/photo.jpg", stage="fetch")
    told = error.fault().as_dict()
    assert told.keys() == FIELDS
    assert told["detail"] == (cls.__doc__ or "").strip()
    assert told["title"]
    assert told["suggestion"]
    assert error.exit_status == KINDS[cls.kind].exit_status
    assert Fault.from_dict(told).as_dict() == told


def test_the_families_are_told_apart_by_type() -> None:
    assert issubclass(errors.DiskFullError, errors.TransientError)
    assert issubclass(errors.CorruptError, errors.PermanentError)
    assert all(issubclass(cls, errors.TransientError | errors.PermanentError) for cls in CONCRETE)


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    assert {info.exit_status for info in KINDS.values()} == {1, 2, 4, 5, 6}
