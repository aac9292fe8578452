import struct
import zipfile
import zlib

import pytest

from tests.archives.makers import DOS_TIME, MTIME_S
from transload.archives.names import UNICODE_PATH, NameDecoder
from transload.archives.zip.entries import (
    entry_of,
    overlapping,
    raw_name,
    unmarked_names,
)
from transload.entry import Entry


def _info(name: str = "a.jpg", **fields: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DOS_TIME)
    for field, value in ({"CRC": 0} | fields).items():
        setattr(info, field, value)
    return info


def _entry(info: zipfile.ZipInfo) -> Entry:
    return entry_of(0, info, None, NameDecoder("cp437"))


def _at(offset: int, packed: int, name: str = "a.jpg") -> zipfile.ZipInfo:
    return _info(name, header_offset=offset, compress_size=packed)


def test_dos_time_is_taken_as_utc_and_a_senseless_one_as_none() -> None:
    assert _entry(_info()).mtime_ms == MTIME_S * 1000
    assert _entry(_info(date_time=(1980, 0, 0, 0, 0, 0))).mtime_ms is None
    assert _entry(_info(date_time=(2020, 2, 30, 25, 61, 62))).mtime_ms is None


def test_extended_timestamp_wins() -> None:
    for seconds in (1_700_000_001, -86_400):
        extra = struct.pack("<HHBl", 0x5455, 5, 1, seconds)
        assert _entry(_info(extra=extra)).mtime_ms == seconds * 1000
    only_access_time = struct.pack("<HHBl", 0x5455, 5, 2, 1)
    assert _entry(_info(extra=only_access_time)).mtime_ms == MTIME_S * 1000


@pytest.mark.parametrize(("name", "host", "attributes", "kind"), [
    ("folder/", 0, 0, "dir"),
    ("folder", 0, 0x10, "dir"),
    ("link", 3, 0o120777 << 16, "link"),
    ("link", 0, 0o120777 << 16, "file"),
    ("packed from a pipe", 3, 0o010600 << 16, "file"),
    ("plain", 3, 0o100644 << 16, "file"),
])  # fmt: skip
def test_kinds(name: str, host: int, attributes: int, kind: str) -> None:
    assert _entry(_info(name, create_system=host, external_attr=attributes)).kind == kind


def test_names_keep_their_bytes() -> None:
    odd = "für".encode("cp437").decode("cp437")
    assert raw_name(_info(odd)) == b"f\x81r"
    assert _entry(_info(odd)).name == "für"
    assert raw_name(_info("für", flag_bits=0x800)) == "für".encode()
    latin = b"f\xfcr.jpg"
    entry = _entry(_info(latin.decode("cp437")))
    assert entry.raw_name == latin


def test_only_names_that_nothing_speaks_for_are_unmarked() -> None:
    raw = b"f\x81r"
    body = struct.pack("<BL", 1, zlib.crc32(raw)) + "für".encode()
    field = struct.pack("<HH", UNICODE_PATH, len(body)) + body
    told = _info("für", extra=field)
    infos = [_info("a.jpg"), _info("für", flag_bits=0x800), told, _info("für")]
    assert list(unmarked_names(infos)) == [raw]
    assert entry_of(0, told, None, NameDecoder("cp866")).name == "für"
    assert entry_of(0, _info("für"), None, NameDecoder("cp866")).name == "fБr"


def test_hostile_names_are_only_words() -> None:
    for name in ("../../evil.sh", "/etc/passwd", "C:/boot.ini"):
        entry = _entry(_info(name))
        assert (entry.name, entry.raw_name) == (name, name.encode())


def test_backslashes_of_old_dotnet_are_folders() -> None:
    assert _entry(_info("a\\b.jpg", create_system=0)).name == "a/b.jpg"
    assert _entry(_info("a\\b.jpg", create_system=3)).name == "a\\b.jpg"


@pytest.mark.parametrize(("fields", "kind", "words"), [
    ({"flag_bits": 1}, "input.password_needed", "encrypted"),
    ({"flag_bits": 1, "compress_type": 99}, "input.password_needed", "encrypted"),
    ({"compress_type": 9}, "input.unsupported", "deflate64 (zip method 9)"),
    ({"compress_type": 77}, "input.unsupported", "unknown (zip method 77)"),
])  # fmt: skip
def test_troubles_name_their_reason(fields: dict[str, int], kind: str, words: str) -> None:
    info = _info()
    for field, value in fields.items():
        setattr(info, field, value)
    trouble = _entry(info).trouble
    assert trouble is not None
    assert trouble.kind == kind
    assert words in trouble.detail
    assert trouble.item == "a.jpg"


@pytest.mark.parametrize("field", ["file_size", "compress_size"])
@pytest.mark.parametrize("claim", [(1 << 44) + 1, (1 << 64) - 1])
def test_a_size_that_no_file_has_is_trouble(field: str, claim: int) -> None:
    entry = _entry(_info("a.jpg", **{field: claim}))
    assert (entry.size if field == "file_size" else entry.packed) is None
    assert entry.trouble is not None
    assert (entry.trouble.kind, str(claim) in entry.trouble.detail) == ("input.corrupt", True)


def test_neighbours_do_not_overlap_in_any_order() -> None:
    infos = [_at(0, 100), _at(135, 10), _at(200, 50)]
    assert overlapping(infos) == {}
    assert overlapping(list(reversed(infos))) == {}


def test_ranges_that_share_bytes_overlap_both_ways() -> None:
    assert set(overlapping([_at(0, 100), _at(134, 10), _at(300, 10)])) == {0, 1}
    assert set(overlapping([_at(300, 10), _at(134, 10), _at(0, 1000)])) == {0, 1, 2}
    assert set(overlapping([_at(0, 5000), _at(100, 10), _at(200, 10), _at(6000, 1)])) == {0, 1, 2}


def test_records_of_one_header_leave_the_first_readable() -> None:
    assert set(overlapping([_at(0, 100), _at(0, 100), _at(500, 1), _at(0, 100)])) == {1, 3}
