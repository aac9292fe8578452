"""Fifty kills at random moments over jobs of 60 files with 5 conversions."""

import contextlib
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import inputs
from tests.crash.scene import LIMIT_S, Scene

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

KILLS = 50
RUNS_MAX = 30  # of one job: more would mean that it does not move


def test_fifty_random_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    source = inputs.mixed(tmp_path, photos=55, clips=5)
    calm = Scene(source, tmp_path / "calm")
    began = time.monotonic()
    assert calm.run() == 3
    whole_s = time.monotonic() - began
    assert len(calm.delivered()) == 60
    rng, kills, jobs, inside = random.Random(60), 0, 0, 0
    while kills < KILLS:
        scene = Scene(source, tmp_path / f"job{jobs}")
        jobs += 1
        for run in range(RUNS_MAX):
            process = scene.start()
            # Later in each run: it was measured while the machine may have had less to do than it has now.
            longest = (0.8 + run / 10) * whole_s
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0.3, longest) if kills < KILLS else LIMIT_S)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            inside += 0 < len(scene.delivered()) < 60
        assert process.returncode == 3
        assert scene.faults_at_the_end(calm) == []
    assert inside >= KILLS // 4, "too few kills fell inside the work"
