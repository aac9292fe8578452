import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives.makers import make_streamed_zip, noise
from transload.archives.blob import CountedFile
from transload.archives.zip.entry_bytes import EntryBytes, Span, descriptor_end, fits
from transload.archives.zip.places import head_at
from transload.errors import CorruptError, TruncatedError

CONTENT = noise(2000) * 2


def _span(path: Path) -> Span:
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[0]
    start = head_at(CountedFile(path), info.header_offset).data_at
    return Span(start, info.compress_size, info.file_size, info.CRC, info.compress_type)


def _packed(path: Path, content: bytes = CONTENT) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    return path


def _bytes(path: Path, **changes: int) -> EntryBytes:
    span = replace(_span(path), **changes)
    return EntryBytes(CountedFile(path), lambda: span)


def test_pieces_come_in_order_and_the_end_is_empty(tmp_path: Path) -> None:
    content = noise(200_000) + bytes(100_000)
    pull = _bytes(_packed(tmp_path / "a.zip", content))
    assert b"".join(iter(lambda: pull(7777), b"")) == content
    assert pull(10) == b""


def test_damage_in_every_part(tmp_path: Path) -> None:
    path = _packed(tmp_path / "a.zip")
    pull = _bytes(path, crc=1)
    assert pull(4000) == CONTENT  # what was there can be kept
    with pytest.raises(CorruptError, match="checksum"):
        pull(4000)
    with pytest.raises(CorruptError, match="checksum"):
        _bytes(path, size=0)(4000)
    pull = _bytes(path, packed=500)
    got = len(pull(4000))
    with pytest.raises(CorruptError, match=f"give {got} of 4000 bytes"):
        pull(4000)
    pull = _bytes(path, size=1 << 40, packed=1 << 40, method=0)
    pull(path.stat().st_size)
    with pytest.raises(TruncatedError, match="the data ends after"):
        pull(1)
    data = bytearray(path.read_bytes())
    data[31] = 0xFF  # no such deflate block
    path.write_bytes(data)
    with pytest.raises(CorruptError, match="packed data is damaged"):
        _bytes(path)(10)


def test_a_descriptor_with_the_right_sum_beats_a_damaged_directory(tmp_path: Path) -> None:
    path = make_streamed_zip(tmp_path / "a.zip", {"a": CONTENT})
    pull = _bytes(path, crc=1)
    assert pull(4000) == CONTENT
    assert pull(4000) == b""


def test_the_end_of_a_descriptor_with_and_without_its_mark(tmp_path: Path) -> None:
    path = make_streamed_zip(tmp_path / "a.zip", {"a": CONTENT})
    span = _span(path)
    assert descriptor_end(CountedFile(path), span) == span.end + 16
    assert descriptor_end(CountedFile(path), replace(span, crc=1)) is None
    path.write_bytes(path.read_bytes().replace(b"PK\x07\x08", b""))
    assert descriptor_end(CountedFile(path), span) == span.end + 12


def test_whether_a_span_fits_costs_no_more_than_its_budget(tmp_path: Path) -> None:
    path = _packed(tmp_path / "a.zip")
    file, span = CountedFile(path), _span(path)
    assert fits(file, span, 4000) == (True, 4000)
    assert fits(file, span, 3999) == (False, 0)
    assert fits(file, replace(span, crc=1), 4000) == (False, 4000)
    assert fits(file, replace(span, start=span.start + 1), 4000)[0] is False


def test_zeros_behind_an_entry_without_bytes_describe_nothing(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(bytes(100))
    pull = EntryBytes(CountedFile(path), lambda: Span(start=10, packed=0, size=0, crc=7, method=0))
    with pytest.raises(CorruptError, match="checksum"):
        pull(10)
