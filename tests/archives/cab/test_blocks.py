"""Blocks of a cabinet: their sum, finding them behind damage, and which bytes after a damaged one are right."""

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.archives import makers_old
from tests.archives.makers import noise
from tests.archives.makers_old import CAB_BLOCK, cab_bytes
from transload.archives.blob import LocalBlob
from transload.archives.cab.blocks import StoredFolder, Unpacked, cab_sum
from transload.archives.cab.reader import read_directory
from transload.entry import Limits

DATA = noise(5 * CAB_BLOCK + 1000, 5)
TEXT = b"".join(b"line %06d of a text\n" % n for n in range(9000))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 4097, CAB_BLOCK])
def test_the_sum_is_that_of_a_loop_over_the_words(size: int) -> None:
    data = noise(size, size + 1)
    assert cab_sum(data, 0x1234) == makers_old.cab_sum(data, 0x1234)


def _blocks(
    path: Path, data: bytes, change: Callable[[bytes], bytes], *, packed: bool
) -> list[StoredFolder]:
    path.write_bytes(change(cab_bytes({"a": data}, packed=packed)))
    with closing(LocalBlob(path).open()) as file:
        cabinet = read_directory(file, Limits())
        assert cabinet is not None
        (folder,) = cabinet.folders
        unpacked = Unpacked(file, folder)
        assert unpacked.block(folder.count) is None
        found = [unpacked.block(number) for number in range(folder.count)]
        assert unpacked.block(0) == found[0]  # going back starts again
        return [one for one in found if one is not None]


def _right(blocks: list[StoredFolder], data: bytes) -> list[bool]:
    """Which blocks are known; those are compared."""
    known = [one.known(0, len(one.data)) for one in blocks]
    for number, one in enumerate(blocks):
        if known[number]:
            assert one.data == data[number * CAB_BLOCK :][:CAB_BLOCK]
    return known


@pytest.mark.parametrize("packed", [False, True])
def test_a_flipped_bit_costs_its_block(tmp_path: Path, packed: bool) -> None:
    def flip(whole: bytes) -> bytes:
        at = len(whole) // 2
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    known = _right(_blocks(tmp_path / "a.cab", DATA, flip, packed=packed), DATA)
    assert (known.count(False), known[0], known[-1]) == (1, True, True)


def test_what_follows_damage_and_copies_from_it_is_not_known(tmp_path: Path) -> None:
    def flip(whole: bytes) -> bytes:
        at = whole.index(b"CK") + 100
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    known = _right(_blocks(tmp_path / "a.cab", TEXT, flip, packed=True), TEXT)
    assert not known[0]
    assert not known[1]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("change", ["out", "in"])
def test_blocks_behind_missing_bytes_or_too_many_are_found(
    tmp_path: Path, packed: bool, change: str
) -> None:
    def shift(whole: bytes) -> bytes:
        at = len(whole) // 2
        return (
            whole[:at] + whole[at + 1000 :]
            if change == "out"
            else whole[:at] + noise(777) + whole[at:]
        )

    known = _right(_blocks(tmp_path / "a.cab", DATA, shift, packed=packed), DATA)
    assert known.count(False) <= 2
    assert known[-1]


@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_size_in_a_header_costs_nothing(tmp_path: Path, packed: bool) -> None:
    def spoil(whole: bytes) -> bytes:
        first = struct.unpack_from("<L", whole, 36)[0]
        size = struct.unpack_from("<H", whole, first + 4)[0]
        second = first + 8 + size
        return whole[: second + 4] + bytes([whole[second + 4] ^ 64]) + whole[second + 5 :]

    known = _right(_blocks(tmp_path / "a.cab", DATA, spoil, packed=packed), DATA)
    assert known.count(False) <= 1


@pytest.mark.parametrize("packed", [False, True])
def test_what_there_is_of_a_cut_block_is_known(tmp_path: Path, packed: bool) -> None:
    blocks = _blocks(
        tmp_path / "a.cab", DATA, lambda whole: whole[: len(whole) // 2], packed=packed
    )
    (part,) = (one for one in blocks if one.known(0, 1) and not one.known(0, len(one.data)))
    place = blocks.index(part) * CAB_BLOCK
    known = next(end for end in range(len(part.data), 0, -1) if part.known(0, end))
    assert known > 1000
    assert part.data[:known] == DATA[place : place + known]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [1, 2, CAB_BLOCK - 1, CAB_BLOCK, CAB_BLOCK + 1, CAB_BLOCK + 2])
def test_a_last_block_of_any_size_is_found(tmp_path: Path, size: int, packed: bool) -> None:
    data = noise(size, 9)
    blocks = _blocks(tmp_path / "a.cab", data, bytes, packed=packed)
    assert b"".join(one.data for one in blocks) == data
    assert all(_right(blocks, data))
