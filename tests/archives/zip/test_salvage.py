import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.archives.makers import make_streamed_zip, make_zip, noise, outcomes
from transload.archives.blob import CountedFile
from transload.archives.zip.reader import ZipReader
from transload.archives.zip.salvage import Salvage, salvage
from transload.entry import Limits
from transload.errors import CorruptError, LimitError

LIMITS = Limits()
TREE = {"a.jpg": noise(4000), "b.txt": bytes(30_000), "empty": b"", "c.jpg": noise(5000, 3)}


def _walk(path: Path, limits: Limits = LIMITS) -> Salvage:
    file = CountedFile(path)
    try:
        return salvage(file, limits)
    finally:
        file.close()


def _without_directory(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"PK\x01\x02")])
    return path


def _names(found: Salvage) -> list[str]:
    return [info.filename for info in found.infos]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_sizes_behind_the_data_are_found(tmp_path: Path, method: int) -> None:
    path = make_streamed_zip(tmp_path / "a.zip", TREE, method)
    with zipfile.ZipFile(path) as archive:
        told = [
            (info.filename, info.CRC, info.compress_size, info.file_size)
            for info in archive.infolist()
        ]
    found = _walk(_without_directory(path))
    assert [
        (info.filename, info.CRC, info.compress_size, info.file_size) for info in found.infos
    ] == told
    assert found.whole == 4
    assert not found.cut


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_sizes_that_a_streamed_header_expects_are_not_counted_twice(
    tmp_path: Path, method: int
) -> None:
    """As `zip -r - . | …` writes them: the size in the header already, the sum and the packed size behind."""
    path = make_streamed_zip(tmp_path / "a.zip", TREE, method)
    with zipfile.ZipFile(path) as archive:
        told = [(info.header_offset, info.file_size) for info in archive.infolist()]
    data = bytearray(path.read_bytes())
    for at, size in told:
        struct.pack_into("<L", data, at + 22, size)
    path.write_bytes(data)
    found = _walk(_without_directory(path))
    assert [info.file_size for info in found.infos] == [size for _, size in told]
    assert found.whole == 4


def test_known_sizes_are_stepped_over_with_almost_no_reading(tmp_path: Path) -> None:
    path = _without_directory(
        make_zip(tmp_path / "a.zip", {f"{i}": noise(300_000, i) for i in range(5)})
    )
    file = CountedFile(path)
    assert len(salvage(file, LIMITS).infos) == 5
    assert file.taken < 100_000
    file.close()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.95])
def test_the_cut_entry_is_named_and_troubled(tmp_path: Path, share: float) -> None:
    for make in (make_zip, make_streamed_zip):
        path = make(tmp_path / "a.zip", {f"{i}.jpg": noise(3000, i) for i in range(10)})
        path.write_bytes(path.read_bytes()[: int(30_000 * share)])
        found = _walk(path)
        assert found.cut
        assert list(found.troubles) == [len(found.infos) - 1]
        assert found.troubles[len(found.infos) - 1].kind == "input.truncated"


def test_damage_in_the_middle_costs_one_entry(tmp_path: Path) -> None:
    path = _without_directory(make_streamed_zip(tmp_path / "a.zip", TREE))
    data = bytearray(path.read_bytes())
    at = data.index(b"b.txt")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    found = _walk(path)
    assert _names(found) == ["a.jpg", "b.txt", "empty", "c.jpg"]
    assert {index: fault.kind for index, fault in found.troubles.items()} == {1: "input.corrupt"}
    assert found.damaged


def test_a_descriptor_that_does_not_match_is_damage(tmp_path: Path) -> None:
    path = _without_directory(
        make_streamed_zip(tmp_path / "a.zip", {"a": noise(500), "b": noise(500, 2)})
    )
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x07\x08")
    data[at + 4] ^= 1
    path.write_bytes(data)
    assert {index: fault.kind for index, fault in _walk(path).troubles.items()} == {
        0: "input.corrupt"
    }


def test_zip64_sizes_in_the_local_header(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("big", "w", force_zip64=True) as file:
        file.write(b"content")
    found = _walk(_without_directory(path))
    assert [(info.file_size, info.CRC) for info in found.infos] == [(7, zlib.crc32(b"content"))]


def test_limits_hold_during_the_walk(tmp_path: Path) -> None:
    path = _without_directory(
        make_streamed_zip(tmp_path / "a.zip", {"bomb": bytes(3_000_000), "ok": b"fine"})
    )
    found = _walk(path, Limits(ratio_after_bytes=1 << 20))
    assert {index: fault.kind for index, fault in found.troubles.items()} == {0: "input.limit"}
    assert _names(found) == ["bomb", "ok"]
    found = _walk(path, Limits(max_entry_bytes=1 << 20))
    assert {index: fault.kind for index, fault in found.troubles.items()} == {0: "input.limit"}
    with pytest.raises(LimitError, match=r"archive.max_entries"):
        _walk(path, Limits(max_entries=1))


def test_a_reader_over_salvaged_entries_compares_checksums(tmp_path: Path) -> None:
    path = _without_directory(
        make_zip(tmp_path / "a.zip", {"a": noise(900), "b": noise(900, 2)}, zipfile.ZIP_STORED)
    )
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    reader = ZipReader(path, LIMITS)
    results = outcomes(reader)
    assert isinstance(results["a"], CorruptError)
    assert results["b"] == noise(900, 2)
    reader.close()


def test_a_name_with_a_false_utf8_flag_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    name = b"gr\xfcn"
    head = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 20, 0x800, 0, 0, 33, zlib.crc32(b"x"), 1, 1, len(name), 0
    )
    path.write_bytes(head + name + b"x")
    reader = ZipReader(path, LIMITS)
    assert [entry.raw_name for entry in reader.entries()] == [name]
    reader.close()


def test_a_long_descriptor_is_not_read_as_a_short_one(tmp_path: Path) -> None:
    content = noise(300)
    told = struct.pack("<4sLQQ", b"PK\x07\x08", zlib.crc32(content), 300, 300)
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 45, 8, 0, 0, 0, 0, 0, 0, 1, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(head + b"a" + content + told)
    (info,) = _walk(path).infos
    assert (info.compress_size, info.file_size, info.CRC) == (300, 300, zlib.crc32(content))


def test_headers_that_each_cost_a_reading_of_the_file_are_given_up(tmp_path: Path) -> None:
    """Stored entries whose sizes follow, and never do: the search for each end goes up to the file's."""
    path = tmp_path / "a.zip"
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 8, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    path.write_bytes(head * 20_000)
    file = CountedFile(path)
    found = salvage(file, LIMITS)
    assert file.taken < 80 * file.size
    assert found.cut
    assert len(found.infos) == len(found.troubles) > 0
