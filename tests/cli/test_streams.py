"""What is said where nobody listens."""

import os
from pathlib import Path

from transload.cli.streams import say


def test_words_arrive() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as heard, os.fdopen(writing, "w") as out:
        say("one", out)
        say("two", out, end="")
        out.close()
        assert heard.read() == "one\ntwo"


def test_a_closed_pipe_stops_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as out:
        say("one", out)
        say("two", out)
        assert os.fstat(out.fileno()).st_rdev == Path(os.devnull).stat().st_rdev
