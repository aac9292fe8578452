"""Kills while a long video is encoded in segments: the same result, and no finished segment is made again."""

import contextlib
import random
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.crash.scene import LIMIT_S, Scene
from tests.films import film

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]

KILLS = 12
RUNS_MAX = 20


@pytest.mark.parametrize("name", ["asp.avi", "interlaced.ts"])
def test_kills_while_a_film_is_made_in_segments_change_nothing(tmp_path: Path, name: str) -> None:
    source = film(tmp_path / name, seconds=60, size="480x270")
    calm = Scene(source, tmp_path / "calm")
    assert calm.run() == 0
    rng, kills, taken_over = random.Random(11), 0, 0
    while kills < KILLS // 2:
        scene = Scene(source, tmp_path / f"job{kills}")
        for _ in range(RUNS_MAX):
            before = segments_of(scene) if scene.data.exists() else {}
            process = scene.start()
            if kills < KILLS // 2:
                until_a_segment_more(scene, process, len(before), rng.uniform(0, 0.6))
            else:
                process.wait(LIMIT_S)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            after = segments_of(scene)
            assert before.items() <= after.items() or scene.delivered(), "a segment was made again"
            taken_over += bool(after)
        assert process.returncode == 0
        assert scene.faults_at_the_end(calm) == []
        assert scene.delivered() == calm.delivered()
        assert segments_of(scene) == {}
    assert taken_over, "no kill fell behind a segment"


def until_a_segment_more(
    scene: Scene, process: subprocess.Popen[bytes], before: int, more_s: float
) -> None:
    """Return a moment after the next segment is finished, or at the end of the command."""
    timeout = 0.02
    while not (scene.data / "ledger.db").exists() or len(segments_of(scene)) <= before:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
            return
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(more_s)


def segments_of(scene: Scene) -> dict[int, int]:
    """Finished segments by number, with the time they were made; a file whose row was not written yet is none."""
    with contextlib.closing(sqlite3.connect(scene.data / "ledger.db")) as ledger:
        try:
            return dict(ledger.execute("SELECT n, made_ms FROM segments"))
        except sqlite3.OperationalError:  # before the tables are made
            return {}
