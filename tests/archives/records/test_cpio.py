"""cpio in every dialect, whole and damaged: what stands in the file is found again, what cannot be trusted is named."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.makers_old import cpio_bytes
from transload.archives.blob import LocalBlob
from transload.archives.records.cpio import Cpio
from transload.archives.records.reader import RecordReader
from transload.archives.sevenzip.tool import find_sevenzip
from transload.entry import Limits
from transload.errors import CorruptError, TransloadError, TruncatedError

DIALECTS = ("newc", "crc", "odc", "bin", "swapped")
TREE = {"d/": b"", "d/empty.txt": b"", **{f"d/{n:02}.jpg": noise(3001 + n, n) for n in range(12)}}
FILES = {name: data for name, data in TREE.items() if not name.endswith("/")}


def _reader(path: Path, data: bytes) -> RecordReader:
    path.write_bytes(data)
    return RecordReader(LocalBlob(path), Cpio(), 0, Limits())


def _read(path: Path, data: bytes) -> tuple[dict[str, bytes | TransloadError], str | None]:
    with closing(_reader(path, data)) as reader:
        found = outcomes(reader)
        fault = reader.finish().fault
        return found, fault.kind if fault else None


def _good(found: dict[str, bytes | TransloadError]) -> set[str]:
    assert all(data == FILES[name] for name, data in found.items() if isinstance(data, bytes))
    return {name for name, data in found.items() if isinstance(data, bytes)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_7zz_finds_is_found(tmp_path: Path, dialect: str) -> None:
    path = tmp_path / "a.cpio"
    with closing(_reader(path, cpio_bytes(TREE, dialect))) as reader:
        assert outcomes(reader) == FILES
        assert reader.finish().fault is None
        assert reader.listing().entries == len(TREE)
    words = [str(find_sevenzip(None).path), "x", "-so", str(path)]
    done = subprocess.run(words, check=True, capture_output=True)
    assert done.stdout == b"".join(FILES.values())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("at", [5000, 12_001, 20_002])
def test_bytes_that_are_missing_cost_the_entries_they_are_of(
    tmp_path: Path, dialect: str, at: int
) -> None:
    data = cpio_bytes(TREE, dialect)
    found, fault = _read(tmp_path / "a.cpio", data[:at] + data[at + 1000 :])
    assert len(_good(found)) >= len(FILES) - 2
    assert fault == "input.corrupt"
    assert any(isinstance(one, CorruptError) for one in found.values())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_bytes_too_many_cost_one_entry(tmp_path: Path, dialect: str) -> None:
    data = cpio_bytes(TREE, dialect)
    found, fault = _read(tmp_path / "a.cpio", data[:9000] + noise(777) + data[9000:])
    assert len(_good(found)) == len(FILES) - 1
    assert fault == "input.corrupt"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cut_one_gives_what_is_whole(tmp_path: Path, dialect: str) -> None:
    found, fault = _read(tmp_path / "a.cpio", cpio_bytes(TREE, dialect)[:20_000])
    lost = [name for name, one in found.items() if isinstance(one, TruncatedError)]
    assert len(lost) == 1
    assert _good(found) == found.keys() - set(lost)
    assert len(found) >= 6
    assert fault == "input.truncated"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_bit_of_a_header_or_of_the_end_costs_one_entry_at_most(
    tmp_path: Path, dialect: str
) -> None:
    data = cpio_bytes(TREE, dialect)
    second = data.index(b"d/03.jpg")
    end = data.index(b"TRAILER!!!")
    for at in (*range(second - 110, second + 9, 3), *range(end - 110, end + 11, 3)):
        for bit in (1, 64):
            wrong = bytearray(data)
            wrong[at] ^= bit
            found, fault = _read(tmp_path / "a.cpio", bytes(wrong))
            good = sum(one in FILES.values() for one in found.values() if isinstance(one, bytes))
            assert good >= len(FILES) - 2, (at, bit)
            assert good >= len(FILES) - 1 or fault is not None, (at, bit)


def test_a_wrong_sum_is_told(tmp_path: Path) -> None:
    data = bytearray(cpio_bytes(TREE, "crc"))
    data[9000] ^= 4
    found, _fault = _read(tmp_path / "a.cpio", bytes(data))
    assert len(_good(found)) == len(FILES) - 1


def test_archives_behind_one_another_are_all_read_and_other_bytes_are_told(tmp_path: Path) -> None:
    one, other = cpio_bytes({"a.jpg": b"first"}), cpio_bytes({"b.jpg": b"second"}, "odc")
    found, fault = _read(tmp_path / "a.cpio", one + bytes(512) + other)
    assert (found, fault) == ({"a.jpg": b"first", "b.jpg": b"second"}, None)
    found, fault = _read(tmp_path / "a.cpio", one + b"\x1f\x8b\x08 something else")
    assert (found, fault) == ({"a.jpg": b"first"}, "input.unsupported")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("tail", "warnings"), [(b"\n", 0), (bytes(100), 0), (bytes(512) + b"\r\n", 0), (noise(777), 1)]
)
def test_what_follows_the_end_mark_costs_nothing(
    tmp_path: Path, dialect: str, tail: bytes, warnings: int
) -> None:
    path = tmp_path / "a.cpio"
    with closing(_reader(path, cpio_bytes(TREE, dialect) + tail)) as reader:
        assert outcomes(reader) == FILES
        told = reader.finish()
    assert (told.fault, len(told.warnings)) == (None, warnings)


def test_hard_links_have_the_bytes_of_the_one_that_has_them(tmp_path: Path) -> None:
    """As GNU cpio writes them: the bytes stand with the last one."""
    data = bytearray(cpio_bytes({"a.jpg": b"", "b.jpg": b"shared"}))
    for start in (0, data.index(b"070701", 6)):
        data[start + 6 : start + 14] = b"0000002A"  # the inode
        data[start + 38 : start + 46] = b"00000002"  # how many links
    found, fault = _read(tmp_path / "a.cpio", bytes(data))
    assert (found, fault) == ({"a.jpg": b"shared", "b.jpg": b"shared"}, None)


def test_an_end_mark_may_count_the_padding_as_its_bytes(tmp_path: Path) -> None:
    """As afio writes it."""
    data = cpio_bytes(TREE, "odc").rstrip(b"\0") + b"\0"
    ended = data.replace(b"%011oTRAILER!!!" % 0, b"%011oTRAILER!!!" % 180) + bytes(180)
    assert ended != data
    assert _read(tmp_path / "a.afio", ended) == (FILES, None)


def test_an_empty_one_is_empty_and_a_wiped_one_is_not(tmp_path: Path) -> None:
    assert _read(tmp_path / "a.cpio", cpio_bytes({})) == ({}, None)
    with pytest.raises((CorruptError, TruncatedError)):
        _reader(tmp_path / "a.cpio", b"070701" + bytes(5000))
