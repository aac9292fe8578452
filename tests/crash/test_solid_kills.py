"""Kills at random moments while a solid 7z is sent: nothing lost, nothing twice, no decoder left."""

import contextlib
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import inputs
from tests.archives.makers import noise
from tests.archives.makers_7z import make_by_7zz
from tests.crash.scene import LIMIT_S, Scene
from tests.process_table import left_on, working_on

pytestmark = [pytest.mark.kills, pytest.mark.timeout(300)]

KILLS = 20
RUNS_MAX = 30  # of one job: more would mean that it does not move
GONE_S = 4.0
PHOTO_BYTES = 150_000  # all together more than a pipe holds: 7zz waits in it for the job


def solid(folder: Path) -> Path:
    """A 7z of one block: 40 photos, two clips and two pictures that must be converted, a broken one, junk."""
    tree = {f"trip/IMG_{n:03d}.jpg": inputs.photo(n) + noise(PHOTO_BYTES, n) for n in range(40)}
    for n in range(2):
        tree[f"trip/IMG_{10 * n:03d}.avi"] = inputs.clip(folder / f"{n}.avi", n).read_bytes()
        tree[f"trip/IMG_{10 * n + 5:03d}.tif"] = inputs.photo(100 + n, kind="TIFF")
    tree["trip/IMG_020.png"] = inputs.photo(999, kind="PNG")[:60]
    tree["trip/notes.txt"] = b"not media"
    return make_by_7zz(folder / "solid.7z", tree, "-ms=on", "-mqs=off", "-mx=1")


def until_decoding(process: subprocess.Popen[bytes], source: Path) -> None:
    """Come back once 7zz has been started on the source, or the process has ended."""
    while process.poll() is None and not working_on(source) - {process.pid}:
        pass


def test_random_kills_in_a_solid_7z_lose_and_double_nothing(tmp_path: Path) -> None:
    source = solid(tmp_path)
    calm = Scene(source, tmp_path / "calm")
    began = time.monotonic()
    assert calm.run() == 3  # one picture is broken
    whole_s = time.monotonic() - began
    calm.whole = set(calm.delivered().values())
    assert len(calm.delivered()) == 44
    rng, kills, jobs, inside, decoding = random.Random(73), 0, 0, 0, 0
    while kills < KILLS:
        scene = Scene(source, tmp_path / f"job{jobs}")
        jobs += 1
        for run in range(RUNS_MAX):
            process = scene.start()
            if kills % 2:
                until_decoding(process, source)
            # It was measured while the machine may have had less to do.
            longest = 0.3 if kills % 2 else (0.8 + run / 10) * whole_s
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0, longest) if kills < KILLS else LIMIT_S)
            if process.poll() is not None:
                break
            decoders = working_on(source) - {process.pid}
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert left_on(source, GONE_S) == set()
            kills += 1
            inside += 0 < len(scene.delivered()) < 44
            decoding += bool(decoders)
            assert scene.faults_now(calm) == []
        assert process.returncode == 3
        assert scene.faults_at_the_end(calm) == []
        assert working_on(source) == set()
    assert inside >= KILLS // 5, "too few kills fell inside the work"
    assert decoding >= KILLS // 5, "too few kills fell while 7zz ran"
