import re
import struct
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, noise, outcomes
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits
from transload.errors import LimitError, MissingVolumeError

TREE = {f"{number}.jpg": noise(2000, number) for number in range(5)}
OTHERS = {f"more{number}.jpg": noise(2000, 50 + number) for number in range(3)}
LIMITS = Limits()


def _end(path: Path, **fields: int) -> Path:
    """Write other figures into the end record."""
    data = bytearray(path.read_bytes())
    places = {"disk": 18, "first": 16, "here": 14, "entries": 12}
    for name, value in fields.items():
        at = len(data) - places[name]
        data[at : at + 2] = struct.pack("<H", value)
    path.write_bytes(data)
    return path


def _read(path: Path) -> tuple[dict[str, object], str, str, tuple[str, ...]]:
    """Bodies by name, kind and detail of the fault, warnings."""
    reader = ZipReader(path, LIMITS)
    found: dict[str, object] = dict(outcomes(reader))
    report = reader.finish()
    reader.close()
    kind, detail = (report.fault.kind, report.fault.detail) if report.fault else ("", "")
    return found, kind, detail, report.warnings


def test_the_last_of_several_volumes_names_the_others(tmp_path: Path) -> None:
    path = _end(make_zip(tmp_path / "trip.zip", TREE), disk=2, first=2)
    found, kind, detail, _ = _read(path)
    assert found == TREE  # all of them happen to be here
    assert kind == "input.missing_volume"
    assert "trip.z01" in detail
    assert "trip.z02" in detail
    path = _end(path, disk=300)
    assert "trip.z01, trip.z02, …, trip.z300" in _read(path)[2]


def test_entries_on_other_volumes_are_missing_alone(tmp_path: Path) -> None:
    path = _end(make_zip(tmp_path / "trip.zip", TREE), disk=1, first=1)
    data = bytearray(path.read_bytes())
    places = [at for at in range(len(data)) if data.startswith(b"PK\x01\x02", at)]
    for at in places[2:]:
        data[at + 34] = 1
    start = data.index(b"PK\x03\x04", 2 * 2000)  # the first two lie on the volume before
    path.write_bytes(data[start:])
    reader = ZipReader(path, LIMITS)
    troubles = [entry.trouble.kind if entry.trouble else "" for entry in reader.entries()]
    assert troubles == ["input.missing_volume"] * 2 + [""] * 3
    assert outcomes(reader) == {name: TREE[name] for name in ("2.jpg", "3.jpg", "4.jpg")}
    reader.close()


def test_more_entries_than_the_directory_has(tmp_path: Path) -> None:
    for fields in ({"entries": 9}, {"entries": 9, "here": 9}):
        found, kind, detail, _ = _read(_end(make_zip(tmp_path / "trip.zip", TREE), **fields))
        assert found == TREE
        assert kind == "input.missing_volume"
        assert "9" in detail


def test_fewer_entries_than_the_directory_has_cost_nothing(tmp_path: Path) -> None:
    found, kind, _, warnings = _read(_end(make_zip(tmp_path / "a.zip", TREE), entries=3, here=3))
    assert found == TREE
    assert kind == ""
    assert len(warnings) == 1


def test_nothing_of_it_on_this_volume(tmp_path: Path) -> None:
    path = tmp_path / "trip.zip"
    path.write_bytes(struct.pack("<4s4H2LH", b"PK\x05\x06", 3, 2, 0, 7, 500, 100, 0))
    with pytest.raises(MissingVolumeError, match=r"trip\.z01"):
        ZipReader(path, LIMITS)


def test_volumes_that_were_joined_lack_nothing(tmp_path: Path) -> None:
    path = _end(make_zip(tmp_path / "a.zip", TREE), disk=1, first=1)
    path.write_bytes(b"PK\x07\x08" + path.read_bytes())
    found, kind, _, _ = _read(path)
    assert found == TREE
    assert kind == ""


def test_two_zips_in_one_file_are_both_read(tmp_path: Path) -> None:
    first = make_zip(tmp_path / "a.zip", OTHERS).read_bytes()
    path = make_zip(tmp_path / "b.zip", TREE)
    path.write_bytes(first + first + path.read_bytes())
    reader = ZipReader(path, LIMITS)
    assert [entry.name for entry in reader.entries()] == [*OTHERS, *OTHERS, *TREE]
    assert outcomes(reader) == OTHERS | TREE
    assert reader.finish().fault is None
    reader.close()


@pytest.mark.parametrize("size", [100, 70_000])
def test_what_follows_the_end_is_said(tmp_path: Path, size: int) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    whole = path.read_bytes()
    path.write_bytes(whole + noise(size))
    found, kind, _, warnings = _read(path)
    assert (found, kind, len(warnings)) == (TREE, "", 1)
    path.write_bytes(whole + bytes(size))
    assert _read(path)[1:] == ("", "", ())
    tar = make_tar(tmp_path / "a.tar.gz", {"x.jpg": noise(size)}, "gz").read_bytes()
    path.write_bytes(whole + tar)
    found, kind, detail, _ = _read(path)
    assert found == TREE
    assert kind == "input.unsupported"
    assert "another archive (gz)" in detail


def test_entries_that_a_damaged_directory_lost_are_found_by_their_headers(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE | {"in.zip": make_zip(tmp_path / "b", OTHERS).read_bytes()},
                    zipfile.ZIP_STORED)  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"in.zip") - 60)
    data[at + 28] ^= 1
    path.write_bytes(data)
    found, kind, _, _ = _read(path)
    assert set(found) == {*TREE, "in.zip"}
    assert {name: found[name] for name in TREE} == TREE
    assert kind == "input.corrupt"


def test_a_damaged_offset_costs_no_neighbour(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 43] ^= 0x10
    data[data.index(b"PK\x01\x02", at + 4) + 21] ^= 0x10  # and the next one's size
    path.write_bytes(data)
    found, kind, _, _ = _read(path)
    assert found == TREE
    assert kind == ""


def test_a_damaged_number_of_volumes_is_not_written_out(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "trip.zip", TREE)
    data = path.read_bytes()
    end, at = data[-22:], len(data) - 22
    count, size, start = struct.unpack_from("<HLL", end, 10)
    end64 = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0xFFFFFFF0, 0xFFFFFFF0, count, count, size, start
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    path.write_bytes(data[:at] + end64 + locator + end)
    found, kind, detail, _ = _read(path)
    assert (found, kind) == (TREE, "input.missing_volume")
    assert "trip.z01, trip.z02, …, trip.z4294967280" in detail


def test_entries_found_beside_the_directory_count_against_the_limit(tmp_path: Path) -> None:
    path = _end(make_zip(tmp_path / "trip.zip", TREE | OTHERS), entries=9, here=9)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at : at + 4] = bytes(4)  # its directory is lost, its entries are found one by one
    path.write_bytes(data)
    with pytest.raises(LimitError, match=re.escape("archive.max_entries")):
        ZipReader(path, Limits(max_entries=6))
