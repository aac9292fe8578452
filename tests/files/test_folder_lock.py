"""One holder for a data folder."""

import subprocess
import sys
from pathlib import Path

from transload.files.folder_lock import FolderLock

HOLD = """
import sys
from pathlib import Path
from transload.files.folder_lock import FolderLock
print(FolderLock(Path(sys.argv[1])).acquire(), flush=True)
sys.stdin.read()
"""


def test_a_second_lock_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    second.release()


def test_the_kernel_lets_go_for_a_killed_holder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"True\n"
    lock = FolderLock(tmp_path / "lock")
    assert not lock.acquire()
    holder.kill()
    holder.wait()
    assert lock.acquire()
    lock.release()
    holder.stdin.close()
    holder.stdout.close()


def test_whether_anybody_has_it_can_be_asked_without_taking_it(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    assert not second.is_held()
    assert first.acquire()
    assert (first.is_held(), second.is_held()) == (True, True)
    first.release()
    assert not second.is_held()
    assert first.acquire()
    first.release()
