"""A source on this machine is listed without anything that a job needs."""

from pathlib import Path

import pytest

from tests.inputs import packed, photo
from transload.app import App
from transload.config import DataFolder, Settings
from transload.errors import SourceNotFoundError, UsageError
from transload.listing import Wanted, list_here


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tree = {"a.jpg": photo(1), "b/c.jpg": photo(2), "d.txt": b"words"}
    return packed(tmp_path / "a.zip", tree)


@pytest.mark.anyio
async def test_it_is_what_the_application_lists(source: Path, tmp_path: Path) -> None:
    settings = Settings()
    async with App(settings, DataFolder(tmp_path / "data"), ledger=False) as app:
        assert list_here(settings, str(source)) == await app.list(source)
        wanted = Wanted("media", exclude=("b/*",))
        narrowed = list_here(settings, str(source), wanted=wanted)
        assert narrowed == await app.list(source, wanted=wanted)
    assert [entry.name for entry in narrowed.entries] == ["a.jpg"]


def test_errors_are_those_of_the_source(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fits include"):
        list_here(Settings(), str(source), wanted=Wanted(include=("*.png",)))
    with pytest.raises(UsageError, match="is a destination"):
        list_here(Settings(), "library:out")
    with pytest.raises(SourceNotFoundError):
        list_here(Settings(), str(tmp_path / "gone.zip"))
