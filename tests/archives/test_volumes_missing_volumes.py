"""Volumes that are not there are named, by what the archive itself says; what lies on the others arrives."""

from contextlib import closing
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_7z import make_spanned_zip, make_volumes
from transload.archives.open import Archives
from transload.entry import Limits
from transload.errors import CorruptError, MissingVolumeError

ARCHIVES = Archives(Limits())
TREE = {f"{n}.jpg": noise(1100, n) + bytes(200) for n in range(12)}


@pytest.mark.parametrize("lost", [(0,), (1,), (-2,), (1, 2), (-2, -3)])
def test_a_spanned_zip_without_volumes_gives_what_the_others_hold(
    tmp_path: Path, lost: tuple[int, ...]
) -> None:
    size = 2500
    parts = make_spanned_zip(tmp_path / "a.zip", TREE, size)
    ends = list(accumulate((30 + len(name) + len(body) for name, body in TREE.items()), initial=4))
    numbers = {number % len(parts) for number in lost}
    reached = {
        name: set(range(start // size, (end - 1) // size + 1))
        for name, (start, end) in zip(TREE, pairwise(ends), strict=True)
    }
    for number in numbers:
        parts[number].unlink()
    with closing(ARCHIVES.open(parts[-1])) as reader:
        found, fault = outcomes(reader), reader.finish().fault
        troubles = {one.name: one.trouble for one in reader.entries() if one.trouble}
    assert found == {name: TREE[name] for name in TREE if not reached[name] & numbers}
    assert set(troubles) == set(TREE) - set(found)
    assert {one.kind for one in troubles.values()} == {"input.missing_volume"}
    assert fault is not None
    names = ", ".join(parts[number].name for number in sorted(numbers))
    assert fault.detail == f"a.zip: {names} is missing"


def test_a_damaged_number_of_volumes_is_not_spelled_out(tmp_path: Path) -> None:
    parts = make_spanned_zip(tmp_path / "a.zip", TREE, 2500)
    data = bytearray(parts[-1].read_bytes())
    data[-18:-16] = (60_000).to_bytes(2, "little")
    parts[-1].write_bytes(data)
    with pytest.raises(MissingVolumeError) as caught:
        ARCHIVES.open(parts[-1])
    assert len(caught.value.detail) < 1000


def test_a_7z_that_was_cut_lacks_no_piece(tmp_path: Path) -> None:
    parts = make_volumes(tmp_path / "a.7z", TREE, 3000)
    whole = b"".join(part.read_bytes() for part in parts)
    parts[-1].write_bytes(parts[-1].read_bytes()[:-50])
    with pytest.raises(CorruptError, match="index"):
        ARCHIVES.open(parts[0])
    (tmp_path / "b.7z").write_bytes(whole[:6000])
    with pytest.raises(CorruptError, match="index"):
        ARCHIVES.open(tmp_path / "b.7z")


@pytest.mark.parametrize("size", [0, 31])
def test_a_damaged_start_tells_of_no_piece(tmp_path: Path, size: int) -> None:
    parts = make_volumes(tmp_path / "a.7z", TREE, 3000)
    for part in parts[1:]:
        part.unlink()
    data = bytearray(parts[0].read_bytes())
    data[13] ^= 1
    parts[0].write_bytes(data[:size] if size else data)
    with pytest.raises(CorruptError, match="index"):
        ARCHIVES.open(parts[0])
