from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise
from transload.archives.blob import CountedFile
from transload.archives.sniff import Trailing, after_end


def _after(path: Path, tail: bytes) -> Trailing:
    path.write_bytes(b"archive" + tail)
    return after_end(CountedFile(path), 7)


@pytest.mark.parametrize("tail", [b"", bytes(3), bytes(200_000)])
def test_nothing_and_padding_are_not_worth_a_word(tmp_path: Path, tail: bytes) -> None:
    assert _after(tmp_path / "a", tail) == Trailing()


@pytest.mark.parametrize("lead", [0, 10_240, 65_536])
def test_other_bytes_are_a_warning_another_archive_a_fault(tmp_path: Path, lead: int) -> None:
    words = _after(tmp_path / "a", bytes(lead) + b"signature of a photo frame")
    assert words.fault is None
    assert "26 bytes follow the end" in words.warning
    more = make_zip(tmp_path / "b", {"1.jpg": noise(100)}).read_bytes()
    found = _after(tmp_path / "a", bytes(lead) + more)
    assert found.fault is not None
    assert found.fault.kind == "input.unsupported"
    assert "another archive (zip)" in found.fault.detail


def test_an_end_beyond_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"cut")
    assert after_end(CountedFile(path), 100) == Trailing()
