"""One packed file is an archive of one entry."""

import gzip
from pathlib import Path

import pytest

from tests.archives.makers import PACKERS, bodies, cut, noise, outcomes
from transload.archives.blob import LocalBlob
from transload.archives.open import Archives
from transload.archives.single import SingleReader
from transload.entry import Limits
from transload.errors import CorruptError, LimitError, TransloadError, TruncatedError

CONTENT = b"BM" + noise(150_000)
LIMITS = Limits()


def _reader(path: Path, compression: str) -> SingleReader:
    return SingleReader(LocalBlob(path), compression)


@pytest.mark.parametrize("compression", PACKERS)
def test_what_is_packed_comes_out(tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"photo.bmp.{compression}"
    path.write_bytes(PACKERS[compression](CONTENT))
    reader = Archives(LIMITS).reader_for(path)
    assert isinstance(reader, SingleReader)
    assert (reader.listed, reader.listing().format, reader.listing().entries) == (
        True,
        compression,
        1,
    )
    assert reader.listing().size_bytes is None
    (entry,) = reader.entries()
    assert (entry.index, entry.name, entry.size, entry.kind) == (0, "photo.bmp", None, "file")
    assert list(bodies(reader)) == [(entry, CONTENT)] == list(bodies(reader))
    assert reader.finish().bytes_read == 2 * path.stat().st_size
    assert reader.finish().fault is None
    assert reader.cost_to(0) == 0
    reader.close()
    reader.close()


def test_steps_are_bounded_and_may_be_left(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    reader = _reader(path, "gz")
    for _entry, body in reader.stream(lambda _: True, 0, LIMITS):
        assert max(len(step) for step in iter(lambda: body.read(1000), b"")) == 1000  # noqa: B023  used up in the turn
        assert body.read(1) == b""
    for _entry, body in reader.stream(lambda _: True, 0, LIMITS):
        assert body.read(7) == bytes(7)
    assert list(bodies(reader, start=1)) == []
    assert list(reader.stream(lambda _: False, 0, LIMITS)) == []
    reader.close()


@pytest.mark.parametrize(("name", "inner", "expected"), [
    ("a.gz", "photo.bmp", "photo.bmp"), ("a.gz", "", "a"), ("noending", "", "noending"), ("a.b.gz", "", "a.b"),
    (".gz", "", ".gz"), ("a.gz", "/etc/passwd", "passwd"), ("a.gz", "../..", ".."), ("a.gz", "\xfc.bmp", "\xfc.bmp"),
])  # fmt: skip
def test_the_name_of_a_gzip(tmp_path: Path, name: str, inner: str, expected: str) -> None:
    path = tmp_path / name
    head = b"\x1f\x8b\x08" + (b"\x08" if inner else b"\0") + (1_600_000_000).to_bytes(4, "little")
    named = inner.encode() + b"\0" if inner else b""
    path.write_bytes(head + b"\0\xff" + named + gzip.compress(b"x", mtime=0)[10:])
    (entry,) = _reader(path, "gz").entries()
    assert (entry.name, entry.mtime_ms) == (expected, 1_600_000_000_000)
    assert outcomes(_reader(path, "gz")) == {expected: b"x"}


def test_extra_fields_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    head = b"\x1f\x8b\x08\x0c" + bytes(4) + b"\0\xff" + b"\x05\0hello" + b"in.bmp\0"
    path.write_bytes(head + gzip.compress(b"x", mtime=0)[10:])
    (entry,) = _reader(path, "gz").entries()
    assert (entry.name, entry.mtime_ms) == ("in.bmp", None)


def test_a_name_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 5000)
    (entry,) = _reader(path, "gz").entries()
    assert entry.name == "a"


@pytest.mark.parametrize("compression", PACKERS)
def test_damage(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKERS[compression](CONTENT))
    (_, failure), *rest = bodies(_reader(cut(path), compression))
    assert isinstance(failure, TruncatedError)
    assert failure.item == "a"
    assert rest == []
    path.write_bytes(PACKERS[compression](CONTENT)[:-6] + b"\x55" * 6 + b"garbage")
    (_, failure), *rest = bodies(_reader(path, compression))
    assert isinstance(failure, CorruptError | TruncatedError)


@pytest.mark.parametrize(("limits", "setting"), [
    (Limits(max_entry_bytes=100_000), "max_entry_bytes"),
    (Limits(max_total_bytes=100_000), "max_total_bytes"),
    (Limits(ratio_after_bytes=100_000), "max_ratio"),
])  # fmt: skip
def test_bombs(tmp_path: Path, limits: Limits, setting: str) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(5_000_000)))
    reader = _reader(path, "gz")
    failure = outcomes(reader, limits)["a"]
    assert isinstance(failure, LimitError)
    assert setting in failure.detail
    fault = reader.finish().fault
    assert fault is not None
    assert fault.kind == "input.limit"
    reader.close()


def test_a_tar_inside_goes_to_the_reader_of_tars(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(CONTENT)[:30])
    with pytest.raises(TransloadError):
        Archives(LIMITS).open(path)


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_what_follows_the_packed_data_costs_no_entry(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "photo.bmp.packed"
    path.write_bytes(PACKERS[compression](CONTENT) + b"no member" * 100)
    reader = _reader(path, compression)
    assert outcomes(reader) == {"photo.bmp": CONTENT}
    report = reader.finish()
    assert report.fault is not None
    assert report.fault.kind == "input.corrupt"
    assert report.unvouched == 0
