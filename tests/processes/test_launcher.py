"""The launcher's limits, seen from inside the program it becomes."""

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.process_table import left_after
from transload.processes.launcher import IOPRIO_IDLE, IOPRIO_SET, NICE_ENCODER, launcher_args

TELL = (
    "import json,os,resource as r;"
    "print(json.dumps([r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CORE)[0], os.nice(0)]))"
)


def launched(words: list[str]) -> str:
    """What a Python program under the launcher tells."""
    program = [*words, sys.executable, "-c", TELL]
    return subprocess.run(program, capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.mark.skipif(platform.machine() not in IOPRIO_SET, reason="no system call known here")
@pytest.mark.parametrize(("nice", "idle"), [(0, False), (NICE_ENCODER, True)])
def test_an_encoder_reads_and_writes_when_nothing_else_does(nice: int, idle: bool) -> None:
    get = IOPRIO_SET[platform.machine()] + 1  # ioprio_get follows ioprio_set
    tell = f"import ctypes; print(ctypes.CDLL(None).syscall({get}, 1, 0))"
    program = [*launcher_args(1 << 30, nice), sys.executable, "-c", tell]
    told = subprocess.run(program, capture_output=True, text=True, check=True, timeout=20).stdout
    assert (int(told) == IOPRIO_IDLE) is idle


@pytest.mark.parametrize("nice", [0, NICE_ENCODER])
def test_limits_are_those_asked_for(nice: int) -> None:
    memory, core, became = json.loads(launched(launcher_args(1 << 30, nice)))
    assert (memory, core) == (1 << 30, 0)
    assert became >= nice


def test_nothing_is_started_for_a_parent_that_is_gone() -> None:
    words = launcher_args(1 << 30, 0)
    words[4] = str(os.getpid() + 1)
    assert launched(words) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for this")
def test_it_dies_with_the_program_that_started_it() -> None:
    starts = (
        "import subprocess, sys, time; child = subprocess.Popen(sys.argv[1:]);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    child = "import sys, time; print('runs', flush=True); time.sleep(60)"
    # The launcher asks who its parent is: that is the program in between.
    between = "import sys; from transload.processes.launcher import launcher_args; sys.argv[1:1] = "
    between += f"launcher_args(1 << 30, 0); {starts}"
    words = [sys.executable, "-c", between, sys.executable, "-c", child]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = {process.stdout.readline().strip() for _ in range(2)}
        (pid,) = (int(line) for line in told - {"runs"})
        process.kill()
    assert left_after({pid}, 5) == set()
