"""A fault of ours in one archive: told as its own, with the traceback in the log, and the rest goes on."""

import io
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import BinaryIO, cast

import pytest

from transload.archives.fault_isolation import FaultIsolatingReader, Watch, opened
from transload.entry import Entry, Limits, Listing, ReadReport
from transload.errors import BugError, CorruptError
from transload.ports import Want

NAMES = ("a", "b", "c")


class Crashing:
    """Three entries; it crashes in the body, or before the entry, of a name; or in its listing."""

    listed = True

    def __init__(self, where: str, name: str = "b") -> None:
        self._where, self._name = where, name
        self.closed = 0

    def listing(self) -> Listing:
        if self._where == "listing":
            raise KeyError(self._name)
        return Listing("odd", len(NAMES), None)

    def entries(self) -> Iterator[Entry]:
        for index, name in enumerate(NAMES):
            if self._where == "entries" and name == self._name:
                raise ValueError(name)
            yield Entry(index, name, name.encode(), None)

    def cost_to(self, index: int) -> int:
        return 1 // (self._where != "cost") + index

    def stream(self, want: Want, start: int, limits: Limits) -> Iterator[tuple[Entry, BinaryIO]]:
        for entry in self.entries():
            if entry.index < start or not want(entry):
                continue
            if self._where == "stream" and entry.name == self._name:
                raise ZeroDivisionError
            crashes = self._where == "body" and entry.name == self._name
            body = _Closed(b"xxx") if crashes else io.BytesIO(b"yyy"[: limits.max_entries])
            yield entry, cast("BinaryIO", body)

    def finish(self) -> ReadReport:
        return ReadReport(7)

    def close(self) -> None:
        self.closed += 1


class _Closed(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        self.close()
        return super().read(size)


def _read(reader: FaultIsolatingReader) -> dict[str, bytes | BugError]:
    found: dict[str, bytes | BugError] = {}
    for entry, body in reader.stream(lambda _entry: True, 0, Limits()):
        try:
            found[entry.name] = body.read(10)
        except BugError as error:
            found[entry.name] = error
            with pytest.raises(BugError):
                body.read(10)
    return found


def test_a_crash_in_a_body_costs_that_entry(caplog: pytest.LogCaptureFixture) -> None:
    reader = FaultIsolatingReader("trip.zip", Crashing("body"))
    found = _read(reader)
    assert found["a"] == found["c"] == b"yyy"
    assert isinstance(found["b"], BugError)
    assert "ValueError" in (found["b"].evidence or "")
    assert reader.finish() == ReadReport(7)
    (told,) = caplog.records
    assert told.levelno == logging.ERROR
    assert told.exc_info is not None


@pytest.mark.parametrize("where", ["stream", "entries"])
def test_a_crash_between_entries_ends_the_reading_and_is_the_archives(where: str) -> None:
    reader = FaultIsolatingReader("trip.zip", Crashing(where))
    assert _read(reader) == {"a": b"yyy"}
    fault = reader.finish().fault
    assert fault is not None
    assert (fault.kind, "trip.zip" in fault.detail) == ("internal.bug", True)
    assert len(list(reader.entries())) == (1 if where == "entries" else 3)


def test_a_crash_in_what_is_asked_for_is_told_too() -> None:
    with pytest.raises(BugError):
        FaultIsolatingReader("trip.zip", Crashing("listing")).listing()
    with pytest.raises(BugError):
        FaultIsolatingReader("trip.zip", Crashing("cost")).cost_to(1)
    assert FaultIsolatingReader("trip.zip", Crashing("")).cost_to(1) == 2


def test_what_the_caller_raises_goes_through_unchanged() -> None:
    def want(entry: Entry) -> bool:
        raise KeyError(entry.name)

    reader = FaultIsolatingReader("trip.zip", Crashing(""))
    with pytest.raises(KeyError):
        next(reader.stream(want, 0, Limits()))
    assert reader.finish().fault is None


@pytest.mark.parametrize("error", [CorruptError("it is damaged"), CancelledError()])
def test_foreseen_errors_and_a_cancelled_job_are_no_bugs(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(type(error)), Watch("trip.zip"):
        raise error
    assert not caplog.records


def test_a_crash_on_opening() -> None:
    def open_it() -> Crashing:
        raise IndexError("nothing there")

    with pytest.raises(BugError) as caught:
        opened("trip.zip", open_it)
    assert "IndexError" in (caught.value.evidence or "")
    own = Crashing("")
    opened("trip.zip", lambda: own).close()
    assert own.closed == 1
