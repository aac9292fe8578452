import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.archives.makers import DOS_TIME, make_zip, noise, outcomes
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits
from transload.errors import CorruptError, LimitError, TruncatedError, UnreadableError

TREE = {"a.jpg": noise(3000), "b.jpg": noise(70_000, 2), "c.txt": bytes(9000)}
LIMITS = Limits()


def test_listing_sums_the_directory(tmp_path: Path) -> None:
    reader = ZipReader(make_zip(tmp_path / "a.zip", TREE), LIMITS)
    listing = reader.listing()
    assert (listing.format, listing.entries, listing.size_bytes, listing.encrypted) == (
        "zip",
        3,
        82_000,
        False,
    )
    assert reader.listed
    assert reader.cost_to(2) == 0
    reader.close()


def test_empty_zip_has_no_entries_and_no_fault(tmp_path: Path) -> None:
    reader = ZipReader(make_zip(tmp_path / "a.zip", {}), LIMITS)
    assert list(reader.entries()) == []
    assert reader.finish().fault is None
    reader.close()


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_method_of_the_standard_library(tmp_path: Path, method: int) -> None:
    reader = ZipReader(make_zip(tmp_path / "a.zip", TREE, method), LIMITS)
    assert outcomes(reader) == TREE
    reader.close()


def test_zip64_records(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("big.bin", "w", force_zip64=True) as file,
    ):
        file.write(b"content")
    reader = ZipReader(path, LIMITS)
    assert outcomes(reader) == {"big.bin": b"content"}
    reader.close()


def test_bytes_before_and_a_comment_behind(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06 " * 100
    reader = ZipReader(path, LIMITS)
    assert outcomes(reader) == TREE
    reader.close()


def test_one_wrong_checksum_fails_alone(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE, zipfile.ZIP_STORED)
    data = path.read_bytes()
    at = data.find(TREE["b.jpg"])
    path.write_bytes(data[:at] + b"damage!!" + data[at + 8 :])
    reader = ZipReader(path, LIMITS)
    result = outcomes(reader)
    assert isinstance(result["b.jpg"], CorruptError)
    assert (result["a.jpg"], result["c.txt"]) == (TREE["a.jpg"], TREE["c.txt"])
    assert reader.finish().fault is None
    reader.close()


def test_unpacked_bytes_never_exceed_a_lying_size(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"lie.bin": bytes(1_000_000), "ok.bin": b"fine"})
    data = path.read_bytes()
    true_size, lie = struct.pack("<L", 1_000_000), struct.pack("<L", 10)
    path.write_bytes(data.replace(true_size, lie))
    reader = ZipReader(path, LIMITS)
    result = outcomes(reader)
    assert isinstance(result["lie.bin"], CorruptError)
    assert result["ok.bin"] == b"fine"
    (_, lying), *_ = reader.stream(lambda entry: entry.name == "lie.bin", 0, LIMITS)
    assert len(lying.read(1_000_000)) == 10
    with pytest.raises(CorruptError):
        lying.read(1)
    reader.close()


def test_a_size_larger_than_the_content_is_told(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"lie.bin": bytes(1000), "ok.bin": b"fine"})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 1000), struct.pack("<L", 5000)))
    reader = ZipReader(path, LIMITS)
    result = outcomes(reader)
    assert isinstance(result["lie.bin"], CorruptError)
    assert "1000 of 5000" in result["lie.bin"].detail
    reader.close()


def test_bomb_stops_by_ratio_and_the_next_entry_is_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"bomb.bin": bytes(3_000_000), "ok.bin": noise(5000)})
    reader = ZipReader(path, LIMITS)
    result = outcomes(reader, Limits(ratio_after_bytes=1 << 20))
    assert isinstance(result["bomb.bin"], LimitError)
    assert "archive.max_ratio" in result["bomb.bin"].detail
    assert result["ok.bin"] == noise(5000)
    reader.close()


def test_total_limit_ends_the_stream_and_is_the_fault(tmp_path: Path) -> None:
    reader = ZipReader(make_zip(tmp_path / "a.zip", TREE), LIMITS)
    result = outcomes(reader, Limits(max_total_bytes=10_000))
    assert isinstance(result["b.jpg"], LimitError)
    assert "c.txt" not in result
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.limit"
    reader.close()


def test_too_many_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {f"{number}.txt": b"" for number in range(20)})
    with pytest.raises(LimitError, match=r"archive.max_entries"):
        ZipReader(path, Limits(max_entries=19))
    lying = bytearray(path.read_bytes())
    lying[-12:-10] = lying[-14:-12] = struct.pack("<H", 3)  # an end record that claims fewer
    path.write_bytes(lying)
    with pytest.raises(LimitError, match=r"archive.max_entries"):
        ZipReader(path, Limits(max_entries=19))


