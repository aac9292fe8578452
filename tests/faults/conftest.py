"""A desk for the tests of faults: everything the program may use lies in one folder, so what it leaves is seen."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.desk import Desk
from tests.inputs import clip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The program in a folder of its own; afterwards nothing may have been left behind."""
    desk = Desk(tmp_path)
    yield desk
    assert desk.children() == []
    assert desk.left_behind() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB; gone after the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def clip_mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip that plays everywhere as it is."""
    words = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart")
    return clip(tmp_path_factory.mktemp("clip") / "c.mp4", words=words).read_bytes()
