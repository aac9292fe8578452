"""Looking leaves nothing behind and says what a job would do."""

from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.errors import SourceNotFoundError
from transload.jobs.rehearsal import Wish
from transload.model import Recipe, Verdict

pytestmark = pytest.mark.anyio


async def test_a_dry_run_judges_each_entry_and_leaves_nothing(tmp_path: Path) -> None:
    home, source = Home(tmp_path), inputs.mixed(tmp_path, photos=3, clips=1)
    async with home.open() as app:
        wish = Wish("", Recipe.TELEGRAM, exclude=("*002*",))
        seen = {
            one.name: one.judgement.verdict.value async for one in app.rehearse(str(source), wish)
        }
        jobs = await app.jobs()
    assert seen == {
        "trip/IMG_000.jpg": "as_is",
        "trip/clip 0.avi": "transcode",
        "trip/IMG_001.jpg": "as_is",
        "trip/broken.jpg": "unsavable",
        "trip/.DS_Store": "skip",
        "trip/notes.txt": "skip",
    }
    assert jobs == []
    assert home.left_behind() == []
    assert not home.library.exists()


async def test_all_files_would_be_delivered_untouched(tmp_path: Path) -> None:
    source = inputs.packed(tmp_path / "a.zip", {"notes.txt": b"text", "a.jpg": inputs.photo(1)})
    async with Home(tmp_path).open() as app:
        wish = Wish("", Recipe.ORIGINAL, files="all")
        seen = [one.judgement.verdict.value async for one in app.rehearse(str(source), wish)]
    assert seen == ["as_is", "as_is"]


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


async def test_what_is_locked_is_named_and_left_alone(tmp_path: Path) -> None:
    source = inputs.packed(tmp_path / "a.zip", {"a.jpg": inputs.photo(1), "b.jpg": inputs.photo(2)})
    data = bytearray(source.read_bytes())
    data[6] |= 1  # encrypted, says the local header of the first
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and so does the directory
    source.write_bytes(data)
    async with Home(tmp_path).open() as app:
        seen = {
            one.name: one.judgement
            async for one in app.rehearse(str(source), app.wish(str(source)))
        }
        passed = [one async for one in app.rehearse(str(source), app.wish("", exclude=["a.*"]))]
    assert seen["a.jpg"].verdict is Verdict.UNSAVABLE
    assert seen["a.jpg"].fault is not None
    assert "encrypted" in seen["a.jpg"].why
    assert seen["b.jpg"].verdict is Verdict.AS_IS
    assert [one.name for one in passed] == ["b.jpg"]
