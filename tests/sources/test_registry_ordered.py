"""A source in another order than its own."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from transload.archives.open import Archives
from transload.entry import Limits, Opening
from transload.errors import UsageError
from transload.model import Sort
from transload.sources.local import LocalSources
from transload.sources.registry import in_order

DATES = {"b10.jpg": 2022, "b2.jpg": 2024, "a.jpg": 2023}


@pytest.fixture
def archive(tmp_path: Path) -> str:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name, year in DATES.items():
            made.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), name.encode())
    return str(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("archive", ["b10.jpg", "b2.jpg", "a.jpg"]),
        ("name", ["a.jpg", "b2.jpg", "b10.jpg"]),
        ("date", ["b10.jpg", "a.jpg", "b2.jpg"]),
    ],
)
def test_each_order_gives_every_body_under_its_own_name(
    archive: str, sort: Sort, names: list[str]
) -> None:
    source = in_order(LocalSources("here", Archives(Limits())).open(archive, Opening()), sort)
    read = [(e.index, e.name, b.read()) for e, b in source.stream(lambda _: True, 0, Limits())]
    assert read == [(n, name, name.encode()) for n, name in enumerate(names)]
    assert [entry.name for entry in source.entries()] == names
    from_second = [e.name for e, _ in source.stream(lambda _: True, 1, Limits())]
    assert from_second == names[1:]
    assert source.finish().fault is None
    source.close()


def test_what_has_no_listing_keeps_its_own_order(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as made:
        made.addfile(tarfile.TarInfo("a"))
    source = LocalSources("here", Archives(Limits())).open(str(path), Opening())
    with pytest.raises(UsageError, match="own order"):
        in_order(source, "name")
    source.close()
