"""The launcher's limits, seen from inside the program it becomes."""

import json
import os
import subprocess
import sys

import pytest

from transload.guard import NICE_ENCODER, guarded

TELL = (
    "import json,os,resource as r;"
    "print(json.dumps([r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CORE)[0], os.nice(0)]))"
)


def launched(words: list[str]) -> str:
    """What a Python program under the launcher tells."""
    program = [*words, sys.executable, "-c", TELL]
    return subprocess.run(program, capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.parametrize("nice", [0, NICE_ENCODER])
def test_limits_are_those_asked_for(nice: int) -> None:
    memory, core, became = json.loads(launched(guarded(1 << 30, nice)))
    assert (memory, core) == (1 << 30, 0)
    assert became >= nice


def test_nothing_is_started_for_a_parent_that_is_gone() -> None:
    words = guarded(1 << 30, 0)
    words[4] = str(os.getpid() + 1)
    assert launched(words) == ""
