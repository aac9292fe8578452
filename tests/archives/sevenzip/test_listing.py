"""What a listing says, as it stands and as a hostile archive may have it."""

import calendar
from pathlib import Path

import pytest

from tests.archives.makers_7z import make_by_7zz, make_volumes
from tests.archives.rar_maker import MTIME_S, make_rar, make_rar_volumes
from transload.archives.sevenzip.listing import (
    SevenZipListing,
    block_starts,
    is_unknown,
    listed_names,
    parse,
    solid_before,
)
from transload.archives.sevenzip.members import ArchiveAccess
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits
from transload.errors import LimitError

HEAD = b"""
7-Zip (z) 26.03 (x64)

Listing archive: a.7z

--
Path = a.7z
Type = 7z
Physical Size = 208
Solid = -

----------
"""


def _told(path: Path) -> SevenZipListing:
    with ArchiveAccess(path, find_sevenzip(None), None, 64 << 20).run("l") as run:
        return parse(run.lines(), Limits())


def _parsed(text: bytes, limits: Limits | None = None) -> SevenZipListing:
    return parse((HEAD + text).splitlines(keepends=True), limits or Limits())


def test_a_7z(tmp_path: Path) -> None:
    tree = {"a/": b"", "a/x.jpg": b"1" * 100, "l": b"-> a/x.jpg", "empty": b""}
    told = _told(make_by_7zz(tmp_path / "a.7z", tree, "-snl", "-ms=off", "-m0=lzma2:d=1m"))
    assert (told.format, told.solid, told.faulty, told.volumes) == ("7z", False, False, 1)
    assert told.physical_bytes == (tmp_path / "a.7z").stat().st_size
    found = {one.raw: one for one in told.members}
    assert {raw: one.kind for raw, one in found.items()} == {
        b"a": "dir", b"a/x.jpg": "file", b"l": "link", b"empty": "file",
    }  # fmt: skip
    photo = found[b"a/x.jpg"]
    assert (photo.size, photo.crc, photo.block) == (100, 0x2A7497E2, 0)
    assert (photo.mtime_ms, photo.encrypted) == (MTIME_S * 1000, False)
    assert 100 <= photo.dictionary_bytes <= 1 << 20
    assert (found[b"empty"].size, found[b"empty"].block, found[b"empty"].crc) == (0, None, None)


def test_a_rar(tmp_path: Path) -> None:
    told = _told(make_rar(tmp_path / "a.rar", {"a/": b"", "a/x": b"1" * 100, "l": b"-> a/x"}))
    assert told.format == "rar"
    assert [(one.raw, one.kind, one.size) for one in told.members] == [
        (b"a", "dir", 0), (b"a/x", "file", 100), (b"l", "link", 0),
    ]  # fmt: skip
    assert told.members[1].dictionary_bytes == 128 << 10
    assert told.members[1].mtime_ms == MTIME_S * 1000


def test_volumes_are_one(tmp_path: Path) -> None:
    tree = {"x": b"1" * 100, "y": b"2" * 100}
    parts = make_rar_volumes(tmp_path / "v", tree, 70)
    told = _told(parts[0])
    assert (told.volumes, len(told.members)) == (3, 2)
    assert told.physical_bytes == sum(part.stat().st_size for part in parts)
    assert not told.members[-1].continues
    parts[-1].unlink()
    assert _told(parts[0]).members[-1].continues
    split = _told(make_volumes(tmp_path / "w.7z", tree, 70)[0])
    assert (split.format, len(split.members)) == ("7z", 2)


def test_times_are_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    told = _told(make_by_7zz(tmp_path / "a.7z", {"x": b"1"}))
    assert told.members[0].mtime_ms == MTIME_S * 1000


@pytest.mark.parametrize(("text", "expected"), [
    (b"2020-09-13 12:26:40", MTIME_S * 1000), (b"2020-09-13 12:26:40.5", MTIME_S * 1000 + 500),
    (b"2020-09-13 12:26:40.1239999", MTIME_S * 1000 + 123), (b"", None), (b"2020-13-13 12:26:40", None),
    (b"0000-00-00 00:00:00", None), (b"1601-01-01 00:00:00", calendar.timegm((1601, 1, 1, 0, 0, 0)) * 1000),
])  # fmt: skip
def test_times(text: bytes, expected: int | None) -> None:
    assert _parsed(b"Path = a\nModified = " + text).members[0].mtime_ms == expected


