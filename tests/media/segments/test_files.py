"""Files of segments: read while they grow, copied durably or refused by a class of our own."""

import hashlib
from pathlib import Path

import pytest

from transload.errors import ConvertError, DiskFullError
from transload.media.segments.files import (
    TAIL_BYTES,
    copy_durably,
    size_of,
    sweep,
    tail_of,
    text_of,
)


def test_a_copy_is_told_by_size_and_hash_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    rough, final = tmp_path / "a.part", tmp_path / "a"
    rough.write_bytes(b"pictures")
    assert copy_durably(rough, final) == (8, hashlib.sha256(b"pictures").hexdigest())
    assert final.read_bytes() == b"pictures"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.part"]


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"pictures")
    (tmp_path / "a.copy.part").symlink_to("/dev/full")
    with pytest.raises(DiskFullError) as told:
        copy_durably(tmp_path / "a.part", tmp_path / "a")
    assert told.value.stage == "convert"


def test_what_else_keeps_a_copy_away_is_a_failed_conversion(tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"pictures")
    (tmp_path / "a").mkdir()
    with pytest.raises(ConvertError, match="a segment cannot be kept"):
        copy_durably(tmp_path / "a.part", tmp_path / "a")


def test_what_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "hashes.part"
    assert (size_of(path), tail_of(path), text_of(path)) == (0, "", "")


def test_a_growing_text_is_read_whole_or_by_its_end(tmp_path: Path) -> None:
    path, text = tmp_path / "hashes.part", "0123456789" * TAIL_BYTES
    path.write_text(text)
    assert (size_of(path), text_of(path)) == (len(text), text)
    assert tail_of(path) == text[-TAIL_BYTES:]


def test_a_sweep_takes_temporaries_only(tmp_path: Path) -> None:
    for name in ("00000.nut", "00001.nut.part", "hashes.part"):
        (tmp_path / name).write_bytes(b"x")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["00000.nut"]
