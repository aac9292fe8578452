"""Sums of a file, whole and piece by piece."""

import hashlib
import zlib
from pathlib import Path

import pytest

from transload.sums import Fingerprint, fingerprint_of, sha256_of
from transload.units import CHUNK_BYTES

CONTENT = b"picture" * (CHUNK_BYTES // 3)


def test_a_fingerprint_is_size_and_sums(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    found = fingerprint_of(tmp_path / "a")
    assert (found.size_bytes, found.crc32) == (len(CONTENT), zlib.crc32(CONTENT))
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest() == sha256_of(tmp_path / "a")


def test_nothing_has_the_sums_of_nothing() -> None:
    none = Fingerprint()
    assert (none.size_bytes, none.crc32) == (0, 0)
    assert none.sha256 == hashlib.sha256().hexdigest()


def test_a_cancel_is_heeded_between_the_pieces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)

    def cancelled() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        sha256_of(tmp_path / "a", cancelled)
