import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_streamed_zip, make_zip, noise, outcomes
from transload.archives.blob import CountedFile
from transload.archives.zip.places import head_at, headers
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits
from transload.errors import CorruptError

TREE = {f"{number}.jpg": noise(3000, number) + bytes(3000) for number in range(6)}
LIMITS = Limits()


def _intact(path: Path) -> set[str]:
    reader = ZipReader(path, LIMITS)
    found = outcomes(reader)
    reader.close()
    return {name for name, content in TREE.items() if content in found.values()}


@pytest.mark.parametrize("make", [make_zip, make_streamed_zip])
def test_one_flipped_bit_anywhere_costs_at_most_one_entry(tmp_path: Path, make: object) -> None:
    assert callable(make)
    whole = make(tmp_path / "a.zip", TREE).read_bytes()
    path = tmp_path / "b.zip"
    for at in [*range(0, 60), *range(len(whole) - 420, len(whole)), *range(60, len(whole), 1009)]:
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        path.write_bytes(data)
        assert len(_intact(path)) >= 5, at


@pytest.mark.parametrize("size", [1, 300, 1000])
@pytest.mark.parametrize("entry", range(6))
def test_missing_bytes_cost_the_entries_they_are_missing_in(
    tmp_path: Path, size: int, entry: int
) -> None:
    whole = make_zip(tmp_path / "a.zip", TREE).read_bytes()
    at = whole.index(f"{entry}.jpg".encode()) + 500
    path = tmp_path / "b.zip"
    path.write_bytes(whole[:at] + whole[at + size :])
    assert len(_intact(path)) >= 5
    path.write_bytes(whole[:at] + noise(size) + whole[at:])
    assert len(_intact(path)) >= 5


def test_two_gaps(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "a.zip", TREE).read_bytes()
    path = tmp_path / "b.zip"
    path.write_bytes(whole[:4000] + whole[4500:11_000] + whole[11_007:])
    assert _intact(path) == set(TREE) - {"1.jpg", "3.jpg"}


def test_the_marks_of_headers_over_the_end_of_a_chunk(tmp_path: Path) -> None:
    path = tmp_path / "a"
    mark = b"PK\x03\x04"
    path.write_bytes(mark + bytes(65_530) + mark + bytes(65_536 - 4) + mark)
    assert list(headers(CountedFile(path))) == [0, 65_534, 131_070]


def test_a_header_with_large_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("big.bin", "w", force_zip64=True) as file,
    ):
        file.write(b"content")
    head = head_at(CountedFile(path), 0)
    assert (head.name, head.packed, head.size, head.data_at) == (b"big.bin", 7, 7, 57)


def test_an_entry_with_bytes_is_never_read_as_one_without(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": noise(900)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[22:26] = bytes(4)  # the header: no bytes
    at = data.index(b"PK\x01\x02")
    data[at + 16 : at + 20] = bytes(4)  # the directory: the sum of none
    path.write_bytes(data)
    reader = ZipReader(path, Limits())
    found = outcomes(reader)["a"]
    assert found == noise(900) or isinstance(found, CorruptError)
    reader.close()


def test_an_entry_of_no_bytes_with_a_sum_is_damaged(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b""}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[22:26] = b"\5\0\0\0"  # the header: some bytes, which have the sum of none
    at = data.index(b"PK\x01\x02")
    data[at + 16 : at + 20] = b"\x08\0\0\0"  # the directory: no bytes, which have a sum
    path.write_bytes(data)
    reader = ZipReader(path, Limits())
    assert isinstance(outcomes(reader)["a"], CorruptError)
    reader.close()
