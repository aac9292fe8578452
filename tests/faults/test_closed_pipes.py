"""Nobody reads what the program says: `transload send … | head`, a terminal that was closed."""

from pathlib import Path

import pytest

from tests.faults.desk import LIMIT_S, Desk
from tests.inputs import packed, photo


def _ended(desk: Desk, streams: str, buffered: str, *words: str | Path) -> int:
    """The exit status of a command whose readers went away at once."""
    with desk.start(*words, PYTHONUNBUFFERED="" if buffered == "buffered" else "1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        if streams == "both":
            process.stderr.close()
        status = process.wait(LIMIT_S)
        said = "" if streams == "both" else process.stderr.read()
    assert "Exception ignored" not in said
    assert "Traceback" not in said
    return status


@pytest.mark.parametrize("buffered", ["buffered", "unbuffered"])
@pytest.mark.parametrize("streams", ["output", "both"])
def test_a_job_goes_on_when_nobody_listens(desk: Desk, streams: str, buffered: str) -> None:
    good = {f"{n:02}.jpg": photo(n) for n in range(12)}
    source = packed(desk.inputs / "trip.zip", {**good, "broken.jpg": photo(99)[:200]})
    words = ("send", source, "--to", f"library:{desk.library}")
    assert _ended(desk, streams, buffered, *words) == 3
    assert len(desk.delivered()) == len(good)
    assert _ended(desk, streams, buffered, *words, "--again", "--json") == 3


@pytest.mark.parametrize("buffered", ["buffered", "unbuffered"])
@pytest.mark.parametrize("streams", ["output", "both"])
def test_errors_keep_their_status(desk: Desk, streams: str, buffered: str) -> None:
    nothing = desk.inputs / "nothing.zip"
    assert _ended(desk, streams, buffered, "list", nothing) == 2
    assert _ended(desk, streams, buffered, "list", nothing, "--json") == 2


@pytest.mark.parametrize("buffered", ["buffered", "unbuffered"])
def test_a_listing_ends_where_nobody_reads_on(desk: Desk, buffered: str) -> None:
    source = packed(desk.inputs / "trip.zip", {f"{n}.jpg": b"" for n in range(5000)})
    assert _ended(desk, "both", buffered, "list", source) == 0
