"""ar with the long names of GNU and of BSD, whole and damaged."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.archives.makers import make_zip, noise, outcomes
from tests.archives.makers_old import ar_bytes
from transload.archives.blob import LocalBlob
from transload.archives.records.ar import MAGIC, Ar
from transload.archives.records.reader import RecordReader
from transload.entry import Limits
from transload.errors import TransloadError

TREE = {"short.jpg": noise(3001, 1), "a much longer name, grüße.jpg": noise(4000, 2)}
TREE |= {f"{n:02}.jpg": noise(2000 + n, n) for n in range(3, 9)}


def _read(path: Path, data: bytes) -> tuple[dict[str, bytes | TransloadError], str | None]:
    path.write_bytes(data)
    with closing(RecordReader(LocalBlob(path), Ar(), len(MAGIC), Limits())) as reader:
        found = outcomes(reader)
        fault = reader.finish().fault
        return found, fault.kind if fault else None


@pytest.mark.parametrize("kind", ["gnu", "bsd"])
def test_names_and_bytes(tmp_path: Path, kind: str) -> None:
    assert _read(tmp_path / "a.ar", ar_bytes(TREE, kind)) == (TREE, None)


@pytest.mark.parametrize("kind", ["gnu", "bsd"])
def test_what_is_damaged_costs_its_own_entry(tmp_path: Path, kind: str) -> None:
    data = ar_bytes(TREE, kind)
    for wrong, least in (
        (data[:5000] + data[6000:], len(TREE) - 1),
        (data[:5000] + noise(777) + data[5000:], len(TREE) - 1),
        (data[:5000] + bytes(3000) + data[8000:], len(TREE) - 2),
    ):
        found, fault = _read(tmp_path / "a.ar", wrong)
        good = [data for data in found.values() if isinstance(data, bytes)]
        assert all(data in TREE.values() for data in good)
        assert len(good) >= least
        assert fault == "input.corrupt"
    found, fault = _read(tmp_path / "a.ar", data[:9000])
    assert fault == "input.truncated"
    assert sum(isinstance(one, bytes) for one in found.values()) >= 2


def test_an_index_is_no_entry_and_none_is_an_empty_archive(tmp_path: Path) -> None:
    assert _read(tmp_path / "a.ar", MAGIC) == ({}, None)
    index = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (b"/", 0, 0, 0, 0, 4) + bytes(4)
    assert _read(tmp_path / "a.ar", MAGIC + index + ar_bytes(TREE)[8:]) == (TREE, None)


@pytest.mark.parametrize(
    ("tail", "warnings", "fault"),
    [
        (b"\n", 0, None),
        (b"\r\n", 0, None),
        (bytes(100), 1, None),
        (bytes(10_240), 1, None),
        (bytes(10_242), 0, "input.corrupt"),
        (noise(777), 0, "input.corrupt"),
        (b"\n" + noise(5), 0, "input.corrupt"),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, bytes) else None,
)
def test_what_follows_the_last_entry_costs_nothing_of_it(
    tmp_path: Path, tail: bytes, warnings: int, fault: str | None
) -> None:
    """Zeros in the number of entries may be entries that were lost: beyond what padding is they are a fault."""
    path = tmp_path / "a.ar"
    assert _read(path, ar_bytes(TREE) + tail) == (TREE, fault)
    with closing(RecordReader(LocalBlob(path), Ar(), len(MAGIC), Limits())) as reader:
        assert len(reader.finish().warnings) == warnings


@pytest.mark.parametrize("lead", [b"", b"\n", bytes(512)])
def test_an_archive_of_another_kind_behind_it_is_named(tmp_path: Path, lead: bytes) -> None:
    other = make_zip(tmp_path / "b.zip", {"1.jpg": noise(100)}).read_bytes()
    path = tmp_path / "a.ar"
    assert _read(path, ar_bytes(TREE) + lead + other) == (TREE, "input.unsupported")
    with closing(RecordReader(LocalBlob(path), Ar(), len(MAGIC), Limits())) as reader:
        fault = reader.finish().fault
    assert fault is not None
    assert "another archive (zip)" in fault.detail


def test_archives_behind_one_another_are_all_read(tmp_path: Path) -> None:
    more = {f"more {name}": data[::-1] for name, data in TREE.items()}
    joined = ar_bytes(TREE) + ar_bytes(more, "bsd")
    assert _read(tmp_path / "a.ar", joined) == (TREE | more, None)


def test_too_many_bytes_before_the_last_entry_still_tear_one(tmp_path: Path) -> None:
    data = ar_bytes(TREE)
    found, fault = _read(tmp_path / "a.ar", data[:-2500] + noise(777) + data[-2500:])
    assert sum(isinstance(one, TransloadError) for one in found.values()) == 1
    assert fault == "input.corrupt"
