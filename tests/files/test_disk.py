"""What is written gets its name only when its bytes are on the disk. (That they are: tests/crash/test_power_cut.py)"""

import errno
import os
from pathlib import Path

import pytest

from transload.files.disk import name_durably, sync_file, sync_folder, sync_written


def test_a_file_gets_its_name_and_loses_the_other(tmp_path: Path) -> None:
    with (tmp_path / "a.part").open("wb") as file:
        file.write(b"bytes")
        sync_written(file)
        assert (tmp_path / "a.part").stat().st_size == 5
    sync_file(tmp_path / "a.part")
    name_durably(tmp_path / "a.part", tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_not_there_cannot_be_made_durable(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_file(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_without_fsync_is_as_durable_as_it_gets(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    if number == errno.EINVAL:
        sync_folder(tmp_path)
    else:
        with pytest.raises(OSError, match="Input/output"):
            sync_folder(tmp_path)
