import struct
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise
from transload.archives.blob import CountedFile
from transload.archives.zip.directory import Directory, end_after, find_end, read_directory
from transload.entry import Limits
from transload.errors import LimitError

TREE = {f"{number}.jpg": noise(500, number) for number in range(5)}
LIMITS = Limits()


def _read(path: Path, limits: Limits = LIMITS) -> Directory:
    file = CountedFile(path)
    end = find_end(file, file.size)
    assert end is not None
    return read_directory(file, end, limits)


def _names(found: Directory) -> list[str]:
    return [info.filename for info in found.infos]


def test_records_are_read_as_the_standard_library_reads_them(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE | {"gr\u00fcn/": b"", "gr\u00fcn/x": b"x"})
    fields = (
        "orig_filename", "filename", "date_time", "compress_type", "create_system", "extract_version",
        "flag_bits", "CRC", "compress_size", "file_size", "header_offset", "external_attr", "extra", "volume",
    )  # fmt: skip
    with zipfile.ZipFile(path) as archive:
        told = [[getattr(info, name) for name in fields] for info in archive.infolist()]
    found = _read(path)
    assert [[getattr(info, name) for name in fields] for info in found.infos] == told
    assert (found.shift, found.damaged, found.lacks) == (0, False, False)


def test_a_comment_that_holds_end_marks(tmp_path: Path) -> None:
    false_end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 1 << 31, 0, 0)
    for comment in (b"see PK\x05\x06 there", false_end, false_end * 2800, b"a" + false_end + b"b"):
        path = make_zip(tmp_path / "a.zip", TREE)
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = comment
        assert _names(_read(path)) == list(TREE)


def test_zip64_records(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    data = path.read_bytes()
    at = data.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<2L", data, at + 12)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 5, 5, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = b"PK\x05\x06" + b"\xff" * 16 + b"\0\0"
    path.write_bytes(data[:at] + large + locator + end)
    found = _read(path)
    assert _names(found) == list(TREE)
    assert (found.end.entries, found.end.disk, found.lacks) == (5, 0, False)
    path.write_bytes(data[:at] + large + b"more" + locator + end)  # found by the locator alone
    assert _names(_read(path)) == list(TREE)


@pytest.mark.parametrize("at", [0, 10, 28, 30])
def test_a_damaged_record_costs_itself_alone(tmp_path: Path, at: int) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    data = bytearray(path.read_bytes())
    places = [at for at in range(len(data)) if data.startswith(b"PK\x01\x02", at)]
    data[places[2] + at] ^= 0x20
    path.write_bytes(data)
    found = _read(path)
    assert set(TREE) - {"2.jpg"} <= set(_names(found))
    assert found.damaged is found.lacks is (at in (28, 30))


def test_a_count_beyond_the_limit_is_believed_only_as_far_as_there_is_room(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    with pytest.raises(LimitError):
        _read(path, Limits(max_entries=4))
    data = bytearray(path.read_bytes())
    data[-14:-10] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    found = _read(path, Limits(max_entries=10))
    assert _names(found) == list(TREE)
    assert found.lacks


def test_no_end_record(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    path.write_bytes(path.read_bytes()[:-22])
    file = CountedFile(path)
    assert find_end(file, file.size) is None


def test_the_end_record_after_a_known_directory(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    path.write_bytes(data + noise(70_000))
    file = CountedFile(path)
    assert find_end(file, file.size) is None
    end = end_after(file, start)
    assert end is not None
    assert (end.start, end.after, end.entries) == (start, len(data), 5)
    assert end_after(file, start + 1) is None
    assert end_after(file, len(data)) is None


def test_a_directory_too_large_for_its_entries_is_not_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {f"{n:0900}": b"" for n in range(3)})
    assert len(_names(_read(path, Limits(max_entries=3)))) == 3
    long = make_zip(tmp_path / "b.zip", {f"{n:03000}": b"" for n in range(3)})
    with pytest.raises(LimitError):
        _read(long, Limits(max_entries=3))
