"""Zips that are damaged, or a part of something larger: what is there arrives, what is not is said."""

import struct

import pytest

from tests.faults.desk import Desk, hashes
from tests.inputs import packed, photo

PHOTOS = {f"trip/{n}.jpg": photo(n, (400, 300)) for n in range(8)}


def test_one_volume_of_several_names_the_others_and_is_partial(desk: Desk) -> None:
    source = packed(desk.inputs / "trip.zip", PHOTOS)
    data = bytearray(source.read_bytes())
    data[-18:-14] = struct.pack("<2H", 2, 2)
    source.write_bytes(data)
    said = desk.send(source)
    assert said.status == 3
    assert said.kind == "input.missing_volume"
    assert said.tells("trip.z01", "trip.z02")
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())


def test_more_entries_than_there_are_is_partial(desk: Desk) -> None:
    source = packed(desk.inputs / "trip.zip", PHOTOS)
    data = bytearray(source.read_bytes())
    data[-14:-10] = struct.pack("<2H", 11, 11)
    source.write_bytes(data)
    said = desk.send(source)
    assert said.status == 3
    assert said.kind == "input.missing_volume"
    assert len(desk.delivered()) == 8


@pytest.mark.parametrize("size", [1, 1000])
def test_bytes_missing_in_the_middle_cost_one_entry(desk: Desk, size: int) -> None:
    source = packed(desk.inputs / "trip.zip", PHOTOS)
    data = source.read_bytes()
    at = data.index(b"trip/4.jpg") + 700
    source.write_bytes(data[:at] + data[at + size :])
    said = desk.send(source)
    assert said.status == 3
    assert said.fault("4.jpg") == "input.corrupt"
    good = [content for name, content in PHOTOS.items() if name != "trip/4.jpg"]
    assert sorted(desk.delivered().values()) == hashes(*good)


def test_an_end_mark_in_the_comment_is_no_end(desk: Desk) -> None:
    source = packed(desk.inputs / "trip.zip", PHOTOS)
    comment = b"PK\x05\x06" + b"\xff" * 40
    data = source.read_bytes()
    source.write_bytes(data[:-2] + struct.pack("<H", len(comment)) + comment)
    said = desk.send(source)
    assert said.status == 0
    assert sorted(desk.delivered().values()) == hashes(*PHOTOS.values())