@pytest.mark.parametrize(("method", "expected"), [
    (b"LZMA2:24", 1 << 24), (b"LZMA:48m", 48 << 20), (b"LZMA2:1536m", 1536 << 20), (b"LZMA:16 BCJ", 1 << 16),
    (b"PPMD:o6:mem24", 1 << 24), (b"PPMD:o32:mem1g", 1 << 30), (b"v6:m3:32M", 32 << 20), (b"v6:m5:4G", 4 << 30),
    (b"m3:20", 1 << 20), (b"BZip2", 0), (b"Deflate64", 0), (b"Copy", 0), (b"", 0), (b"LZMA2:9999", 1 << 40),
    (b"BCJ2 LZMA:25 LZMA:20:lc0:lp2", 1 << 25), (b"7zAES:19 LZMA:12", 1 << 12),
])  # fmt: skip
def test_what_a_decoder_must_hold(method: bytes, expected: int) -> None:
    assert _parsed(b"Path = a\nMethod = " + method).members[0].dictionary_bytes == expected


def test_numbers_that_are_none() -> None:
    text = b"Path = a\nSize = -5\nPacked Size = 99999999999999999999999\nCRC = XYZ\nBlock = 1x"
    one = _parsed(text).members[0]
    assert (one.size, one.packed, one.crc, one.block) == (None, None, None, None)
    assert _parsed(b"Path = a\nSize = 7\nCRC = 00000000").members[0].crc is None
    assert _parsed(b"Path = a\nSize = 0\nCRC = 00000000").members[0].crc == 0


def test_the_first_value_of_a_key_counts() -> None:
    assert _parsed(b"Path = a\nSize = 1\nSize = 2\nPath = b").members[0].size == 1


def test_comments_in_braces_are_no_fields() -> None:
    text = b"Path = a\nSize = 1\nComment = \n{\nPath = evil\n\nPath = evil\n}\nCRC = 00000001\n\nPath = b\n"
    members = _parsed(text).members
    assert [one.raw for one in members] == [b"a", b"b"]
    assert members[0].crc == 1


def test_alternate_streams_are_left_out() -> None:
    text = b"Path = a\n\nPath = a:x\nAlternate Stream = +\n\nPath = b\n"
    assert [one.raw for one in _parsed(text).members] == [b"a", b"b"]


def test_a_xar_has_folders_and_lists_its_own_directory() -> None:
    head = HEAD.replace(b"Type = 7z", b"Type = Xar")
    folder = b"Path = d\nSize = \nMode = drwxr-xr-x\nType = directory\n\n"
    photo = b"Path = d/a.jpg\nSize = 5\nMode = -rw-r--r--\nType = hardlink\n\n"
    twin = b"Path = d/b.jpg\nSize = \nMode = -rw-r--r--\nType = hardlink\n\n"
    table = b"Path = [TOC].xml\nSize = 900\nMode = \nType = \n\n"
    told = parse((head + folder + photo + twin + table).splitlines(keepends=True), Limits())
    found = [(one.raw, one.kind) for one in told.members]
    assert found == [(b"d", "dir"), (b"d/a.jpg", "file"), (b"d/b.jpg", "link")]


def test_names_alone() -> None:
    text = b"Path = a\nSize = 1\n\nPath = x = y\n\nPath = \xff\n"
    assert list(listed_names((HEAD + text).splitlines())) == [b"a", b"x = y", b"\xff"]


def test_an_error_is_told() -> None:
    text = HEAD.replace(b"Type = 7z", b"ERROR = Unexpected end of archive\nType = 7z")
    assert parse(text.splitlines(), Limits()).faulty
    assert not parse([], Limits()).members


def test_too_many_entries() -> None:
    text = b"".join(b"Path = %d\n\n" % n for n in range(5))
    assert len(_parsed(text, Limits(max_entries=5)).members) == 5
    with pytest.raises(LimitError, match="max_entries"):
        _parsed(text, Limits(max_entries=4))


@pytest.mark.parametrize(("method", "expected"), [
    ("LZMA2:24", False), ("04F71101", True), ("4F71101 7zAES:19", True), ("04F71106:x BCJ", True), ("", False),
    ("Deflate64", False), ("ADDED", False),
])  # fmt: skip
def test_methods_without_a_decoder(method: str, expected: bool) -> None:
    assert is_unknown(method) is expected


def test_what_comes_before_in_a_block() -> None:
    text = b"".join(
        b"Path = %d\nSize = %d\nBlock = %s\n\n" % (n, n, block)
        for n, block in enumerate([b"", b"0", b"0", b"1", b"0", b"1"])
    )
    members = _parsed(text).members
    assert list(block_starts(members)) == [0, 0, 1, 0, 3, 3]
    assert [solid_before(members, index) for index in range(6)] == [[], [], [1], [], [1, 2], [3]]
