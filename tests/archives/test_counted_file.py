from pathlib import Path

import pytest

from transload.archives.counted_file import CountedFile
from transload.errors import UnreadableError


def test_only_what_is_read_counts(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    file = CountedFile(tmp_path / "a")
    assert file.size == 10
    assert file.read_at(7, 10) == b"789"
    assert file.read_at(2, 3) == b"234"
    assert file.read_at(10, 3) == b""
    assert file.read_at(-1, 3) == b""
    assert file.read_at(1 << 70, 3) == b""
    assert file.taken == 6
    file.close()


def test_missing_closed_and_folder_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="gone"):
        CountedFile(tmp_path / "gone")
    with pytest.raises(UnreadableError):
        CountedFile(tmp_path)
    (tmp_path / "a").write_bytes(b"x")
    file = CountedFile(tmp_path / "a")
    file.close()
    file.close()
    with pytest.raises(UnreadableError, match="closed"):
        file.read(1)
