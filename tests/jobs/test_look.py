"""Looking without delivering."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.errors import SourceNotFoundError

pytestmark = pytest.mark.anyio


async def test_a_listing_has_every_entry(tmp_path: Path) -> None:
    source = inputs.mixed(tmp_path, photos=2, clips=0)
    async with Home(tmp_path).open() as app:
        seen = await app.list(str(source))
    assert seen.listing.format == "zip"
    assert [entry.name for entry in seen.entries][:2] == ["trip/IMG_000.jpg", "trip/IMG_001.jpg"]
    assert seen.report.fault is None


async def test_inspecting_gives_facts_or_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(inputs.photo(1))
    async with Home(tmp_path).open() as app:
        seen = await app.inspect(tmp_path / "a.jpg")
        with pytest.raises(SourceNotFoundError, match="no file"):
            await app.inspect(tmp_path / "missing.jpg")
    assert (seen.judgement.kind.value, seen.judgement.verdict.value) == ("photo", "as_is")
    assert seen.facts
