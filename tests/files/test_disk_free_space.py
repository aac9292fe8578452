"""The reserve of a disk, and what is told where it would be touched."""

import shutil
from pathlib import Path

import pytest

from transload.errors import DiskFullError, NeverFitsError
from transload.files.disk import SLACK_BYTES, check_room, free_bytes, has_room, reserve_of
from transload.units import MIB


def test_the_reserve_is_at_most_a_tenth_of_the_disk(tmp_path: Path) -> None:
    total = shutil.disk_usage(tmp_path).total
    assert reserve_of(tmp_path, 1 << 62) == total // 10
    assert reserve_of(tmp_path, 5) == 5


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    usage = shutil.disk_usage(tmp_path)._replace(total=10_000 * MIB, free=150 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    return tmp_path


def test_what_is_only_kept_leaves_room_for_a_job(disk: Path) -> None:
    reserve = free_bytes(disk) - SLACK_BYTES
    assert has_room(disk, reserve)
    assert not has_room(disk, reserve + 1)


def test_bytes_above_the_reserve_may_be_written(disk: Path) -> None:
    check_room(disk, 50 * MIB, 100 * MIB, "a film")
    with pytest.raises(
        DiskFullError, match=r"a film, 150.0 MiB free, of which 100.0 MiB stay free"
    ):
        check_room(disk, 50 * MIB + 1, 100 * MIB, "a film")
    with pytest.raises(NeverFitsError, match=r"a film, the whole disk has 10000.0 MiB"):
        check_room(disk, 9_901 * MIB, 100 * MIB, "a film")
