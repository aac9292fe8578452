"""Cabinets read here: what 7zz finds, and more of a damaged one; those of other kinds are left to 7zz."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_old import MTIME_S, cab_bytes
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import CorruptError, LimitError, TransloadError, TruncatedError

TREE = {
    "empty.txt": b"",
    "trip/grüße.jpg": noise(100_000, 1),
    **{f"trip/{n}.jpg": noise(40_000 + n, n) for n in range(2, 9)},
}


def _read(path: Path, data: bytes) -> tuple[dict[str, bytes | TransloadError], str | None]:
    path.write_bytes(data)
    with closing(Archives(Limits()).open(path)) as reader:
        found, fault = outcomes(reader), reader.finish().fault
        assert all(one == TREE[name] for name, one in found.items() if isinstance(one, bytes))
        return found, fault.kind if fault else None


@pytest.mark.parametrize("packed", [False, True])
def test_a_whole_one(tmp_path: Path, packed: bool) -> None:
    assert _read(tmp_path / "a.cab", cab_bytes(TREE, packed=packed)) == (TREE, None)
    with closing(Archives(Limits()).open(tmp_path / "a.cab")) as reader:
        entries = list(reader.entries())
        assert {entry.mtime_ms for entry in entries} == {MTIME_S * 1000}
        assert [entry.block for entry in entries] == [0 if packed else None] * len(TREE)
        assert reader.cost_to(2) == (100_000 if packed else 0)
        assert reader.listing().size_bytes == sum(map(len, TREE.values()))


@pytest.mark.parametrize("packed", [False, True])
def test_one_bit_costs_what_lies_in_its_block(tmp_path: Path, packed: bool) -> None:
    data = bytearray(cab_bytes(TREE, packed=packed))
    for at in range(1000, len(data), 37_001):
        data[at] ^= 16
        found, _fault = _read(tmp_path / "a.cab", bytes(data))
        data[at] ^= 16
        lost = [one for one in found.values() if not isinstance(one, bytes)]
        assert 1 <= len(lost) <= 3
        assert all(isinstance(one, CorruptError) for one in lost)


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_one_gives_what_is_whole(tmp_path: Path, packed: bool) -> None:
    data = cab_bytes(TREE, packed=packed)
    found, fault = _read(tmp_path / "a.cab", data[: len(data) * 6 // 10])
    assert fault == "input.truncated"
    assert sum(isinstance(one, bytes) for one in found.values()) >= 4
    assert any(isinstance(one, CorruptError | TruncatedError) for one in found.values())


def test_a_size_in_the_directory_that_cannot_be_right(tmp_path: Path) -> None:
    data = bytearray(cab_bytes(TREE))
    at = data.index(b"trip\\3.jpg") - 16
    data[at] ^= 4
    found, fault = _read(tmp_path / "a.cab", bytes(data))
    assert [name for name, one in found.items() if not isinstance(one, bytes)] == ["trip/3.jpg"]
    assert fault == "input.corrupt"


def test_another_archive_after_its_end_is_told(tmp_path: Path) -> None:
    found, fault = _read(tmp_path / "a.cab", cab_bytes(TREE) + b"7z\xbc\xaf\x27\x1c" + bytes(99))
    assert (found, fault) == (TREE, "input.unsupported")
    assert _read(tmp_path / "a.cab", cab_bytes(TREE) + b"a signature") == (TREE, None)


def test_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.cab"
    path.write_bytes(cab_bytes(TREE))
    with pytest.raises(LimitError):
        Archives(Limits(max_entries=3)).open(path)
    limits = Limits(max_total_bytes=150_000)
    with closing(Archives(limits).open(path)) as reader:
        outcomes(reader, limits)
        fault = reader.finish().fault
        assert fault is not None
        assert fault.kind == "input.limit"
