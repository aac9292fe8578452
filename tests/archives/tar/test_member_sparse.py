"""Sparse files: maps that go on behind the header, bodies with their holes, and what those may cost."""

import io
from pathlib import Path

import pytest

from tests.archives.makers import noise, outcomes
from tests.archives.tar.test_header import hole, old_gnu, ustar
from tests.archives.tar.test_member import pax
from transload.archives.tar.header import DamagedTarError, read_header
from transload.archives.tar.member import HoleTally, Member, Records, complete_map, sparse_pull
from transload.archives.tar.reader import TarReader
from transload.entry import Limits
from transload.errors import LimitError, TruncatedError

DATA = noise(1000)
SPANS = ((1000, 500), (4000, 500))
WHOLE = bytes(1000) + DATA[:500] + bytes(2500) + DATA[500:] + bytes(1500)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def pax_1_0(size: int, lines: bytes, data: bytes) -> bytes:
    """Header, map and data as GNU tar writes them today."""
    said = pax(
        ("GNU.sparse.major", "1"), ("GNU.sparse.name", "a"), ("GNU.sparse.realsize", str(size))
    )
    body = padded(lines) + data
    record = ustar("record", type=b"x", size=len(said)) + padded(said)
    return record + ustar("a", size=len(body)) + padded(body)


def old(size: int, spans: list[tuple[int, int]], data: bytes) -> bytes:
    """The same as GNU tar wrote it before: four spans in the header, 21 in each block behind it."""
    blocks = [spans[at : at + 21] for at in range(4, len(spans), 21)]
    out = old_gnu(
        b"a", b"S", len(data), holes=b"".join(hole(*one) for one in spans[:4]),
        more=b"\1" if blocks else b"\0", real=b"%011o\0" % size,
    )  # fmt: skip
    for number, block in enumerate(blocks):
        holes = b"".join(hole(*one) for one in block).ljust(504, b"\0")
        out += holes + (b"\1" if number < len(blocks) - 1 else b"\0") + bytes(7)
    return out + padded(data)


def read_tar(path: Path, data: bytes, limits: Limits | None = None) -> dict[str, object]:
    path.write_bytes(data + ustar("next.jpg", size=3) + padded(b"abc") + bytes(1024))
    reader = TarReader(path, limits or Limits())
    try:
        return dict(outcomes(reader, limits))
    finally:
        reader.close()


def test_a_map_at_the_start_of_the_body(tmp_path: Path) -> None:
    made = pax_1_0(6000, b"2\n1000\n500\n4000\n500\n", DATA)
    assert read_tar(tmp_path / "a", made) == {"a": WHOLE, "next.jpg": b"abc"}


@pytest.mark.parametrize("count", [1, 4, 5, 25, 26, 60])
def test_a_map_in_blocks_behind_the_header(tmp_path: Path, count: int) -> None:
    spans = [(n * 2000, 10) for n in range(count)]
    data = noise(10 * count)
    expected = b"".join(data[10 * n : 10 * n + 10].ljust(2000, b"\0") for n in range(count))
    assert read_tar(tmp_path / "a", old(2000 * count, spans, data))["a"] == expected


@pytest.mark.parametrize("lines", [
    b"x\n", b"2\n1000\n500\n4000\n", b"1" * 600, b"-1\n", b"99999999\n1\n2\n", b"2\n4000\n500\n1000\n500\n",
])  # fmt: skip
def test_a_damaged_map_costs_its_own_entry(tmp_path: Path, lines: bytes) -> None:
    assert read_tar(tmp_path / "a", pax_1_0(6000, lines, DATA)) == {"next.jpg": b"abc"}


@pytest.mark.parametrize("step", [1, 499, 512, 65_536])
def test_steps_of_every_size_give_the_same(step: int) -> None:
    found = _member(6000)
    pull = sparse_pull(found, io.BytesIO(DATA).read, HoleTally(Limits(), int))
    assert b"".join(iter(lambda: pull(step), b"")) == WHOLE


def _member(size: int) -> Member:
    found = Records().member(read_header(ustar("a", size=len(DATA))), 0)
    found.spans, found.size = SPANS, size
    return found


def test_a_cut_body_and_a_cut_map_are_told() -> None:
    pull = sparse_pull(_member(6000), io.BytesIO(DATA[:700]).read, HoleTally(Limits(), int))
    with pytest.raises(TruncatedError):
        b"".join(iter(lambda: pull(5000), b""))
    found = _member(6000)
    found.more_spans = True
    with pytest.raises(TruncatedError):
        complete_map(found, io.BytesIO(b"x").read)


def test_a_map_without_end_is_not_kept() -> None:
    found = _member(6000)
    found.more_spans = True
    block = hole(1, 2) * 21 + b"\1" + bytes(7)
    with pytest.raises(DamagedTarError, match="too long"):
        complete_map(found, lambda _size: block)


def test_a_limit_on_one_sparse_file_costs_that_file_alone(tmp_path: Path) -> None:
    limits = Limits(ratio_after_bytes=1 << 20)
    huge = pax_1_0(1 << 40, b"1\n0\n1000\n", DATA).replace(b"=a\n", b"=h\n")
    results = read_tar(
        tmp_path / "a", huge * 2 + pax_1_0(6000, b"2\n1000\n500\n4000\n500\n", DATA), limits
    )
    assert isinstance(results["h"], LimitError)
    assert "max_ratio" in str(results["h"])
    assert (results["a"], results["next.jpg"]) == (WHOLE, b"abc")


def test_holes_count_against_the_size_of_it_all(tmp_path: Path) -> None:
    limits = Limits(max_total_bytes=50_000)
    huge = pax_1_0(1 << 40, b"1\n0\n1000\n", DATA)
    results = read_tar(tmp_path / "a", huge, limits)
    assert isinstance(results["a"], LimitError)
    assert "max_total_bytes" in str(results["a"])
    assert "next.jpg" not in results
