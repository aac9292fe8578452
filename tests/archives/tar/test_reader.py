import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archives.makers import (
    MTIME_S,
    PACKERS,
    RARE_PACKERS,
    cut,
    make_tar,
    noise,
    outcomes,
    tar_bytes,
)
from transload.archives.blob import LocalBlob
from transload.archives.tar.reader import TarReader, holds_tar
from transload.archives.tar.stream import EMPTY_BYTES_MAX
from transload.entry import Entry, Limits
from transload.errors import (
    LimitError,
    TransloadError,
    TruncatedError,
)

LIMITS = Limits()
TREE = {
    "d/": b"",
    "d/a.jpg": noise(3000),
    "b.jpg": noise(70_000, 2),
    "empty": b"",
    "c.txt": bytes(9000),
}
FILES = {name: content for name, content in TREE.items() if not name.endswith("/")}
LARGE = {
    f"{number}.jpg": noise(300_000, number) for number in range(10)
}  # several blocks of every compression
COMPRESSIONS = [None, *PACKERS]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_listing_names_the_format_and_knows_no_sums(
    tmp_path: Path, compression: str | None
) -> None:
    reader = TarReader(make_tar(tmp_path / "a", TREE, compression), LIMITS, compression)
    listing = reader.listing()
    assert listing.format == ("tar" if compression is None else f"tar.{compression}")
    assert (listing.entries, listing.size_bytes, reader.listed) == (None, None, False)
    entry = next(reader.entries())
    assert (entry.kind, entry.name, entry.mtime_ms) == ("dir", "d", MTIME_S * 1000)
    assert entry.block == (None if compression is None else 0)
    reader.close()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_cut_archive_gives_what_is_whole_and_is_never_silent(
    tmp_path: Path, compression: str | None
) -> None:
    reader = TarReader(cut(make_tar(tmp_path / "a", LARGE, compression)), LIMITS, compression)
    results = outcomes(reader)
    whole = {
        name: content
        for name, content in results.items()
        if not isinstance(content, TransloadError)
    }
    assert len(whole) >= 4
    assert all(LARGE[name] == content for name, content in whole.items())
    assert {type(result) for name, result in results.items() if name not in whole} <= {
        TruncatedError
    }
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.truncated"
    assert "reading ended after" in fault.detail
    reader.close()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_cut_shows_also_when_nothing_is_wanted(tmp_path: Path, compression: str | None) -> None:
    reader = TarReader(cut(make_tar(tmp_path / "a", LARGE, compression)), LIMITS, compression)
    assert list(reader.stream(lambda _entry: False, 0, LIMITS)) == []
    assert reader.finish().fault is not None
    reader.close()


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    data = bytearray(tar_bytes(FILES))
    at = data.index(b"b.jpg\0")
    data[at] ^= 1
    (tmp_path / "a.tar").write_bytes(data)
    reader = TarReader(tmp_path / "a.tar", LIMITS)
    assert outcomes(reader) == {n: content for n, content in FILES.items() if n != "b.jpg"}
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.corrupt"
    assert "after entry 1: 70,656 bytes" in fault.detail
    assert "c.jpg" in str(fault.evidence)  # as the damaged header has it
    reader.close()


