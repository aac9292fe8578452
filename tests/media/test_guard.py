"""The launcher's limits, seen from inside the program it becomes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import transload.media.guard

GUARD = str(Path(transload.media.guard.__file__))
TELL = (
    "import json,os,resource as r;"
    "print(json.dumps([r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CORE)[0], os.nice(0)]))"
)


def launched(parent: int) -> str:
    """What a Python program under the launcher tells."""
    words = [
        sys.executable,
        "-I",
        "-S",
        GUARD,
        str(parent),
        str(1 << 30),
        sys.executable,
        "-c",
        TELL,
    ]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout


def test_limits_are_those_asked_for() -> None:
    memory, core, nice = json.loads(launched(os.getpid()))
    assert (memory, core) == (1 << 30, 0)
    assert nice >= 15


def test_nothing_is_started_for_a_parent_that_is_gone() -> None:
    assert launched(os.getpid() + 1) == ""