def test_overlapping_entries_are_refused_the_rest_is_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"kernel.bin": bytes(50_000), "ok.bin": b"fine"})
    with zipfile.ZipFile(path, "a") as archive:
        kernel = archive.getinfo("kernel.bin")
        for number in range(3):
            double = zipfile.ZipInfo(f"double{number}.bin", DOS_TIME)
            for field in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
                setattr(double, field, getattr(kernel, field))
            archive.filelist.append(double)
        archive.comment = b"written"  # makes it write its directory again
    reader = ZipReader(path, LIMITS)
    assert outcomes(reader) == {"kernel.bin": bytes(50_000), "ok.bin": b"fine"}
    troubles = [entry.trouble for entry in reader.entries()]
    assert [trouble.kind if trouble else None for trouble in troubles] == [None, None] + [
        "input.limit"
    ] * 3
    assert troubles[2] is not None
    assert "overlap" in troubles[2].detail
    reader.close()


def test_cut_zip_gives_its_whole_entries_and_says_so(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "a.zip", {f"{number}.jpg": noise(10_000, number) for number in range(10)}
    )
    path.write_bytes(path.read_bytes()[:70_000])
    reader = ZipReader(path, LIMITS)
    assert outcomes(reader) == {f"{number}.jpg": noise(10_000, number) for number in range(6)}
    entries = list(reader.entries())
    assert len(entries) == 7
    assert entries[-1].trouble is not None
    assert entries[-1].trouble.kind == "input.truncated"
    fault = reader.finish().fault
    assert fault is not None
    assert (fault.kind, "6 whole entries" in fault.detail) == ("input.truncated", True)
    reader.close()


def test_nothing_to_salvage_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(TruncatedError, match="no entry"):
        ZipReader(path, LIMITS)
    path.write_bytes(b"PK\x05\x06" + bytes(4) + struct.pack("<2H2LH", 5, 5, 230, 0, 0))
    with pytest.raises(CorruptError, match="directory damaged"):
        ZipReader(path, LIMITS)


def test_damaged_directory_is_replaced_by_the_entries_own_headers(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x09\x09"))
    reader = ZipReader(path, LIMITS)
    assert outcomes(reader) == TREE
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.corrupt"
    reader.close()


def test_a_name_that_breaks_its_utf8_promise_costs_no_entry(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"grün.jpg": b"green", "b.jpg": b"blue"})
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\x81\x81"))
    reader = ZipReader(path, LIMITS)
    assert sorted(str(result) for result in outcomes(reader).values()) == ["b'blue'", "b'green'"]
    reader.close()


def test_bytes_read_are_those_of_the_entries(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", TREE, zipfile.ZIP_STORED)
    reader = ZipReader(path, LIMITS)
    assert reader.finish().bytes_read == 0
    outcomes(reader)
    assert 82_000 <= reader.finish().bytes_read <= 82_000 + 3 * 64
    reader.close()


def test_reading_behind_close_is_an_error_not_a_crash(tmp_path: Path) -> None:
    reader = ZipReader(make_zip(tmp_path / "a.zip", TREE), LIMITS)
    _entry, body = next(reader.stream(lambda _entry: True, 0, LIMITS))
    reader.close()
    with pytest.raises(UnreadableError):
        body.read(10)


_MEASURE = """
import resource, sys
from pathlib import Path
from transload.archives.zip.reader import ZipReader
from transload.entry import Limits
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limits = Limits(max_ratio=10**9)
made = 0
for entry, body in ZipReader(Path(sys.argv[1]), limits).stream(lambda entry: True, 0, limits):
    while step := body.read(65536):
        made += len(step)
print(made, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def _made_and_grown_mib(path: Path) -> tuple[int, int]:
    """Bytes that came out in a process of its own, and by how much its memory grew at most."""
    command = [sys.executable, "-c", _MEASURE, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    made, grown_mib = (int(word) for word in run.stdout.split())
    return made, grown_mib


@pytest.mark.bounds
@pytest.mark.timeout(60)
def test_a_hundred_thousand_entries_fit_in_90_mib(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"folder/IMG_{number:06}.jpg", DOS_TIME), b"x")
    made, grown_mib = _made_and_grown_mib(path)
    assert made == 100_000
    assert grown_mib < 90


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_packed_mountains_are_read_in_small_steps(tmp_path: Path, method: int) -> None:
    path = make_zip(tmp_path / "a.zip", {"zeros.bin": bytes(80_000_000)}, method)
    made, grown_mib = _made_and_grown_mib(path)
    assert made == 80_000_000
    assert grown_mib < 20


def test_names_of_an_old_windows_are_read_together(tmp_path: Path) -> None:
    names = ["Отпуск/Фото 1.jpg", "Отпуск/и.jpg", "plain.jpg"]
    spare = [str(number) * len(name) for number, name in enumerate(names)]
    data = make_zip(tmp_path / "a.zip", dict.fromkeys(spare, b"x")).read_bytes()
    for before, name in zip(spare, names, strict=True):
        data = data.replace(before.encode(), name.encode("cp866"))
    (tmp_path / "a.zip").write_bytes(data)
    reader = ZipReader(tmp_path / "a.zip", LIMITS)
    assert [entry.name for entry in reader.entries()] == names
    assert [entry.raw_name for entry in reader.entries()] == [n.encode("cp866") for n in names]
    reader.close()
