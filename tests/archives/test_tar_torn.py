"""Tars with bytes missing or too many, and zeros that are no tar: nothing foreign is called a whole file."""

import gzip
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, noise, outcomes, tar_bytes
from transload.archives.open import Archives
from transload.archives.tar import TarReader
from transload.entry import Limits


@pytest.mark.parametrize("size", [512, 1024, 100, 513])
@pytest.mark.parametrize("packing", [None, "gz"])
def test_a_body_with_bytes_missing_or_too_many_is_never_called_whole(
    tmp_path: Path, packing: str | None, size: int
) -> None:
    tree = {f"{number}.jpg": noise(3000 + 700 * number, number) for number in range(6)}
    data = tar_bytes(tree)
    last = data.rindex(b"5.jpg")  # behind it come zeros, which say nothing
    for at in range(1500, last, 1777):
        for damaged in (data[:at] + data[at + size :], data[:at] + noise(size, at) + data[at:]):
            path = tmp_path / "a.tar"
            path.write_bytes(PACKERS[packing](damaged) if packing else damaged)
            reader = TarReader(path, Limits(), packing)
            found = outcomes(reader)
            wrong = [
                n for n, body in found.items() if isinstance(body, bytes) and body != tree.get(n)
            ]
            assert (at, wrong) == (at, [])
            assert reader.finish().fault is not None
            reader.close()


def test_a_flipped_bit_in_a_header_costs_no_neighbour(tmp_path: Path) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(6)}
    data = tar_bytes(tree)
    for at in range(2 * 3584, 2 * 3584 + 300):
        path = tmp_path / "a.tar"
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        reader = TarReader(path, Limits())
        whole = [name for name, body in outcomes(reader).items() if body == tree.get(name)]
        reader.close()
        assert len(whole) >= len(tree) - 1


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize(
    "behind", [bytes(3 << 20), bytes(4096) + b"x" * 7000, bytes(1024) + b"GIF89a"]
)
def test_zeros_and_something_else_are_no_empty_tar(
    tmp_path: Path, name: str, behind: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(behind) if name.endswith("gz") else behind)
    reader = Archives(Limits()).open(path)
    empty = not list(reader.entries())
    assert not empty or reader.finish().fault is not None
    reader.close()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize(("behind", "kind"), [
    (b"GIF89a" + noise(3000), "input.corrupt"), (b"PK\x03\x04" + bytes(26) + b"name", "input.unsupported"),
])  # fmt: skip
def test_what_follows_a_packed_tar_is_not_called_damage_of_it(
    tmp_path: Path, packing: str, behind: bytes, kind: str
) -> None:
    tree = {f"{number}.jpg": noise(3000, number) for number in range(4)}
    path = tmp_path / "a.tar"
    path.write_bytes(PACKERS[packing](tar_bytes(tree)) + behind)
    reader = TarReader(path, Limits(), packing)
    assert outcomes(reader) == tree
    fault = reader.finish().fault
    reader.close()
    assert fault is not None
    assert (fault.kind, "follows the packed data" in fault.detail) == (kind, True)
