"""The error about a file is no other error."""

from pathlib import Path

import pytest

from transload.media.damage import DamagedError
from transload.media.photos.photo import JpegTarget, shrink


def test_a_missing_file_is_not_called_damaged(tmp_path: Path) -> None:
    shape = JpegTarget(side=None, quality=87)
    with pytest.raises(FileNotFoundError):
        shrink(tmp_path / "none", "jpeg", shape, tmp_path / "o.jpg")
    (tmp_path / "bad").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DamagedError) as caught:
        shrink(tmp_path / "bad", "jpeg", shape, tmp_path / "o.jpg")
    assert str(tmp_path) not in str(caught.value)