def test_a_damaged_checksum_at_the_very_end_is_told(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", FILES, "gz")
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    reader = TarReader(path, LIMITS, "gz")
    assert outcomes(reader) == FILES
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.corrupt"
    reader.close()


def test_a_cut_between_two_entries_is_a_warning(tmp_path: Path) -> None:
    data = tar_bytes({"a": noise(512), "b": noise(512)})
    (tmp_path / "a.tar").write_bytes(data[:1024])
    reader = TarReader(tmp_path / "a.tar", LIMITS)
    assert outcomes(reader) == {"a": noise(512)}
    report = reader.finish()
    assert report.fault is None
    assert "end mark" in report.warnings[0]
    reader.close()


def test_a_long_name_cut_behind_a_slash_is_that_of_a_file(tmp_path: Path) -> None:
    """The header holds the first 100 letters of a name that stands before it."""
    folder = "a" * 99 + "/"
    (tmp_path / "a.tar").write_bytes(tar_bytes({f"{folder}b.jpg": b"1", "c": b"2"}))
    reader = TarReader(tmp_path / "a.tar", LIMITS)
    assert outcomes(reader) == {f"{folder}b.jpg": b"1", "c": b"2"}
    assert reader.finish().fault is None
    reader.close()


@pytest.mark.parametrize("pack", [gzip.compress, b"PK\3\4".__add__])
@pytest.mark.parametrize("size", [1, 3000])
def test_another_archive_behind_the_end_mark_is_a_fault(
    tmp_path: Path, pack: Callable[[bytes], bytes], size: int
) -> None:
    (tmp_path / "a.tar").write_bytes(tar_bytes({"a": b"1"}) + pack(noise(size)))
    reader = TarReader(tmp_path / "a.tar", LIMITS)
    assert outcomes(reader) == {"a": b"1"}
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.unsupported"
    assert "another archive" in fault.detail
    reader.close()


@pytest.mark.parametrize("what", [b"words" * 600, b"x", noise(512)])
def test_what_is_no_tar_behind_the_end_mark_is_said(tmp_path: Path, what: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(tar_bytes({"a": b"1"}) + what)
    reader = TarReader(tmp_path / "a.tar", LIMITS)
    assert outcomes(reader) == {"a": b"1"}
    assert reader.finish().fault is None
    assert "follows the end mark" in reader.finish().warnings[0]
    reader.close()


@pytest.mark.parametrize("compression", [*PACKERS, "lz", "lzma"])
def test_whether_a_tar_is_packed_is_told_by_its_first_block(
    tmp_path: Path, compression: str
) -> None:
    path, pack = tmp_path / "a", (PACKERS | RARE_PACKERS)[compression]
    for content, expected in ((tar_bytes(TREE), True), (tar_bytes({}), True), (b"", False)):
        path.write_bytes(pack(content))
        assert holds_tar(LocalBlob(path), compression) is expected
    for content in (b"a text, no tar" * 100, bytes(600), b"x"):
        path.write_bytes(pack(content))
        assert not holds_tar(LocalBlob(path), compression)
    path.write_bytes(pack(b"a text, no tar" * 100)[:12])
    with pytest.raises(TruncatedError):
        holds_tar(LocalBlob(path), compression)


def _special(**fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo("special")
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def _only_entry(path: Path, info: tarfile.TarInfo, dialect: int = tarfile.PAX_FORMAT) -> Entry:
    with tarfile.open(path, "w", format=dialect) as archive:
        archive.addfile(info)
    reader = TarReader(path, LIMITS)
    assert outcomes(reader) == {} if info.type != tarfile.REGTYPE else True
    entry = next(reader.entries())
    reader.close()
    return entry


@pytest.mark.parametrize(("kind", "troubled"), [
    (tarfile.SYMTYPE, False), (tarfile.LNKTYPE, False), (tarfile.CHRTYPE, True), (tarfile.BLKTYPE, True),
    (tarfile.FIFOTYPE, True),
])  # fmt: skip
def test_links_and_devices_are_listed_never_streamed(
    tmp_path: Path, kind: bytes, troubled: bool
) -> None:
    entry = _only_entry(tmp_path / "a.tar", _special(type=kind, linkname="/etc/passwd"))
    assert entry.kind == "link"
    assert (entry.trouble is not None) == troubled


def test_names_keep_their_bytes(tmp_path: Path) -> None:
    entry = _only_entry(
        tmp_path / "a.tar", _special(name="f\udcfcr/../..//x.jpg"), tarfile.GNU_FORMAT
    )
    assert entry.raw_name == b"f\xfcr/../..//x.jpg"
    assert entry.name == "für/../..//x.jpg"


@pytest.mark.parametrize(("mtime", "expected"), [
    (1.5, 1500), (-1, -1000), (float("nan"), None), (float("inf"), None), (1e30, None),
])  # fmt: skip
def test_times_that_are_none(tmp_path: Path, mtime: float, expected: int | None) -> None:
    info = _special()
    info.pax_headers = {"mtime": str(mtime)}
    assert _only_entry(tmp_path / "a.tar", info).mtime_ms == expected


def test_a_size_that_no_file_has_is_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a.jpg"))
        info = tarfile.TarInfo("b.jpg")
        info.size = 1 << 64
        lying = info.tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(path.read_bytes()[:512] + lying)
    reader = TarReader(path, LIMITS)
    first, second = reader.entries()
    assert (first.size, first.trouble) == (0, None)
    assert second.size is None
    assert second.trouble is not None
    assert second.trouble.kind == "input.corrupt"
    assert list(outcomes(reader)) == ["a.jpg"]


def test_entry_limit_fails_one_entry_total_limit_ends_the_pass(tmp_path: Path) -> None:
    reader = TarReader(make_tar(tmp_path / "a.tgz", FILES, "gz"), LIMITS, "gz")
    results = outcomes(reader, Limits(max_entry_bytes=50_000))
    assert isinstance(results["b.jpg"], LimitError)
    assert results["c.txt"] == FILES["c.txt"]
    assert reader.finish().fault is None
    results = outcomes(reader, Limits(max_total_bytes=50_000))
    assert isinstance(results["b.jpg"], LimitError)
    assert "c.txt" not in results
    fault = reader.finish().fault
    assert fault is not None
    assert "archive.max_total_bytes" in fault.detail
    reader.close()


def test_bomb_stops_also_when_it_is_only_passed_over(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", {"bomb": bytes(5_000_000), "last": b"x"}, "gz")
    reader = TarReader(path, LIMITS, "gz")
    limits = Limits(ratio_after_bytes=1 << 20)
    assert list(reader.stream(lambda entry: entry.name == "last", 0, limits)) == []
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.limit"
    assert "archive.max_ratio" in fault.detail
    reader.close()


def test_too_many_entries_end_the_pass(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {f"{number}": b"x" for number in range(5)})
    reader = TarReader(path, Limits(max_entries=3))
    assert len(list(reader.entries())) == 3
    fault = reader.finish().fault
    assert fault is not None
    assert "archive.max_entries" in fault.detail
    reader.close()


@pytest.mark.parametrize(("field", "value", "cost"), [("mtime", "7", 0), ("comment", "x", 2048)])
def test_a_global_record_is_heeded_in_every_pass(
    tmp_path: Path, field: str, value: str, cost: int
) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", pax_headers={field: value}) as archive:
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            archive.addfile(tarfile.TarInfo(name))
    reader = TarReader(path, LIMITS)
    first = list(reader.entries())
    later = [entry for entry, _ in reader.stream(lambda _: True, 2, LIMITS)]
    assert later == first[2:]
    assert {entry.mtime_ms for entry in first} == {7000 if field == "mtime" else 0}
    assert reader.cost_to(2) == cost


def test_cost_is_known_behind_what_was_read(tmp_path: Path) -> None:
    reader = TarReader(make_tar(tmp_path / "a.tar", {"a": noise(600), "b": b"x"}), LIMITS)
    assert reader.cost_to(1) == 0
    list(reader.entries())
    assert [reader.cost_to(index) for index in range(3)] == [0, 512 + 1024, 0]
    reader.close()


def test_listing_in_the_middle_of_a_stream_disturbs_nothing(tmp_path: Path) -> None:
    reader = TarReader(make_tar(tmp_path / "a.tgz", FILES, "gz"), LIMITS, "gz")
    seen = {}
    for entry, body in reader.stream(lambda _entry: True, 0, LIMITS):
        head = body.read(10)
        assert len(list(reader.entries())) == 4
        seen[entry.name] = head + body.read()
    assert seen == FILES
    reader.close()


_MEASURE = """
import resource, sys
from pathlib import Path
from transload.archives.blob import LocalBlob
from transload.archives.tar.reader import TarReader, holds_tar
from transload.entry import Limits
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reader = TarReader(Path(sys.argv[1]), Limits(), "gz")
count = sum(1 for entry, body in reader.stream(lambda entry: True, 0, Limits()) if body.read() == b"x")
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.timeout(60)
def test_memory_stays_flat_over_30_000_entries(tmp_path: Path) -> None:
    block = io.BytesIO()
    with tarfile.open(fileobj=block, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(100):
            info = tarfile.TarInfo(f"folder/IMG_{number:06}.jpg")
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    data = block.getvalue()[: 100 * 1024]
    (tmp_path / "a.tgz").write_bytes(PACKERS["gz"](data * 300 + bytes(1024)))
    command = [sys.executable, "-c", _MEASURE, str(tmp_path / "a.tgz")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    count, grown_mib = (int(word) for word in run.stdout.split())
    assert count == 30_000
    assert grown_mib < 8


@pytest.mark.parametrize(("compression", "members"), [("gz", 1), ("gz", 2), ("xz", 1)])
def test_from_which_entry_on_no_sum_vouches_is_said(
    tmp_path: Path, compression: str, members: int
) -> None:
    data = tar_bytes(LARGE)
    half = data.index(b"6.jpg\0") if members == 2 else 0
    pack = PACKERS[compression]
    packed = bytearray((pack(data[:half]) if half else b"") + pack(data[half:]))
    packed[-6 if compression == "gz" else len(packed) - 60] ^= 1
    (tmp_path / "a").write_bytes(packed)
    reader = TarReader(tmp_path / "a", LIMITS, compression)
    outcomes(reader)
    report = reader.finish()
    assert report.fault is not None
    assert report.unvouched == (6 if members == 2 else 0)
    reader.close()


@pytest.mark.parametrize("compression", [None, "gz"])
def test_a_sound_or_cut_tar_leaves_no_entry_in_doubt(
    tmp_path: Path, compression: str | None
) -> None:
    path = make_tar(tmp_path / "a", LARGE, compression)
    for _ in range(2):
        reader = TarReader(path, LIMITS, compression)
        outcomes(reader)
        assert reader.finish().unvouched is None
        reader.close()
        cut(path)


def test_foreign_bytes_behind_a_packed_tar_leave_no_entry_in_doubt(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a", FILES, "gz")
    path.write_bytes(path.read_bytes() + b"foreign")
    reader = TarReader(path, LIMITS, "gz")
    assert outcomes(reader) == FILES
    assert reader.finish().fault is not None
    assert reader.finish().unvouched is None
    reader.close()


@pytest.mark.parametrize("compression", ["gz", "xz", "zst"])
def test_packed_zeros_without_an_end_are_no_empty_tar(tmp_path: Path, compression: str) -> None:
    path, pack = tmp_path / "a", (PACKERS | RARE_PACKERS)[compression]
    path.write_bytes(pack(bytes(EMPTY_BYTES_MAX // 2)))
    assert holds_tar(LocalBlob(path), compression)
    path.write_bytes(pack(bytes(8 * EMPTY_BYTES_MAX)))
    assert not holds_tar(LocalBlob(path), compression)
