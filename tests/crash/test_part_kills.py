"""Kills while a long video is made in parts: the result is the uninterrupted one, no finished part is made again."""

import contextlib
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.crash.scene import LIMIT_S, Scene
from tests.films import film

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]

KILLS = 12
RUNS_MAX = 20


@pytest.mark.parametrize("name", ["asp.avi", "interlaced.ts"])
def test_kills_while_a_film_is_made_in_parts_change_nothing(tmp_path: Path, name: str) -> None:
    source = film(tmp_path / name, seconds=45)
    calm = Scene(source, tmp_path / "calm")
    assert calm.run() == 0
    rng, kills, taken_over = random.Random(11), 0, 0
    while kills < KILLS // 2:
        scene = Scene(source, tmp_path / f"job{kills}")
        for _ in range(RUNS_MAX):
            before = parts_of(scene)
            process = scene.start()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(1.5, 5.0) if kills < KILLS // 2 else LIMIT_S)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            after = parts_of(scene)
            assert before.items() <= after.items() or scene.delivered(), "a part was made again"
            taken_over += bool(after)
        assert process.returncode == 0
        assert scene.faults_at_the_end(calm) == []
        assert scene.delivered() == calm.delivered()
        assert parts_of(scene) == {}
    assert taken_over, "no kill fell behind a part"


def parts_of(scene: Scene) -> dict[str, int]:
    """Finished parts in the data folder, with the time their files were last written."""
    return {
        path.name: path.stat().st_mtime_ns
        for path in (scene.data / "parts").rglob("*")
        if path.is_file() and path.suffix != ".part"
    }
