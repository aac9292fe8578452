"""Nobody reads what the program says: `transload send … | head`, or streams closed from the start (`2>&-`)."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.faults.desk import COMMAND, LIMIT_S, Desk
from tests.inputs import packed, photo

PAIRS = [("output", "unbuffered"), ("errors", "buffered"), ("both", "buffered")]


def _ended(desk: Desk, streams: str, buffered: str, *words: str | Path) -> int:
    """The exit status of a command whose readers went away at once."""
    with desk.start(*words, PYTHONUNBUFFERED="" if buffered == "buffered" else "1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if streams in ("output", "both"):
            process.stdout.close()
        if streams in ("errors", "both"):
            process.stderr.close()
        status = process.wait(LIMIT_S)
        said = process.stderr.read() if streams == "output" else ""
    assert "Exception ignored" not in said
    assert "Traceback" not in said
    return status


@pytest.mark.parametrize(("streams", "buffered"), PAIRS)
def test_a_job_goes_on_when_nobody_listens(desk: Desk, streams: str, buffered: str) -> None:
    good = {f"{n:02}.jpg": photo(n) for n in range(12)}
    source = packed(desk.inputs / "trip.zip", {**good, "broken.jpg": photo(99)[:200]})
    words = ("send", source, "--to", f"library:{desk.library}")
    assert _ended(desk, streams, buffered, *words) == 3
    assert len(desk.delivered()) == len(good)
    assert _ended(desk, streams, buffered, *words, "--again", "--json") == 3
    assert _ended(desk, streams, buffered, *words, "--dry-run") == 3


@pytest.mark.parametrize(("streams", "buffered"), PAIRS)
def test_errors_keep_their_status(desk: Desk, streams: str, buffered: str) -> None:
    nothing = desk.inputs / "nothing.zip"
    assert _ended(desk, streams, buffered, "list", nothing) == 2
    assert _ended(desk, streams, buffered, "list", nothing, "--json") == 2
    assert _ended(desk, streams, buffered, "inspect", nothing) == 2


@pytest.mark.parametrize("buffered", ["buffered", "unbuffered"])
def test_a_listing_ends_where_nobody_reads_on(desk: Desk, buffered: str) -> None:
    source = packed(desk.inputs / "trip.zip", {f"{n}.jpg": b"" for n in range(5000)})
    assert _ended(desk, "both", buffered, "list", source) == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed_from_the_start(desk: Desk, closed: str) -> None:
    source = packed(desk.inputs / "trip.zip", {"a.jpg": photo(1), "broken.jpg": photo(2)[:200]})
    words = [*COMMAND, "send", source, "--to", f"library:{desk.library}"]
    line = f"{shlex.join(map(str, words))} {closed}"
    done = subprocess.run(
        ["sh", "-c", line], env=desk.environment({}), check=False, timeout=LIMIT_S
    )
    assert done.returncode == 3
    assert len(desk.delivered()) == 1
